import sweep_tables

KNOWN = {"steps": 5, "videos": 6, "device": "cpu", "date": "2026-01-01T0", "versions": {"jax": "1"}}
SOURCE = "5 steps of the preset, 6 test videos, 1 sample; cpu, jax 1, 2026-01-01: `python scripts/"


def run(variant, nats=(1.0, 1.0), accuracy=(0.5, 0.25, 0.125), lost=None, seed=0):
    """Return what one run of a sweep gave."""
    return {
        "variant": variant,
        "seed": seed,
        "context": 36,
        "elbo": {"frames": 4, "value": 10.0, "kl_per_level": list(nats)},
        "frames": [100, 300, 1000],
        "accuracy": list(accuracy),
        "legible": [1.0, 1.0, 0.75],
        "position_lost_at": lost,
    }


def test_speeds_are_sorted_as_numbers_and_seeds_are_averaged():
    runs = [run("4", (90, 10)), run("0.25", (40, 40)), run("0.25", (20, 20), seed=1)]
    runs.append(run("1", (30, 10)))
    lines = sweep_tables.speed_table(KNOWN | {"runs": runs}).splitlines()
    assert lines[2:6] == [
        "| 0.25 | 30 | 30 | 0.50 | 0.50 |",
        "| 1 | 30 | 10 | 0.75 | 0.25 |",
        "| 4 | 90 | 10 | 0.90 | 0.10 |",
        "| rank correlation |  |  | 1.00 | -1.00 |",
    ]
    assert lines[-1] == f"{SOURCE}sweeps.py speed speed.json --runs runs`"


def test_factors_have_the_least_and_the_most_of_their_seeds(tmp_path):
    runs = [run("8", lost=64), run("1", seed=1, accuracy=(0.75, 0.25, 0.0), lost=90), run("1")]
    result = KNOWN | {"runs": runs}
    lines = sweep_tables.factor_table(result, "factor").splitlines()
    assert lines[2:4] == [
        "| 1 | 36 | 0.50 to 0.75 | 0.25 | 0.00 to 0.12 | 0.75 | 90 to never | 2.5 | 2 |",
        "| 8 | 36 | 0.50 | 0.25 | 0.12 | 0.75 | 64 | 2.5 | 1 |",
    ]
    assert lines[-1] == f"{SOURCE}sweeps.py factor factor.json --runs runs`"
    sweep_tables.draw_factors({"one": result, "other": result}, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000
