"""What the benchmark is made of, as data: methods, their grid, and the sizes it comes in."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

__all__ = ["SIZES", "Benchmark", "Experiment", "Variant"]


@dataclasses.dataclass(frozen=True)
class Variant:
    """One choice of the grid: its name in results, and options of `cwvae train`."""

    name: str
    options: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A method of the benchmark.

    **Arguments:** `title`, its name in tables; `preset`, of `cwvae train`; `widths`, those
    of its networks of frames that are tried.
    """

    title: str
    preset: str
    widths: tuple[Variant, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A size of the benchmark.

    **Arguments:**

    - `about`: a line on it.
    - `data`: the name of its data set, whose folder has to be given; "" for digits on the fly.
    - `folder`: where that data set lies, see `at`.
    - `experiments`: the methods, by the name of their folder.
    - `rates`: the learning rates that are tried with every width, for `tuning_steps` each; the best
      is trained for `steps`. Every method sees as many frames.
    - `seeds`: of the final trainings; of all but the first, `leaders` methods are trained: the
      first of the table and those that came next in the first seed.
    - `training`: options of `cwvae train` that all share.
    - `tuning`, `testing`, `perceptual`: options of `cwvae evaluate`, the last for LPIPS and FVD,
      which take so long that they are of fewer videos. Tuning looks at other videos than testing.
    """

    about: str
    experiments: Mapping[str, Experiment]
    rates: tuple[float, ...]
    tuning_steps: int
    steps: int
    seeds: tuple[int, ...]
    leaders: int
    training: tuple[str, ...]
    tuning: tuple[str, ...]
    testing: tuple[str, ...]
    perceptual: tuple[str, ...]
    data: str = ""
    folder: Path | None = None

    @property
    def data_options(self) -> tuple[str, ...]:
        """The options of `cwvae train` for where the data set lies, none for digits."""
        return () if self.folder is None else ("--data", f"{self.data}:{self.folder}")

    def at(self, folder: Path | None) -> "Benchmark":
        """Return this benchmark on the data set in a folder.

        Raises `ValueError` for no folder where one is needed, and for one where none is.
        """
        if bool(self.data) != (folder is not None):
            made = f"the folder of {self.data} (cwvae data make {self.data})"
            expected = made if self.data else "left out: digits are drawn on the fly"
            raise ValueError(f"--data must be {expected}, got {folder}")
        return dataclasses.replace(self, folder=folder)

    def grid(self, method: str) -> tuple[Variant, ...]:
        """Return the choices that are tried for a method."""
        return tuple(
            Variant(f"{width.name}, {rate:g}", (*width.options, "--learning-rate", f"{rate:g}"))
            for width in self.experiments[method].widths
            for rate in self.rates
        )


def _widths(option: str, *values: str) -> tuple[Variant, ...]:
    """Return a width for each value of an option."""
    name = option.removeprefix("--").replace("-", " ")
    return tuple(Variant(f"{name} {value}", (option, value)) for value in values)


_UNLEARNED = ("--metrics", "default", "sharpness", "mass", "motion", "fdd", "kdd")
_LONG = ("--context", "36", "--horizon", "964")
_MIDDLE = ("--context", "36", "--horizon", "264")
_WALKS = ("--context", "36", "--horizon", "180")
_SHORT = ("--context", "4", "--horizon", "16")
_PERCEPTUAL = ("--metrics", "lpips", "fvd")
_CORE, _CORE_SMALL = _widths("--channel-multiplier", "0.25", "0.5"), _widths("--deter-size", "8")
_POCKET = {
    "cwvae": Experiment("CW-VAE", "pocket", _CORE),
    "no_tmp_abs": Experiment("NoTmpAbs", "pocket_no_tmp_abs", _CORE),
    "rssm": Experiment("RSSM", "pocket_rssm", _CORE),
    "svg_lp": Experiment("SVG-LP", "pocket_svg_lp", _widths("--filters", "8", "16")),
    "vta": Experiment("VTA", "pocket_vta", _widths("--filters", "16", "32")),
}
_PAPER = {
    "cwvae": Experiment("CW-VAE", "moving_mnist", _widths("--channel-multiplier", "1")),
    "no_tmp_abs": Experiment("NoTmpAbs", "no_tmp_abs", _widths("--channel-multiplier", "1")),
    "rssm": Experiment("RSSM", "rssm", _widths("--channel-multiplier", "1")),
    "svg_lp": Experiment("SVG-LP", "svg_lp", _widths("--filters", "64")),
    "vta": Experiment("VTA", "vta", _widths("--filters", "128")),
}

# The sizes by the name that `cwvae benchmark` takes.
SIZES: Mapping[str, Benchmark] = MappingProxyType(
    {
        "pocket": Benchmark(
            about="Moving MNIST, one digit, 32 x 32: some hours on two CPU cores",
            experiments=_POCKET,
            rates=(5e-4, 2e-3),
            tuning_steps=1000,
            steps=8000,
            seeds=(0, 1, 2),
            leaders=2,
            training=("--batch-size", "16", "--frames", "48"),
            tuning=("--num-examples", "48", *_MIDDLE, "--seed", "1"),
            testing=(*_UNLEARNED, "--num-examples", "256", *_LONG),
            perceptual=(*_PERCEPTUAL, "--num-examples", "64", *_LONG),
        ),
        "rooms": Benchmark(
            about="first-person walks through rooms, 32 x 32, colour: hours on a CPU",
            experiments=_POCKET,
            rates=(5e-4, 2e-3),
            tuning_steps=1000,
            steps=8000,
            seeds=(0, 1),
            leaders=2,
            training=("--batch-size", "16", "--frames", "48", "--channels", "3", "--resize"),
            tuning=("--num-examples", "48", *_WALKS, "--seed", "1"),
            testing=(
                "--metrics",
                "default",
                "sharpness",
                "motion",
                "--num-examples",
                "120",
                *_WALKS,
            ),
            perceptual=(*_PERCEPTUAL, "--num-examples", "64", *_WALKS),
            data="rooms",
        ),
        "paper": Benchmark(
            about="Moving MNIST, two digits, 64 x 64, the official sizes: days on a GPU",
            experiments=_PAPER,
            rates=(1e-4, 3e-4, 1e-3),
            tuning_steps=10_000,
            steps=100_000,
            seeds=(0, 1, 2),
            leaders=2,
            training=("--batch-size", "50", "--frames", "100"),
            tuning=("--num-examples", "64", *_MIDDLE, "--seed", "1"),
            testing=(*_UNLEARNED, "--num-examples", "256", *_LONG),
            perceptual=(*_PERCEPTUAL, "--num-examples", "256", *_LONG),
        ),
        "debug": Benchmark(
            about="a few steps of small models: whether everything runs",
            experiments={
                "cwvae": Experiment("CW-VAE", "debug", _CORE_SMALL),
                "svg_lp": Experiment("SVG-LP", "debug_svg_lp", _widths("--filters", "2", "4")),
            },
            rates=(1e-3,),
            tuning_steps=2,
            steps=3,
            seeds=(0, 1),
            leaders=1,
            training=("--num-digits", "1"),
            tuning=("--num-examples", "2", *_SHORT, "--seed", "1"),
            testing=(*_UNLEARNED, "--num-examples", "2", *_SHORT),
            perceptual=("--metrics", "lpips", "--num-examples", "2", *_SHORT),
        ),
    }
)
