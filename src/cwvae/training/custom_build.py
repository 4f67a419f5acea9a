"""Making a model of the user's own: its file is executed and its function called."""

import sys
import traceback
import types
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import PRNGKeyArray

from cwvae.training.config import ModelConfig
from cwvae.training.custom import Custom
from cwvae.training.methods import build_any
from cwvae.video_model import AbstractLoss, AbstractVideoModel, LossInputs

__all__ = ["builder"]

_REASON = 300  # characters of what the user's own code states
_Builder = Callable[..., AbstractVideoModel]


def builder(custom: Custom | None) -> _Builder:
    """Return a function that makes a model: without a custom one `build_any`.

    A custom file is executed now, if it is trusted. Raises `ValueError` in one line, here for
    what is wrong with the file, and when the builder is called for what is wrong with the model.
    Whatever the file raises becomes that error, `SystemExit` too, and only `KeyboardInterrupt` is
    let through.
    """
    if custom is None:
        return build_any
    function = _find(custom, _execute(custom))

    def checked_build(config: ModelConfig, *, key: PRNGKeyArray) -> AbstractVideoModel:
        try:
            model = function(config, key=key)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise ValueError(
                f"{custom} failed{_described(custom, error)}; mend the function"
            ) from error
        if not isinstance(model, AbstractVideoModel):
            raise ValueError(
                f"{custom} must return a cwvae.CWVAE, or another cwvae.AbstractVideoModel, got "
                f"{_kind(model)}"
            )
        _check_frames(custom, model, config)
        return model

    return checked_build


def _execute(custom: Custom) -> types.ModuleType:
    """Execute the source as a module of its own, once a process, so that its classes are one."""
    if not custom.trusted:
        raise ValueError(
            f"{custom.file} must be code of your own trainings to be executed, got code that "
            "another user or machine made, or that was changed since; read it, and allow it with "
            "--trust (in Python trust=True)"
        )
    if custom.module in sys.modules:
        return sys.modules[custom.module]
    module = types.ModuleType(custom.module)
    module.__file__ = str(custom.file)
    # Dataclasses, which equinox's modules are, look their module up by its name.
    sys.modules[custom.module] = module
    try:
        exec(compile(custom.source, custom.file, "exec"), vars(module))
    except BaseException as error:
        del sys.modules[custom.module]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ValueError(
            f"{custom.file} cannot be executed{_described(custom, error)}; mend the file"
        ) from error
    return module


def _find(custom: Custom, module: types.ModuleType) -> Callable[..., object]:
    """Return the function, or raise `ValueError` with those that there are."""
    function = getattr(module, custom.function, None)
    if function is None:
        names = [
            name
            for name, value in vars(module).items()
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__
        ]
        raise ValueError(
            f"{custom.file} has no function {custom.function}; it has {', '.join(names) or 'none'}"
        )
    if not callable(function):
        raise ValueError(f"{custom} must be a function, got {_kind(function)}")
    return function


def _check_frames(custom: Custom, model: AbstractVideoModel, config: ModelConfig) -> None:
    """Raise `ValueError` for a model that cannot take the frames, without computing anything."""
    shape = (config.size, config.size, config.channels)

    def loss(model: AbstractVideoModel) -> AbstractLoss:
        # Two, since some methods compare videos, or one frame with the next.
        videos = jnp.zeros((2, max(model.fewest_frames, 2), *shape))
        return model.loss(videos, LossInputs(), key=jr.key(0))

    try:
        eqx.filter_eval_shape(loss, model)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        frames = " x ".join(map(str, shape))
        raise ValueError(
            f"the model of {custom} cannot take videos of {frames} (--size, --channels)"
            f"{_described(custom, error)}"
        ) from error


def _described(custom: Custom, error: BaseException) -> str:
    """Return the line of the file where an error was raised, its type, and its first line."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [n for frame, n in frames if frame.f_globals.get("__name__") == custom.module]
    message = str(error)
    if isinstance(error, SyntaxError) and error.filename == str(custom.file):
        lines, message = [error.lineno], error.msg
    where = f", line {lines[-1]}" if lines and lines[-1] else ""
    what = [type(error).__name__, *(line[:_REASON] for line in message.strip().splitlines()[:1])]
    return f"{where}: {': '.join(what)}"


def _kind(value: object) -> str:
    """Return the type of a value in words."""
    return "None" if value is None else f"a value of type {type(value).__name__}"
