"""Compare the last states of two runs: exit status 0 when they are bit for bit equal.

cd benchmarks && python -m faults.comparing RUN RUN
"""

import sys
from typing import cast

import jax.random as jr
import numpy as np
from jaxtyping import Array

from cwvae import load_run
from cwvae.training.named_arrays import named_arrays

__all__ = ["bits"]


def bits(folder: str) -> dict[str, bytes]:
    """Return the bytes of every array of a run's last training state, the optimiser's too."""
    arrays = named_arrays(load_run(folder).state)
    plain = {
        name: jr.key_data(cast("Array", array)) if array.dtype.name.startswith("key") else array
        for name, array in arrays.items()
    }
    return {name: np.asarray(array).tobytes() for name, array in plain.items()}


def main() -> int:
    """Compare two runs; return the exit status."""
    first, second = map(bits, sys.argv[1:])
    return int(first != second)


if __name__ == "__main__":
    sys.exit(main())
