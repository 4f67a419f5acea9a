"""The package's source, read: its rooms in their order, its modules, and what each of them has."""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import cwvae

PACKAGE = Path(cwvae.__file__).parent

# A module imports modules of its own row and of the rows above it, as long as there is no circle.
ROWS = (
    ("_extras", "_lazy", "_version", "dtypes", "files", "home", "provenance", "repository"),
    ("arguments", "typechecking", "shapes"),
    ("factors", "clock", "beliefs", "level_kl", "likelihoods"),
    ("kernels",),
    ("nn",),
    ("cells",),
    ("conditioning", "hierarchy_checks", "hierarchy", "video_model"),
    ("clockwork",),
    ("hiding", "objective", "open_loop", "rollout"),
    ("model",),
    ("streaming", "training", "evaluation", "analysis", "baselines"),
    ("official", "pretrained"),
)
# The outer ring imports the core and is never imported by it; what prints is outermost.
OUTER = ("data", "measures", "report", "benchmark", "cli", "__main__")
RANKS = {room: rank for rank, row in enumerate(ROWS) for room in row}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_name(path: Path) -> str:
    """Return a module's name below the package, "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text()) for name, path in PATHS.items()}
CORE = sorted(name for name in TREES if name and name.split(".")[0] not in OUTER)


def room(name: str) -> str:
    """Return the room that a module is in: its folder, or the module itself."""
    return name.split(".")[0]


def imported(name: str) -> set[str]:
    """Return all modules that a module imports, wherever in it; ours as "cwvae.name"."""
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import, line {node.lineno}"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {i for i in inner if i.removeprefix("cwvae.") in TREES}
            found |= modules or {node.module or ""}
    return found


def ours(name: str) -> set[str]:
    """Return the modules of the package that a module imports."""
    return {i.removeprefix("cwvae.") for i in imported(name) if i.split(".")[0] == "cwvae"}


def functions(name: str) -> Iterator[Function]:
    """Yield every function and method of a module."""
    return (node for node in ast.walk(TREES[name]) if isinstance(node, Function))


def public(name: str) -> list[str]:
    """Return `__all__` of a module, [] when it has none."""
    for node in TREES[name].body:
        match node:
            case ast.Assign(targets=[ast.Name("__all__")], value=value):
                return list(ast.literal_eval(value))
    return []


def definitions(name: str) -> dict[str, ast.stmt]:
    """Return what a module defines or imports at its top level, by name."""
    found: dict[str, ast.stmt] = {}
    for node in _top_level(TREES[name].body):
        match node:
            case ast.Assign(targets=[ast.Name(target)]) | ast.AnnAssign(target=ast.Name(target)):
                found[target] = node
            case ast.FunctionDef() | ast.ClassDef():
                found[node.name] = node
            case ast.ImportFrom(names=names):
                found |= {alias.asname or alias.name: node for alias in names}
    return found


def first_line(name: str, of: str = "") -> str:
    """Return the first line of the docstring of a module, or of what it defines or imports."""
    if not of:
        return _line(ast.get_docstring(TREES[name]))
    node = definitions(name)[of]
    if isinstance(node, ast.ImportFrom):
        inner = (node.module or "").removeprefix("cwvae.")
        return first_line(inner, of)
    if isinstance(node, Function | ast.ClassDef):
        return _line(ast.get_docstring(node))
    return _constant_line(name, node)


def _constant_line(name: str, node: ast.stmt) -> str:
    """Return the first line of the string below a constant, or else the comment above it."""
    body = [*TREES[name].body, None]
    match body[body.index(node) + 1]:
        case ast.Expr(ast.Constant(str(text))):
            return _line(text)
    above = PATHS[name].read_text().splitlines()[: node.lineno - 1]
    comment = itertools.takewhile(lambda line: line.startswith("#"), reversed(above))
    return " ".join(line.lstrip("# ") for line in reversed([*comment]))


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, those below `if TYPE_CHECKING` and the like included."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.With):
            yield from _top_level(node.body)


def _line(text: str | None) -> str:
    """Return the first sentence or paragraph of a docstring as one line."""
    return " ".join((text or "").split("\n\n")[0].split())
