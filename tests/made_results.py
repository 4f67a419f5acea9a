"""Made-up result files of the benchmarks."""

from pathlib import Path

from results import Case, Run

from cwvae.files import write_json

CPU, GPU = "cpu: a processor, 2 cores", "gpu: a card"
RATE = 1e11
LIMITS = {"matmul_flops_per_second": RATE, "copy_bytes_per_second": 1e10, "reference_seconds": {}}
MEMORY = {"temporaries": 2**20, "peak_rss": 3 * 2**30, "device_peak": None}


def case(group: str, name: str, seconds: float = 1.0, **changes) -> Case:
    times = {"min": 1, "median": 1.25, "q1": 1.1, "q3": 1.5}
    known = {
        "seconds": {name: share * seconds for name, share in times.items()} | {"rounds": 5},
        "parameters": {"size": name},
        "trace_seconds": 0.5,
        "compile_seconds": 1.5,
        "limits": LIMITS,
        "memory": MEMORY,
        "value": {"loss": 1234.5},
    }
    return {"group": group, "name": f"{group}[{name}]"} | known | changes


def run(*cases: Case, device: str = CPU, date: str = "2026-11-24", **changes) -> Run:
    known = {
        "command": "nox -s benchmarks",
        "kind": device[:3],
        "memory_bytes": 2**34,
        "platform": "Linux",
        "python": "3.11.7",
        "versions": {"cwvae": "0.1.0", "jax": "0.10.2"},
        "git_commit": "abc1234",
        "set": "default",
        "left_out": [],
    }
    return {"cases": list(cases), "device": device, "date": date} | known | changes


def keep(folder: Path, name: str, made: Run) -> str:
    path = folder / "results" / f"{name}.json"
    write_json(path, made)
    return str(path)


def power(quantity: str, against: str, exponents: tuple[float, float, float]) -> list[Case]:
    time, temporaries, peak = exponents
    return [
        case(
            "growth",
            f"{quantity}-{against}-{x}",
            0.01 * x**time,
            parameters={"quantity": quantity, "against": against, "preset": "a", "x": x},
            ticks=100,
            memory={"temporaries": 1e6 * x**temporaries, "peak_rss": 1e9 * x**peak},
        )
        for x in (125, 500, 2000, 8000)
    ]
