"""The order of the house: who may import whom, what a class may be, what every name says."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import pytest

import cwvae
from cwvae.cells import AbstractCell

PACKAGE = Path(cwvae.__file__).parent

# A module imports modules of lower ranks, and of its own as long as there is no cycle.
RANKS = {
    "shapes": 0,
    "clock": 1,
    "beliefs": 1,
    "likelihoods": 1,
    "kernels": 2,
    "nn": 3,
    "cells": 4,
    "hierarchy": 5,
    "model": 6,
    "objective": 7,
    "rollout": 7,
    "streaming": 8,
    "training": 8,
    "evaluation": 8,
    "analysis": 8,
    "files": 0,
    "official": 9,
}
# The outer ring imports the core and is never imported by it; what prints is outermost.
OUTER = ("data", "report", "cli", "__main__")

HEAVY = ("diffrax", "optax", "orbax", "grain", "av", "matplotlib", "tensorboardX", "tyro", "PIL")
OUTSIDE_WORLD = ("os", "sys", "io", "pathlib", "time", "datetime", "logging", "random", "tqdm")


def module_name(path: Path) -> str:
    """Return a module's name below the package, "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
CORE = sorted(name for name in TREES if name and name.split(".")[0] not in OUTER)


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
            found |= modules or {node.module}
    return found


def ours(name: str) -> set[str]:
    """Return the modules of the package that a module imports."""
    return {i.removeprefix("cwvae.") for i in imported(name) if i.split(".")[0] == "cwvae"}


def room(name: str) -> str:
    """Return the room that a module is in: its folder, or the module itself."""
    return name.split(".")[0]


def functions(name: str):
    """Yield every function and method of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return (node for node in ast.walk(TREES[name]) if isinstance(node, kinds))


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


def test_every_room_of_the_core_has_a_rank():
    assert {room(name) for name in CORE} == RANKS.keys()


@pytest.mark.parametrize("name", CORE)
def test_a_module_imports_only_modules_of_its_own_and_lower_ranks(name):
    assert {
        other for other in ours(name) if RANKS.get(room(other), 99) > RANKS[room(name)]
    } == set()


def test_modules_of_one_rank_do_not_import_each_other_in_a_circle():
    def reached(name: str, on_the_way: tuple[str, ...] = ()) -> None:
        assert name not in on_the_way, f"a circle: {' -> '.join((*on_the_way, name))}"
        for other in ours(name) - {name}:
            reached(other, (*on_the_way, name))

    for name in CORE:
        reached(name)


@pytest.mark.parametrize("name", [n for n in TREES if n.split(".")[0] in ("data", "report")])
def test_data_and_reports_know_neither_each_other_nor_the_command_line(name):
    others = {"data", "report", "cli"} - {name.split(".")[0]}
    assert {other for other in ours(name) if other.split(".")[0] in others} == set()


@pytest.mark.parametrize(
    "name",
    # The choice of kernels is also a variable of the environment.
    [n for n in CORE if n != "kernels.choice" and room(n) != "files" and RANKS[room(n)] <= 7],
)
def test_the_core_knows_no_files_clocks_or_processes(name):
    assert {i for i in imported(name) if i.split(".")[0] in OUTSIDE_WORLD} == set()


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


# A cell says which of its methods are defaults, and a wrapper follows its cell in all methods.
REPLACEABLE = {
    "AbstractCell": {"init", "noise", "output", "prepare_context", "prepare_evidence"},
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
            own, others = (list(inspect.signature(f).parameters) for f in (value, replaced[0]))
            assert own == others, f"{cls.__name__}.{name}"


@pytest.mark.parametrize("name", CORE)
def test_a_core_module_says_what_is_public(name):
    defined = {
        target.id
        for node in TREES[name].body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "__all__" in defined


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_name)
def test_every_public_name_is_documented(path):
    lines, body = path.read_text().splitlines(), TREES[module_name(path)].body
    public, documented = set(), set()
    for node, after in zip(body, [*body[1:], None], strict=True):
        match node:
            case ast.Assign(targets=[ast.Name("__all__")]):
                public = set(ast.literal_eval(node.value))
            case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
                # A constant is documented by a string below it, or by a comment above it.
                below = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                if below or lines[node.lineno - 2].startswith("#"):
                    documented.add(name)
            case ast.FunctionDef() | ast.ClassDef() if has_docstrings(node):
                documented.add(node.name)
            case ast.ImportFrom(names=names):
                documented |= {alias.name for alias in names}
    assert public - documented == set()


def has_docstrings(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Say whether a function, or a class with all its public methods, has docstrings."""
    inner = node.body if isinstance(node, ast.ClassDef) else []
    methods = [m for m in inner if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
    return all(ast.get_docstring(documented) for documented in (node, *methods))


@pytest.mark.parametrize("name", sorted(TREES))
def test_wrong_arguments_raise_and_are_not_asserted(name):
    lines = [node.lineno for node in ast.walk(TREES[name]) if isinstance(node, ast.Assert)]
    assert lines == []


@pytest.mark.parametrize("name", [name for name in sorted(TREES) if name.split(".")[0] != "cli"])
def test_only_the_command_line_prints(name):
    calls = (node for node in ast.walk(TREES[name]) if isinstance(node, ast.Call))
    called = [call.lineno for call in calls if getattr(call.func, "id", None) == "print"]
    assert called == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=module_name)
def test_files_and_functions_are_short(path):
    assert len(path.read_text().splitlines()) <= 350
    long = [f.name for f in functions(module_name(path)) if f.end_lineno - f.lineno >= 60]
    assert long == []
