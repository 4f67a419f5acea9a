"""From what tyro finds wrong with arguments to one line."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from cwvae._extras import extra
from cwvae.training.settings import RENAMED

with extra("cli"):
    import tyro

__all__ = ["COMMANDS", "errors_in_one_line"]

# All commands, in the order in which help shows them.
COMMANDS = (
    *("train", "evaluate", "predict", "analyse", "compare", "encode"),
    *("info", "export", "push", "program", "models", "data", "benchmark", "demo"),
)
_DATA = ("list", "show", "make")
# What a value must be, by how help writes it, and where the messages of Python and tyro have it.
_KINDS = {"INT": "a whole number", "FLOAT": "a number"}
_KINDS |= {f"{{None}}|{name}": f"{kind} or None" for name, kind in _KINDS.items()}
_VALUE = re.compile(r"(?:with base 10: |to float: |instantiated from \[)(.*?)]?\.?$")


@contextlib.contextmanager
def errors_in_one_line(arguments: Sequence[str]) -> Iterator[None]:
    """Let tyro raise `ValueError` in one line, where it would print a box and exit.

    The hook is not part of tyro's stable interface; without it, or for a kind of error that is not
    known here, the box is printed.
    """
    prog = " ".join(["cwvae", *_commands(arguments)])

    def raise_line(event: Any) -> None:
        text = _text(event)
        if text is not None:
            raise ValueError(f"{text} (see {prog} --help)")

    hook = getattr(getattr(tyro, "_errors", None), "on_parse_error", None)
    with contextlib.nullcontext() if hook is None else hook(raise_line):
        yield


def _commands(arguments: Sequence[str]) -> list[str]:
    """Return the command that arguments begin with, and that of `data`, whose help they are of."""
    if not arguments or arguments[0] not in COMMANDS:
        return []
    command, *rest = arguments[:2]
    return [command, *(word for word in rest if command == "data" and word in _DATA)]


def _text(event: Any) -> str | None:
    """Return what tyro found wrong, None for a kind of error that is not known."""
    match type(event).__name__:
        case "UnrecognizedArgs":
            return _unknown(event.tokens)
        case "MissingArgs":
            names = [_option(missing.arg) for missing in event.missing_arguments]
            unknown = [_unknown(event.unrecognized_tokens)] if event.unrecognized_tokens else []
            return "; ".join([f"{', '.join(names)} must be given", *unknown])
        case "MissingSubcommand":
            names = [name or "" for name in event.subcommand_spec.parser_from_name]
            return f"expected one of {', '.join(names)}, got {event.found_token or 'nothing'}"
        case "InvalidChoice":
            choices = ", ".join(event.choices)
            return f"{_option(event.argument)} must be one of {choices}, got {event.value}"
        case "BadValue":
            return _without_value(event.argument)
        case "InstantiationFailure":
            return _with_option(event)
    return None


def _without_value(argument: Any) -> str:
    """Name an argument that has fewer values than it takes."""
    name = _option(argument)
    return f"{name} must be {'followed by a value' if name.startswith('-') else 'given'}"


def _unknown(tokens: Sequence[str]) -> str:
    """Name arguments that are not known, and the present names of those that once were."""
    former = {f"--{old}".replace("_", "-"): new.replace("_", "-") for old, new in RENAMED.items()}
    options = [token.partition("=")[0].replace("_", "-") for token in tokens]
    renamed = [f"since 0.2 {name} is --{former[name]}" for name in options if name in former]
    return "; ".join([f"unknown arguments: {' '.join(tokens)}", *renamed])


def _with_option(event: Any) -> str:
    """Return what is wrong with a value, with the name of its option."""
    if event.argument is not None:
        kind = _KINDS.get(event.argument.lowered.metavar)
        value = _VALUE.search(str(event.message).splitlines()[0])
        wrong = f" must be {kind}, got {value[1]}" if kind and value else f": {event.message}"
        return f"{_option(event.argument)}{wrong}"
    field, must, rest = str(event.message).partition(" must ")
    if must and field.isidentifier():
        return f"--{field.replace('_', '-')} must {rest}"
    return str(event.message)


def _option(argument: Any) -> str:
    """Return an option as it is written, a positional argument without the group it is in."""
    return str(argument.display_name()).rpartition(".")[2]
