"""Code on the pages, drawn from the source: excerpts with their lines, signatures, docstrings."""

import ast
import inspect
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from house import PACKAGE, PATHS, TREES, Function, definitions, first_line, public

ROOT = Path(__file__).parents[1]
SOURCE = Path("src", "cwvae")
CODE = re.compile(r"(<!-- code: ([\w.]+) -->\n).*?(<!-- end: code -->)", flags=re.DOTALL)
API = re.compile(r"(<!-- api: ([\w.]+) -->\n).*?(<!-- end: api -->)", flags=re.DOTALL)
NAMES = re.compile(r"(<!-- names: ([\w.]+) -->\n).*?(<!-- end: names -->)", flags=re.DOTALL)
WIDTH = 92


def drawn(page: Path) -> str:
    """Return a page with its places filled from the source."""
    text = page.read_text()
    for place, fill in ((CODE, excerpt), (API, entry), (NAMES, names)):
        text = place.sub(
            lambda match, fill=fill: f"{match[1]}\n{fill(match[2], page.parent)}\n\n{match[3]}",
            text,
        )
    return text


def excerpt(name: str, folder: Path) -> str:
    """Return the code of a function or class without its docstring, below its file and line."""
    module, node = found(name)
    lines = PATHS[module].read_text().splitlines()
    kept = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    match node.body[0]:
        case ast.Expr(ast.Constant(str()), lineno=first, end_lineno=last):
            kept = [line for line in kept if not first <= line <= (last or first)]
    code = inspect.cleandoc("\n" + "\n".join(lines[line - 1] for line in kept))
    return f"{_place(module, node, folder)}\n\n```py\n{code}\n```"


def entry(name: str, folder: Path) -> str:
    """Return how a name of the package is called, where it is, and its docstring."""
    module, node = found(name)
    text = inspect.cleandoc(ast.get_docstring(node) or "")
    first, _, more = text.partition("\n\n")
    summary = f"{' '.join(first.split())} ({_place(module, node, folder)})"
    parts = [f"```py\n{signature(node)}\n```", summary, more, _described(node), _methods(node)]
    return "\n\n".join(part for part in parts if part)


def names(module: str, folder: Path) -> str:
    """Return a table of a module's public names."""
    rows = [f"| `{name}` | {first_line(module, name)} |" for name in public(module)]
    return "\n".join(["| name | what it is |", "|---|---|", *rows]).replace("\\|", "|")


def found(name: str) -> tuple[str, ast.ClassDef | Function]:
    """Return where something is defined, and its definition; of `cwvae`, without a module."""
    parts = name.split(".")
    for count in range(len(parts) - 1, -1, -1):
        module, inner = ".".join(parts[:count]), parts[count:]
        if module in TREES:
            break
    node = definitions(module)[inner[0]]
    if isinstance(node, ast.ImportFrom):
        origin = (node.module or "").removeprefix("cwvae.")
        return found(".".join([origin, *inner]))
    for part in inner[1:]:
        assert isinstance(node, ast.ClassDef), f"{name} is not in a class"
        node = next(n for n in node.body if getattr(n, "name", "") == part)
    assert isinstance(node, ast.ClassDef | Function), f"{name} is no function or class"
    return module, node


def signature(node: ast.ClassDef | Function) -> str:
    """Return how a function or class is called, an argument a line where it is long."""
    if isinstance(node, ast.ClassDef):
        made = [n for n in node.body if isinstance(n, Function) and n.name == "__init__"]
        arguments = list(_arguments(made[0])) if made else list(_fields(node))
        result = ""
    else:
        arguments = list(_arguments(node))
        result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    short = f"{node.name}({', '.join(arguments)}){result}"
    if len(short) <= WIDTH:
        return short
    inside = "".join(f"    {argument},\n" for argument in arguments)
    return f"{node.name}(\n{inside}){result}"


def _arguments(node: Function) -> Iterator[str]:
    """Yield the arguments of a function as they are written."""
    several = node.args.args
    defaults = [None] * (len(several) - len(node.args.defaults)) + node.args.defaults
    for argument, default in zip(several, defaults, strict=True):
        if argument.arg != "self":
            yield _argument(argument, default)
    if node.args.kwonlyargs:
        yield "*"
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        yield _argument(argument, default)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    """Return an argument with its type and default."""
    kind = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
    return f"{argument.arg}{kind}" + (f" = {ast.unparse(default)}" if default else "")


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Yield the fields of a class of data, those that are written without how they are kept."""
    for item in node.body:
        match item:
            case ast.AnnAssign(target=ast.Name(name), annotation=kind, value=value):
                abstract = "AbstractVar" in ast.unparse(kind)
                if not abstract:
                    yield f"{name}: {ast.unparse(kind)}{_default(value)}"


def _default(value: ast.expr | None) -> str:
    """Return the default of a field, dots for one that is computed."""
    if value is None:
        return ""
    if not isinstance(value, ast.Call):
        return f" = {ast.unparse(value)}"
    has_one = any(keyword.arg in ("default", "default_factory") for keyword in value.keywords)
    return " = ..." if has_one else ""


def _described(node: ast.ClassDef | Function) -> str:
    """Return a table of the fields that have strings of their own below them."""
    rows = []
    for item, after in itertools.pairwise(node.body):
        match item, after:
            case (
                ast.AnnAssign(target=ast.Name(name)),
                ast.Expr(ast.Constant(str(text))),
            ):
                rows.append(f"| `{name}` | {' '.join(text.split())} |")
    return "\n".join(["| field | what it is |", "|---|---|", *rows]) if rows else ""


def _methods(node: ast.ClassDef | Function) -> str:
    """Return a table of what a class offers besides being made."""
    offered = [n for n in node.body if isinstance(n, Function) and not n.name.startswith("_")]
    if not isinstance(node, ast.ClassDef) or not offered:
        return ""
    rows = [f"| `{_called(n)}` | {_first(n)} |" for n in offered]
    return "\n".join(["| of it | what it is |", "|---|---|", *rows])


def _called(node: Function) -> str:
    """Return the name of a property, or a method with the names of its arguments."""
    if any("property" in ast.unparse(d) for d in node.decorator_list):
        return f".{node.name}"
    taken = [a.arg for a in node.args.args if a.arg not in ("self", "cls")]
    return f".{node.name}({', '.join([*taken, *(a.arg + '=' for a in node.args.kwonlyargs)])})"


def _first(node: Function) -> str:
    """Return the first sentence of a docstring for a table."""
    text = (ast.get_docstring(node) or "").split("\n\n")[0]
    return " ".join(text.split()).replace("|", "\\|")


def _place(module: str, node: ast.AST, folder: Path) -> str:
    """Return a link to the file, with the line."""
    # The tests may run on the installed package, beside which there are no pages.
    path = SOURCE / PATHS[module].relative_to(PACKAGE)
    up = "../" * len(folder.relative_to(ROOT).parts)
    return f"[`{path}`, line {node.lineno}]({up}{path}#L{node.lineno})"
