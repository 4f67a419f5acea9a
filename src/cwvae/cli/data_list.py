"""`cwvae data list`: what data sets there are."""

from cwvae.data.datasets import DATASETS
from cwvae.data.simulators import SIMULATORS

__all__ = ["list_data"]


def list_data() -> int:
    """Print every data set, where it is from, and what must be installed to make it."""
    for name, dataset in DATASETS.items():
        print(f"{name:16} {dataset.what}")
        needs = ""
        if name in SIMULATORS:
            missing = SIMULATORS[name].missing()
            needs = f"; needs: {missing}" if missing else "; all it needs is installed"
        print(f"{'':16} --preset {dataset.preset}; from {dataset.origin}{needs}")
    return 0
