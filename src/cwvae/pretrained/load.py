"""From a file to a model: what a file states is checked before any of its weights is read."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from cwvae.arguments import described
from cwvae.files import read_json
from cwvae.pretrained.finding import find
from cwvae.pretrained.header import Header, parse_config, parse_header
from cwvae.pretrained.places import CARD, CONFIG, WEIGHTS, weights_file
from cwvae.pretrained.storage import opened, read_array, stored_shapes, stored_text
from cwvae.training.methods import build_any
from cwvae.training.named_arrays import difference, filled, named_arrays
from cwvae.training.settings import Settings
from cwvae.video_model import AbstractVideoModel

__all__ = ["Pretrained", "load_pretrained", "read_header"]

_REASON = 200  # characters of what is wrong with a card, which may be long


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """An exported model, as `load_pretrained` returns it; it can be used in the place of a `Run`.

    **Arguments:** `path`, of its file or folder; `header`, what stands there about the weights;
    `model`, ready to use.
    """

    path: Path
    header: Header
    model: Any

    @property
    def settings(self) -> Settings:
        """The configuration that it was trained with, without the places of its data."""
        return self.header.settings

    @property
    def step(self) -> int:
        """The number of steps that it is trained for."""
        return self.header.step

    @property
    def card(self) -> str:
        """Its card, Markdown: data, metrics, licence, limits."""
        return self.header.card


def load_pretrained(source: str | Path, *, into: AbstractVideoModel | None = None) -> Pretrained:
    """Load an exported model. Nothing in its file is executed.

    Weights that were stored in 16 bits are float32 again.

    **Arguments:**

    - `source`: the name of a model in the package ("NAME" or "pretrained:NAME", `cwvae models`
      lists them); the path of a file or folder that `cwvae export` wrote; or a repository of the
      Hugging Face Hub, "OWNER/NAME" or "OWNER/NAME@REVISION" where there is no such path, with
      "hub:" before it in any case. That needs the extra `hub`, and the network unless it lies in
      the cache of its client.
    - `into`: a model whose weights are replaced, by default that which `cwvae.build` makes of the
      configuration. Give it for a model of your own, whose source is not in the file.

    Raises `FileNotFoundError` where nothing lies; `ConnectionError` for a repository that can
    neither be reached nor is in the cache; `ValueError` that names the file for one that is
    damaged, of a later version, or of a model of other shapes, with the first array that differs,
    before memory is taken for any of them.
    """
    if into is not None and not isinstance(into, AbstractVideoModel):
        raise ValueError(f"into must be a CWVAE, got {described(into)}; make one with cwvae.build")
    path = find(source)
    header = read_header(path)
    file = weights_file(path)
    with opened(file) as weights:
        try:
            like = _like(header) if into is None else into
            model = filled(like, _arrays(weights, named_arrays(like)))
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error
    return Pretrained(path, header, model)


def read_header(path: Path) -> Header:
    """Return what a file or folder states about its weights, of which none is read.

    In a folder README.md is the card. Raises as `load_pretrained` does.
    """
    file = weights_file(path)
    with opened(file) as weights:
        try:
            header = parse_header(stored_text(weights))
            _check_count(header.parameters, stored_shapes(weights))
        except ValueError as error:
            remedy = "" if "; " in str(error) else "; export or download it again"
            raise ValueError(
                f"{file}: expected a model of cwvae export: {error}{remedy}"
            ) from error
    if file == path:
        return header
    _check_config(path / CONFIG, header)
    card = path / CARD
    return _with_card(header, card) if card.is_file() else header


def _with_card(header: Header, card: Path) -> Header:
    """Return a header with the card of a file, or raise `ValueError` for one that is no text."""
    try:
        return dataclasses.replace(header, card=card.read_text(encoding="utf-8"))
    except ValueError as error:
        reason = str(error).partition("\n")[0][:_REASON]
        raise ValueError(
            f"{card}: expected a model card, got none ({reason}); delete it"
        ) from error


def _check_count(expected: int, shapes: Mapping[str, jax.ShapeDtypeStruct]) -> None:
    """Raise `ValueError` for weights that are not as many as stands beside them."""
    count = sum(math.prod(shape.shape) for shape in shapes.values())
    if count != expected:
        raise ValueError(f"expected {expected:,} weights, got {count:,}; export it again")


def _check_config(path: Path, header: Header) -> None:
    """Raise `ValueError` for a configuration beside the weights that is not theirs."""
    if not path.is_file():
        return
    try:
        found = parse_config(read_json(path))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    # Fields that another version had not are as they are by default.
    if found != dataclasses.replace(header, card=""):
        raise ValueError(
            f"{path}: expected the configuration that stands in {WEIGHTS}, got another; export "
            "the model again, or delete the file"
        )


def _like(header: Header) -> AbstractVideoModel:
    """Return the model with the shapes of its weights in the place of their values."""
    custom = header.settings.custom
    if custom:
        raise ValueError(
            f"expected a model of cwvae.build, got weights of one that its author's function "
            f"{custom.function} builds, whose source is not in the file; build the model and call "
            "cwvae.load_pretrained(path, into=model)"
        )
    return eqx.filter_eval_shape(build_any, header.settings.model, key=jr.key(0))


def _arrays(weights: Any, expected: dict[str, Any]) -> dict[str, jax.Array]:
    """Return the arrays of a file, which are those expected, in their types.

    Raises `ValueError` for another name, shape or type, before any is read.
    """
    found = {
        name: jax.ShapeDtypeStruct(shape.shape, _restored(shape.dtype, expected.get(name)))
        for name, shape in stored_shapes(weights).items()
    }
    differs = difference(found, expected, "the file")
    if differs:
        raise ValueError(
            f"the weights do not fit the model: {differs}; load it with the model that it was "
            "exported from"
        )
    return {name: read_array(weights, name, array.dtype) for name, array in expected.items()}


def _restored(dtype: Any, expected: Any) -> Any:
    """Return the type that a stored array has in the model: floats of any size are its floats."""
    floats = jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize <= 4
    if expected is not None and floats and jnp.issubdtype(expected.dtype, jnp.floating):
        return expected.dtype
    return dtype
