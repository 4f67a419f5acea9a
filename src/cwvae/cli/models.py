"""`cwvae models`: the models that are in the package."""

from cwvae.cli.model_options import Models
from cwvae.pretrained.card import data_line
from cwvae.pretrained.load import read_header
from cwvae.pretrained.places import PREFIX, shipped

__all__ = ["models"]


def models(options: Models) -> int:
    """Print two lines about every model, and return the exit status."""
    found = shipped()
    if not found:
        print("this version has no models in the package; cwvae export RUN FILE makes one of a run")
    for name, path in found.items():
        header, size = read_header(path), path.stat().st_size / 1e6
        print(
            f"{PREFIX}{name:16} {size:.1f} MB, {header.parameters:,} parameters; {header.headline}"
        )
        print(f"{'':27} {data_line(header.settings)}; {header.step:,} steps; {header.license}")
    return 0
