"""The commands: parse the arguments and run one."""

import sys
import warnings
from collections.abc import Sequence
from typing import Any

from cwvae._extras import extra
from cwvae.cli.benchmark_options import BenchmarkOptions
from cwvae.cli.data_options import Data, DataList, DataMake, DataShow
from cwvae.cli.lines import in_one_line
from cwvae.cli.model_options import Export, Models, Program, Push
from cwvae.cli.options import (
    Analyse,
    Command,
    Compare,
    Demo,
    Encode,
    Evaluate,
    Info,
    Predict,
    Train,
)
from cwvae.cli.parsing import parse
from cwvae.cli.starting import compile_for_this_platform, remember_compilations
from cwvae.data.opening import BadFileWarning
from cwvae.training.digests import UncheckedWarning

with extra("cli"):
    from tqdm import tqdm

__all__ = ["run"]

_Look = Evaluate | Predict | Analyse | Compare | Encode | Models


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name and return its exit status.

    Raises `ValueError` or `OSError` for bad input, and `SystemExit` after printing help.
    """
    with warnings.catch_warnings():
        for kind in (BadFileWarning, UncheckedWarning):
            warnings.simplefilter("always", kind)
        warnings.showwarning = _show_warning
        command = parse(arguments)
        try:
            return _run(command)
        # A model of the user's own may end anything, wherever it is called.
        except (SystemExit, GeneratorExit) as error:
            raise ValueError(
                f"a model must return, got one that ends the program with {error!r}"
            ) from error


def _show_warning(message: Warning | str, *_: Any) -> None:
    """Print a warning as errors are printed, in one line."""
    # Above a progress bar that is being drawn.
    tqdm.write(f"cwvae: warning: {in_one_line(message)}", file=sys.stderr)


def _run(command: Command) -> int:
    """Run one command; its module is imported only now, since help should come at once."""
    match command:
        case Data():
            return _data(command.action)
        case Info():  # It compiles nothing, and shows what is kept of a preset without JAX.
            from cwvae.cli.info import info

            return info(command)
        case _:
            compile_for_this_platform()
            remember_compilations()
            return _with_model(command)


def _data(action: DataList | DataShow | DataMake) -> int:
    """Run a command on data sets, which compiles nothing."""
    match action:
        case DataList():
            from cwvae.cli.data_list import list_data

            return list_data()
        case DataShow():
            from cwvae.cli.data import show

            return show(action)
        case DataMake():
            from cwvae.cli.data import make

            return make(action)


def _with_model(command: Train | Export | Push | Program | BenchmarkOptions | Demo | _Look) -> int:
    """Run a command that makes or takes a model."""
    match command:
        case Train():
            from cwvae.cli.train import train

            return train(command)
        case Export():
            from cwvae.cli.export import export

            return export(command)
        case Push():
            from cwvae.cli.push import push

            return push(command)
        case Program():
            from cwvae.cli.program import program

            return program(command)
        case BenchmarkOptions():
            from cwvae.cli.benchmark import benchmark

            return benchmark(command)
        case Demo():
            from cwvae.cli.demo import demo

            return demo(command)
        case _:
            return _look(command)


def _look(command: _Look) -> int:
    """Run a command that looks at a model and changes nothing."""
    match command:
        case Evaluate():
            from cwvae.cli.evaluate import evaluate

            return evaluate(command)
        case Predict():
            from cwvae.cli.predict import predict

            return predict(command)
        case Analyse():
            from cwvae.cli.analyse import analyse

            return analyse(command)
        case Compare():
            from cwvae.cli.compare import compare

            return compare(command)
        case Encode():
            from cwvae.cli.encode import encode

            return encode(command)
        case Models():
            from cwvae.cli.models import models

            return models(command)
