"""Runs that are done already, here or on another machine, from the results of a benchmark."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cwvae.benchmark.choosing import quality
from cwvae.benchmark.experiments import Benchmark
from cwvae.benchmark.results import protocol
from cwvae.benchmark.runs import Run, final_run, tuning_run
from cwvae.files import read_json, write_json

__all__ = ["take_over"]


def take_over(path: Path, name: str, benchmark: Benchmark, folder: Path) -> int:
    """Put the entries of a file of results where the runs of a benchmark look for theirs.

    A run that has an entry counts as done: it is neither trained nor measured again, and needs no
    weights. What is in `folder` already stays. Returns how many entries were new.

    **Arguments:** `path`, a results.json of `cwvae benchmark`; `name` of the size; `benchmark`;
    `folder`, of its runs.

    Raises `ValueError` for results of another size or protocol, and for a file that is none.
    """
    found = _results(path, name)
    here, there = protocol(benchmark), found.get("protocol", {})
    other = sorted(key for key in here if here[key] != there.get(key))
    if other:
        raise ValueError(
            f"{path}: expected the {other[0]} of this version, {here[other[0]]}, got "
            f"{there.get(other[0])}; its numbers do not belong into one table with new ones"
        )
    try:
        places = [
            (_run(entry, kind, benchmark, folder), entry)
            for kind in ("tuning", "runs")
            for entry in found[kind]
        ]
        for _, entry in places:
            quality(entry)
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected lists tuning and runs, whose entries have a method, a variant and a "
            "seed that this version tries, and what was found, got something else; give the file "
            f"as it was written ({type(error).__name__} {error})"
        ) from error
    new = [(run, entry) for run, entry in places if not run.done]
    for run, entry in new:
        run.folder.mkdir(parents=True, exist_ok=True)
        write_json(run.entry, entry)
    return len(new)


def _results(path: Path, name: str) -> Mapping[str, Any]:
    """Read a file of results, or raise `ValueError` when it is not of this size."""
    found = read_json(path)
    size = found.get("benchmark") if isinstance(found, dict) else None
    if size != name:
        got = f"those of {size[:40]}" if isinstance(size, str) else "something else"
        raise ValueError(
            f"{path}: expected results of cwvae benchmark {name}, got {got}; give its results.json"
        )
    return found


def _run(entry: Mapping[str, Any], kind: str, benchmark: Benchmark, folder: Path) -> Run:
    """Return the run that an entry is of."""
    method = entry["method"]
    variant = {choice.name: choice for choice in benchmark.grid(method)}[entry["variant"]]
    if kind == "tuning":
        return tuning_run(benchmark, folder, method, variant)
    # It becomes part of a path.
    seed = benchmark.seeds.index(entry["seed"])
    return final_run(benchmark, folder, method, variant, benchmark.seeds[seed])
