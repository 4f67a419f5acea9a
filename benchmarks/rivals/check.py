"""Hold the PyTorch model to numbers of the official implementation.

    python benchmarks/rivals/check.py tests/golden/*.npz

prints the largest difference of every kind of quantity, relative to the largest magnitude of its
array, and exits with 1 where one is above 1e-4. The format of the files: tests/golden/README.md.
"""

# PyTorch is not among what types are checked with.
# pyright: reportMissingImports=false

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch_model import ClockworkVAE
from torch_weights import sizes_of, state_dict

BOUND = 1e-4


def differences(path: Path) -> dict[str, float]:
    """Return the largest relative difference of every kind of quantity in a file."""
    with np.load(path) as file:
        golden = {name: file[name] for name in file.files}
    meta = json.loads(golden.pop("meta_json").tobytes())
    sizes = sizes_of(meta["config"])
    model = ClockworkVAE(sizes)
    model.load_state_dict(state_dict(_part(golden, "w/"), sizes))
    found: dict[str, float] = {}
    for kind, ours, official in _quantities(model, golden, meta["ctx"]):
        official = np.asarray(official, np.float64)
        error = np.abs(ours.detach().double().numpy() - official).max() / np.abs(official).max()
        found[kind] = max(found.get(kind, 0.0), float(error))
    return found


def _quantities(
    model: ClockworkVAE, golden: Mapping[str, np.ndarray], context: int
) -> Iterator[tuple[str, Tensor, np.ndarray]]:
    """Give the kind of every quantity, this model's value, and the official one."""
    videos = torch.tensor(golden["obs_u8"]).float() / 255
    levels = range(model.sizes.levels)
    for level, features in enumerate(model.windows(videos)):
        yield "features", features, golden[f"enc/{level}"]
    noise = [_noise(golden, f"closed/posterior/{level}") for level in levels]
    tracks = model.observe(videos, noise)
    for level, track in enumerate(tracks):
        for name, belief in (("prior", track.prior), ("posterior", track.posterior)):
            for part, value in zip(("mean", "stddev"), belief, strict=True):
                yield "beliefs", value, golden[f"closed/{name}/{level}/{part}"]
        yield "outputs", track.output, golden[f"closed/posterior/{level}/output"]
    yield "decoded", model.decoder(tracks[0].output), golden["decoded"]
    nll, kl = model.terms(videos, noise)
    yield "likelihood", nll, golden["nll_per_step"]
    for level in levels:
        yield "KL", kl[level], golden[f"kl_per_step/{level}"]
    loss = model.loss(videos, noise)
    yield "loss", loss, golden["loss"]
    loss.backward()
    gradients = state_dict(_part(golden, "grad/"), model.sizes)
    for name, parameter in model.named_parameters():
        if name in gradients and gradients[name].abs().max() > 0:
            yield "gradients", parameter.grad, gradients[name].numpy()
    seen = [_noise(golden, f"open/pre_posterior/{level}") for level in levels]
    ahead = [_noise(golden, f"open/post_prior/{level}") for level in levels]
    forecast = model.forecast(videos[:, :context], seen, ahead)
    yield "forecast", forecast, golden["open/decoded/prior_multistep"]


def _noise(golden: Mapping[str, np.ndarray], name: str) -> Tensor:
    """Return the noise of a level, zeros in a file of means."""
    known = golden.get(f"{name}/eps")
    return torch.tensor(np.zeros_like(golden[f"{name}/mean"]) if known is None else known).float()


def _part(golden: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays whose names have a prefix, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in golden.items()
        if name.startswith(prefix)
    }


def main() -> int:
    """Check files; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    worst = 0.0
    for path in parser.parse_args().files:
        print(path)
        for kind, error in differences(path).items():
            print(f"  {kind:10} {error:.1e}")
            worst = max(worst, error)
    return int(not worst <= BOUND)


if __name__ == "__main__":
    sys.exit(main())
