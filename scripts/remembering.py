"""The tables and the picture of docs/remembering.md, made from committed results.

    python scripts/remembering.py                          # write them anew
    python scripts/remembering.py --check                  # fail if they are not what results give
    python scripts/remembering.py --add NAME metrics.json  # keep what cwvae evaluate found

The results are `remembering.json`, the identity of models, and `ablation.json`, what
`scripts/ablation.py` measured, both in benchmarks/results.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import ablation
import numpy as np
from short_runs import source

from cwvae.report.curves import Curve, Panel, write_curves

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "remembering.md"
RESULTS = ROOT / "benchmarks" / "results"
MODELS, ABLATION = RESULTS / "remembering.json", RESULTS / "ablation.json"
PLOT = ROOT / "benchmarks" / "plots" / "ablation.png"
# What stands between two markers is made here.
PLACE = re.compile(r"(<!-- remembering.py: (\w+) -->\n).*?(<!-- end: \2 -->)", flags=re.DOTALL)
POSITIONS = ROOT / "benchmarks" / "plots" / "positions.png"
# Rows of which it is known how far digits are from their places.
PLACED = ("model", "copy of the last frame")
SOON = 164  # frames after the context, in which all lose the place
ROWS = ("accuracy", "recall", "consistent", "legible")


def draw(models: dict, path: Path) -> None:
    """Draw the median position error against the frame, a curve a model."""
    curves = {
        name: Curve(_errors(model)[:SOON] / _quarter(model)) for name, model in models.items()
    }
    label = "position error, quarters of a digit"
    write_curves(path, Panel(label, curves), first_frame=next(iter(models.values()))["context"] + 1)


def _errors(model: dict) -> np.ndarray:
    """Return the median position error at every frame, in pixels."""
    return np.array(model["identity"]["rows"]["model"]["position_error"])


def _quarter(model: dict) -> float:
    """Return a quarter of a digit in pixels."""
    return model["identity"]["quarter_digit"]


def add(name: str, path: Path) -> None:
    """Keep what an evaluation found under a name, in the place of what was there."""
    found = json.loads(path.read_text())
    kept = ("step", "context", "horizon", "num_examples", "num_samples", "data", "environment")
    identity = found["identity"]
    for kind in identity["rows"].keys() - PLACED:
        del identity["rows"][kind]["position_error"]
    models = json.loads(MODELS.read_text()) if MODELS.exists() else {}
    models[name] = {key: found[key] for key in kept} | {"identity": identity}
    # Where the run lies on the machine that measured it means nothing elsewhere.
    del models[name]["environment"]["command"]
    MODELS.write_text(json.dumps(models, separators=(",", ":")) + "\n")
    draw(models, POSITIONS)


def identity_table(name: str, model: dict) -> str:
    """Return identity by frame of a model and its reference rows, Markdown."""
    identity = model["identity"]
    frames = _frames(model)
    lines = [f"| {name} | {' | '.join(map(str, frames))} |", "|---" * (1 + len(frames)) + "|"]
    own = identity["rows"]["model"]
    # Of one digit the recall is the accuracy.
    shares = [row for row in ROWS if row != "recall" or identity["num_digits"] > 1]
    lines += [_line(f"model, {share}", own[share]) for share in shares]
    lines += [_places(row, identity["rows"][row], model) for row in PLACED]
    lines += [
        _line("truth (ceiling)" if row == "truth" else row, values["accuracy"])
        for row, values in identity["rows"].items()
        if row != "model"
    ]
    return "\n".join([*lines, "", _source(model)])


def _places(name: str, row: dict, model: dict) -> str:
    """Return a row: the median distance of the digits from where they truly are, in pixels."""
    found = [row["position_error"][frame - 1 - model["context"]] for frame in _frames(model)]
    return f"| {name}, pixels from the place | {' | '.join(f'{x:.1f}' for x in found)} |"


def _frames(model: dict) -> list[int]:
    """Return the frames of the table."""
    return model["identity"]["frames"]


def _line(name: str, share: dict) -> str:
    """Return a row: the mean, and where 95 % of the bootstrap over videos lie."""
    cells = zip(share["mean"], share["low"], share["high"], strict=True)
    return f"| {name} | {' | '.join(f'{m:.2f} ({a:.2f}, {b:.2f})' for m, a, b in cells)} |"


def _source(model: dict) -> str:
    """Return what was measured, and with what."""
    lost, known = model["identity"]["position_lost_at"], model["environment"]
    place = "never" if lost is None else f"at frame {lost}"
    samples = f"{model['num_samples']} sample{'s' * (model['num_samples'] > 1)}"
    return (
        f"Step {model['step']:,}; {model['num_examples']} test videos, {samples} of each, "
        f"{model['context']} context frames; 95 % intervals in brackets. Where the median position "
        f"error passes a quarter of a digit: {place}. {known['device']}, cwvae "
        f"{known['versions']['cwvae']}, jax {known['versions']['jax']}, "
        f"{known['date'].partition('T')[0]}: `cwvae evaluate`."
    )


def page() -> str:
    """Return the page with every place filled from the results."""
    models, result = json.loads(MODELS.read_text()), json.loads(ABLATION.read_text())
    made = {
        "models": "\n\n".join(identity_table(name, model) for name, model in models.items()),
        "ablation": f"{ablation.table(result)}\n\n{source(result, ablation.COMMAND)}",
    }
    text = PAGE.read_text()
    wrong = made.keys() ^ {match[2] for match in PLACE.finditer(text)}
    if wrong:
        raise ValueError(f"{PAGE}: expected a place for each of {', '.join(made)}; see to {wrong}")
    return PLACE.sub(lambda match: f"{match[1]}\n{made[match[2]]}\n\n{match[3]}", text)


def main() -> int:
    """Write, look, or keep; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare with results")
    parser.add_argument("--add", nargs=2, metavar=("NAME", "FILE"), help="keep an evaluation")
    options = parser.parse_args()
    if options.add:
        add(options.add[0], Path(options.add[1]))
        return 0
    text = page()
    if options.check:
        if text != PAGE.read_text():
            print(f"{PAGE} is not what the results give; run {sys.argv[0]}", file=sys.stderr)
        return int(text != PAGE.read_text())
    PAGE.write_text(text)
    ablation.plot(json.loads(ABLATION.read_text()), PLOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
