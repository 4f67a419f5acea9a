"""The options of `cwvae export` and `cwvae models`."""

import dataclasses
from pathlib import Path

from cwvae._extras import extra
from cwvae.cli.checks import at_least_one, expand_paths
from cwvae.pretrained.storage import StorageDtype

with extra("cli"):
    import tyro

__all__ = ["Export", "Models"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Export:
    """Write the model of a run for others: weights, configuration and a model card, no code.

    The card has the metrics of RUN/evaluation, if that is of the same step: `cwvae evaluate` first.
    """

    run: tyro.conf.Positional[Path]
    """Folder of a run that `cwvae train` made."""
    file: tyro.conf.Positional[Path]
    """What to write: NAME.safetensors, or a folder for a model hub, with model.safetensors,
    config.json and README.md."""
    step: int | None = None
    """Step of the checkpoint to export; None: the latest."""
    dtype: StorageDtype = "float32"
    """Type in which matrices and kernels are stored; those of 16 bits halve the file."""
    license: str = "apache-2.0"
    """Licence of the weights, an identifier of SPDX."""
    note: str = ""
    """A paragraph of the card in your own words, such as what the model is good for."""
    evaluation: Path | None = None
    """Folder of `cwvae evaluate` whose metrics the card has; None: RUN/evaluation."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for values outside their range."""
        expand_paths(self)
        at_least_one(self, "step")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Models:
    """List the models that are in the package; `cwvae info pretrained:NAME` prints a card."""
