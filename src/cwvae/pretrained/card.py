"""The card of a model: what it is, how it was trained, how good it is, what it cannot do."""

import dataclasses
import json
import math
import re

from cwvae.arguments import described
from cwvae.pretrained.measured import Measured
from cwvae.pretrained.places import PREFIX, SUFFIX
from cwvae.repository import HUB
from cwvae.training.methods import method_of
from cwvae.training.settings import Settings

__all__ = ["Facts", "data_line", "model_card"]

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What a model's card holds besides its configuration.

    **Arguments:**

    - `license`: of the weights, an identifier of SPDX; by default the package's own.
    - `note`: a paragraph of the author's, such as what the model is good for.
    - `hours`: of training, positive; None: not known.
    - `device`: on which it was trained, "" when that is not known.
    - `measured`: what `cwvae evaluate` found, None before that.

    Raises `ValueError` for a value outside its range.
    """

    license: str = "apache-2.0"
    note: str = ""
    hours: float | None = None
    device: str = ""
    measured: Measured | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for a value outside its range."""
        if not (isinstance(self.license, str) and _IDENTIFIER.fullmatch(self.license)):
            raise ValueError(
                "license must be an identifier of SPDX, such as apache-2.0 or cc-by-sa-4.0, got "
                f"{described(self.license)}; look it up in spdx.org/licenses"
            )
        if self.hours is not None and not (math.isfinite(self.hours) and self.hours > 0):
            raise ValueError(f"hours must be positive and finite, or None, got {self.hours}")

    @property
    def headline(self) -> str:
        """The metric to read first, in words."""
        return self.measured.headline if self.measured else "not measured"


def model_card(
    name: str, settings: Settings, facts: Facts, *, step: int, parameters: int, dtype: str
) -> str:
    """Return the card of a model, Markdown with a head of YAML as model hubs read it.

    **Arguments:** `name`, by which commands find the model; `settings`, its configuration; `facts`,
    what else is known; `step`, the steps that it is trained for; `parameters`, the number of its
    weights; `dtype`, the type in which its matrices are stored.
    """
    rows = _rows(settings, facts, step, parameters, dtype)
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    note = f"{facts.note}\n\n" if facts.note else ""
    measured = facts.measured.table if facts.measured else "Not measured: `cwvae evaluate` does it."
    title = name.removeprefix(PREFIX).removeprefix(HUB).removesuffix(SUFFIX)
    return f"""{_head(settings, facts, step)}
# {title}

A Clockwork VAE ([arXiv 2102.09532](https://arxiv.org/abs/2102.09532)): video in, its future out.

{note}| | |
|---|---|
{table}

## Metrics

{measured}

## Use

{_use(name, settings)}
## Limits

- It was trained on {data_line(settings)} alone, and makes of other videos what it knows.
- Frames are {_frame(settings)}, and the context is a multiple of the period of the slowest level.
- Forecasts are samples: two of them differ, and none is a fact about what comes.
"""


def _head(settings: Settings, facts: Facts, step: int) -> str:
    """Return the head, YAML whose every value is one of JSON, which is YAML too."""
    known = {
        "license": facts.license.lower(),
        "library_name": "cwvae",
        "data": data_line(settings),
        "steps": step,
        "hours": None if facts.hours is None else float(f"{facts.hours:.2g}"),
        # Hubs have a meaning of their own for "metrics".
        "headline": facts.headline,
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in known.items()]
    return "\n".join(["---", *lines, "tags:", "- video-prediction", "- jax", "---", ""])


def _rows(
    settings: Settings, facts: Facts, step: int, parameters: int, dtype: str
) -> dict[str, str]:
    """Return the table: what was trained, on what, for how long."""
    train = settings.train
    if settings.custom:
        model = f"of the author's own function `{settings.custom.function}`"
    else:
        model = method_of(settings.model).described(settings.model)
    rows = {
        "model": model,
        "parameters": f"{parameters:,}, stored in {dtype}",
        "frames": _frame(settings),
        "preset": settings.preset,
        "data": data_line(settings),
        "steps": f"{step:,}, each of {train.batch_size} videos of {train.frames} frames",
        "learning rate": f"{train.learning_rate:g}",
        "seed": str(train.seed),
        "licence": facts.license,
        "cwvae": settings.version,
    }
    if settings.init:
        rows["began with"] = settings.init
    if facts.hours is not None:
        rows["hours"] = f"{facts.hours:.2g}{f' on {facts.device}' if facts.device else ''}"
    return {key: _cell(value) for key, value in rows.items()}


def _use(name: str, settings: Settings) -> str:
    """Return how the file is used."""
    if settings.custom:
        return f"""```python
# The source of the model is not in the file: build it, and
model = cwvae.load_pretrained("{name}", into=my_model).model
```
"""
    return f"""```bash
cwvae predict {name} video.mp4 --resize --out future.gif
```

```python
model = cwvae.load_pretrained("{name}").model
```
"""


def data_line(settings: Settings) -> str:
    """Return what the model was trained on, without the place where that lies."""
    name, _, path = settings.data.data.partition(":")
    if name != "moving_mnist" or path:
        return name
    count = settings.data.num_digits
    return f"moving_mnist drawn on the fly, {count} digit{'s' * (count != 1)}"


def _frame(settings: Settings) -> str:
    """Return the size of a frame in words."""
    size, channels = settings.model.size, settings.model.channels
    return f"{size} x {size} x {channels}"


def _cell(value: str) -> str:
    """Return text that can stand in a table."""
    return " ".join(value.split()).replace("|", "\\|")
