"""Time the PyTorch model on one case, in a process of its own.

    python benchmarks/rivals/torch_case.py --case train --batch 8

prints one JSON line with the fields of `our_case.py`.
"""

# PyTorch is not among what types are checked with.
# pyright: reportMissingImports=false

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

# Before torch, whose import belongs to the time to the first step.
START = time.perf_counter()

CONTEXT, FRAMES, HORIZON = 36, 100, 964


def main() -> None:
    """Measure a case and print the line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--case", choices=("train", "decoded", "latents"), required=True)
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="videos at a time")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--rounds", type=int, default=5, help="calls after the first")
    parser.add_argument("--compile", action="store_true", help="torch.compile networks and ticks")
    print(json.dumps(_measure(parser.parse_args())))


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time one case in this process."""
    import torch
    from torch_model import ClockworkVAE
    from torch_networks import Sizes

    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = ClockworkVAE(Sizes()).to(device, memory_format=torch.channels_last)
    if options.compile:
        _compile(model)
    # Weights stay in float32, as in our mixed precision.
    half = torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bfloat16")
    with half, torch.inference_mode(options.case != "train"):
        calls = CASES[options.case](model, options.batch, device)
        value = next(calls)
        first = time.perf_counter() - START
        times = [_timed(calls, device) for _ in range(options.rounds)]
    least, cpu_seconds = min(times)
    median = statistics.median(wall for wall, _ in times)
    found = {"case": options.case, "batch": options.batch, "precision": options.precision}
    return found | {
        "torch": torch.__version__,
        "compiled": options.compile,
        "seconds": {"min": least, "median": median, "rounds": options.rounds},
        "cpu_seconds": cpu_seconds,
        "seconds_to_first_step": first,
        "peak_rss_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "value": value,
    }


def _timed(calls: Iterator[float], device: Any) -> tuple[float, float]:
    """Return wall clock and CPU seconds of the next call."""
    wall, cpu = time.perf_counter(), time.process_time()
    next(calls)
    return time.perf_counter() - wall, time.process_time() - cpu


def _compile(model: Any) -> None:
    """Compile what can be compiled in seconds: networks of frames, and a tick of each level."""
    model.encoder.compile()
    model.decoder.compile()
    import torch

    for level in model.levels:
        level.infer, level.predict = torch.compile(level.infer), torch.compile(level.predict)


def _videos(batch: int, frames: int, device: Any) -> Any:
    """Return videos of noise, uint8."""
    import torch

    return torch.randint(0, 256, (batch, frames, 64, 64, 1), dtype=torch.uint8, device=device)


def _train(model: Any, batch: int, device: Any) -> Iterator[float]:
    """Take optimisation steps and give their losses."""
    import torch

    videos = _videos(batch, FRAMES, device)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-4, eps=1e-4, fused=True)
    while True:
        optimiser.zero_grad()
        loss = model.loss(videos / 255, model.noise(batch, FRAMES))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1e4)
        optimiser.step()
        yield loss.item()


def _decoded(model: Any, batch: int, device: Any) -> Iterator[float]:
    """Predict frames after a context."""
    videos = _videos(batch, CONTEXT, device)
    while True:
        seen, ahead = model.noise(batch, CONTEXT), model.noise(batch, HORIZON)
        yield model.forecast(videos / 255, seen, ahead).mean().item()


def _latents(model: Any, batch: int, device: Any) -> Iterator[float]:
    """Predict states, from those after a context, without frames."""
    videos = _videos(batch, CONTEXT, device)
    states = [track.last for track in model.observe(videos / 255, model.noise(batch, CONTEXT))]
    while True:
        yield model.imagine(states, model.noise(batch, HORIZON))[0].output.mean().item()


CASES: dict[str, Callable[[Any, int, Any], Iterator[float]]] = {
    "train": _train,
    "decoded": _decoded,
    "latents": _latents,
}


if __name__ == "__main__":
    main()
