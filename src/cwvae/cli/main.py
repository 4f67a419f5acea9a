"""`cwvae`: parse, run one command, and say in one line what went wrong."""

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from cwvae._extras import MissingExtraError, extra
from cwvae.cli.data_options import Data, DataList, DataMake, DataShow
from cwvae.cli.options import Command, Demo, Evaluate, Info, Predict, Train, parse
from cwvae.data.opening import BadFileWarning

with extra("cli"):
    from tqdm import tqdm

__all__ = ["main"]

BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0 when all went well, 1 when training failed, 2 for bad input, 128 + n after signal n. With
    CWVAE_DEBUG=1 in the environment bad input shows where it was refused.
    """
    _remember_compilations()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", BadFileWarning)
            warnings.showwarning = _show_warning
            return _run(parse(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (ValueError, OSError, MissingExtraError) as error:
        if os.environ.get("CWVAE_DEBUG"):
            raise
        print(f"cwvae: error: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT


def _show_warning(message: Warning | str, *_: Any) -> None:
    """Print a warning as errors are printed, in one line."""
    # Above a progress bar that is being drawn.
    tqdm.write(f"cwvae: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _remember_compilations() -> None:
    """Let JAX keep what it compiles for the next start, unless it was told where already."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        jax.config.update("jax_compilation_cache_dir", str(home / "cwvae" / "compilations"))


def _run(command: Command) -> int:
    """Run one command; its module is imported only now, since help should come at once."""
    match command:
        case Train():
            from cwvae.cli.train import train

            return train(command)
        case Evaluate():
            from cwvae.cli.evaluate import evaluate

            return evaluate(command)
        case Predict():
            from cwvae.cli.predict import predict

            return predict(command)
        case Info():
            from cwvae.cli.info import info

            return info(command)
        case Data(action=DataList() | DataShow() | DataMake() as action):
            from cwvae.cli import data

            commands = {DataList: data.list_data, DataShow: data.show, DataMake: data.make}
            return commands[type(action)](action)
        case Demo():
            from cwvae.cli.demo import demo

            return demo(command)
