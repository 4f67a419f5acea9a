"""The benchmark: its plan of runs, what it chooses, and the tables of what was found."""

import dataclasses
import json
from pathlib import Path

import pytest

from cwvae.benchmark.choosing import best_variant, leaders, quality
from cwvae.benchmark.experiments import SIZES
from cwvae.benchmark.known import take_over
from cwvae.benchmark.results import collected, protocol
from cwvae.benchmark.running import run_all, stages, tuning_runs
from cwvae.benchmark.runs import final_run, trial_run
from cwvae.benchmark.similarity import distance_table, frame_table
from cwvae.benchmark.tables import costs, table, tuned
from cwvae.benchmark.walks import walk_table
from cwvae.cli.benchmark import _write_page
from cwvae.cli.main import main
from cwvae.cli.parsing import parse
from cwvae.training.config import TrainConfig
from cwvae.training.presets import PRESETS
from cwvae.training.settings import Settings

POCKET = SIZES["pocket"]
DEBUG = PRESETS["debug"]
SETTINGS = Settings(
    preset="debug",
    model=DEBUG.model,
    train=DEBUG.train,
    data=DEBUG.data,
    context=DEBUG.context,
    horizon=DEBUG.horizon,
)
NAMED = {"method": "cwvae", "variant": POCKET.grid("cwvae")[0].name}
PIXELS = {"ssim": {"mean": 0.5}, "psnr": {"mean": 15.0}}


def row_of_reference(share: float, lost_at: int | None) -> dict:
    """Return what might be read where no model made the frames."""
    shares = {name: {"mean": [share] * 4} for name in ("accuracy", "legible")}
    return shares | {"position_lost_at": lost_at}


def found(accuracy: float, ssim: float = 0.5) -> dict:
    """Return what an evaluation might find."""
    pixels = {"ssim": {"mean": ssim}, "psnr": {"mean": 15.0}}
    identity = {
        "frames": [50, 100, 300, 1000],
        "accuracy": [accuracy] * 4,
        "legible": [0.9] * 4,
        "position_lost_at": 60,
        "rows": {
            "truth": row_of_reference(0.99, lost_at=None),
            "copy of the last frame": row_of_reference(0.98, lost_at=39),
        },
    }
    summary = {"model, mean": pixels, "copy last frame": pixels}
    return {"summary": summary, "identity": identity}


def kept(run, **values) -> dict:
    """Write what might be kept of a run, and return it."""
    known = {"method": run.method, "variant": run.variant.name, "seed": run.seed}
    run.folder.mkdir(parents=True, exist_ok=True)
    run.entry.write_text(json.dumps(known | found(**values)))
    return run.found()


def nothing(run) -> None:
    """Keep nothing of a run."""


@pytest.mark.parametrize("size", SIZES)
def test_every_command_of_a_size_is_one(size):
    benchmark = SIZES[size]
    for method, experiment in benchmark.experiments.items():
        assert experiment.preset in PRESETS
        for variant in benchmark.grid(method):
            run = final_run(benchmark, Path("somewhere"), method, variant, 0)
            for command in run.commands():
                parse(command)
            steps = trial_run(benchmark, Path("somewhere"), method, variant).training
            assert "--log-every" in steps


def test_every_method_is_tuned_over_as_many_choices_and_sees_as_many_frames():
    grids = {method: POCKET.grid(method) for method in POCKET.experiments}
    assert {len(grid) for grid in grids.values()} == {4}
    assert len(POCKET.experiments) == 5
    trainings = {
        run.training[run.training.index("--steps") + 1]
        for run in tuning_runs(POCKET, Path("somewhere"), tuple(grids))
    }
    assert trainings == {str(POCKET.tuning_steps)}


def test_tuning_and_testing_look_at_other_videos():
    assert POCKET.tuning[POCKET.tuning.index("--seed") + 1] == "1"
    assert "--seed" not in POCKET.testing


def test_the_stages_follow_what_was_found(tmp_path):
    methods = ("cwvae", "rssm", "vta")
    tuning, first, last = stages(POCKET, tmp_path, methods)
    runs = tuning()
    assert len(runs) == 12
    for number, run in enumerate(runs):
        kept(run, accuracy=0.1 * (number % 4 == 2))
    chosen = first()
    assert [run.method for run in chosen] == list(methods)
    assert {run.variant.name for run in chosen if run.method == "rssm"} == {
        POCKET.grid("rssm")[2].name
    }
    for run, accuracy in zip(chosen, (0.1, 0.2, 0.3), strict=True):
        kept(run, accuracy=accuracy)
    assert leaders(POCKET, chosen) == ["cwvae", "vta"]
    more = [run for run in last() if run.seed]
    assert [(run.method, run.seed) for run in more] == [
        ("cwvae", 1), ("vta", 1), ("cwvae", 2), ("vta", 2)
    ]  # fmt: skip


def test_what_is_done_is_not_made_again_and_what_was_begun_is_resumed(tmp_path):
    (run, *_) = tuning_runs(POCKET, tmp_path, ["cwvae"])
    assert "--resume" not in run.commands()[0]
    run.folder.mkdir(parents=True)
    (run.folder / "config.json").write_text("{}")
    (run.folder / "metrics.jsonl").write_text('{"step": 40}\n{"step": 5')
    assert "--resume" in run.commands()[0]
    assert run.trained == 0  # The last line was cut off.
    kept(run, accuracy=0.1)
    assert run.commands() == ()
    run_all([run], workers=2, log=tmp_path / "logs", keep=nothing)


def test_a_command_that_fails_is_named_with_its_log(tmp_path):
    run = final_run(POCKET, tmp_path, "cwvae", POCKET.grid("cwvae")[0], 0)
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(RuntimeError, match=r"cwvae train .* failed; see .*runs-cwvae-0.log"):
        run_all([run], workers=1, log=tmp_path / "logs", keep=nothing)


def test_identity_counts_before_similarity():
    assert quality(found(0.2, ssim=0.1)) > quality(found(0.1, ssim=0.9))
    assert quality(found(0.1, ssim=0.9)) > quality(found(0.1, ssim=0.1))
    assert quality({"summary": found(0)["summary"]}) == (0.0, 0.5)


def test_the_best_of_the_grid_is_taken(tmp_path):
    runs = tuning_runs(POCKET, tmp_path, ["cwvae"])
    for number, run in enumerate(runs):
        kept(run, accuracy=0.1 * number)
    assert best_variant(runs) == runs[-1].variant


def test_the_tables_have_a_row_a_method_and_rows_of_reference():
    def entry(title, seed, accuracy):
        cost = {"parameters": 1000, "frames_seen": 7200, "frames_per_second": 1.0 + 2 * seed}
        named = {"method": title, "title": title, "variant": "width 1, 0.001", "seed": seed}
        return named | cost | found(accuracy)

    result = {
        "runs": [entry("CW-VAE", 0, 0.5), entry("RSSM", 0, 0.25), entry("CW-VAE", 1, 0.75)],
        "tuning": [entry("CW-VAE", 0, 0.125)],
    }
    lines = table(result).splitlines()
    assert lines[2].startswith("| CW-VAE | 0.62 (0.50 to 0.75) |")
    assert lines[3].startswith("| RSSM | 0.25 |")
    assert lines[4].startswith("| (truth) | 0.99 |")
    assert lines[4].endswith("| never |  |  |  |")
    # Read under another name than that of its frames.
    assert lines[5].startswith("| (copy last frame) | 0.98 |")
    assert lines[5].endswith("| 0.98 | 39 | 0.500 | 15.00 |  |")
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    assert "| CW-VAE | width 1, 0.001 | 1,000 | 7,200 | 2 | 1.00 |" in costs(result)
    assert "| CW-VAE | width 1, 0.001 | 0.125 | 0.500 |" in tuned(result)


def test_the_metrics_of_few_videos_stand_beside_the_others():
    def entry(title, lpips, fvd, kdd):
        few = {"summary": {"model, mean": {"lpips": {"mean": lpips}}}, "num_examples": 2}
        rows = {"model, mean": {"fvd": {"value": [1.0, fvd]}}}
        few["distances"] = {"windows": [[5, 20], [85, 100]], "rows": rows}
        near = {"windows": [[5, 20]], "rows": {"model, mean": {"kdd": {"value": [kdd]}}}}
        near["rows"]["copy last frame"] = {"kdd": {"value": [0.5]}}
        known = {"method": title, "title": title, "perceptual": few, "distances": near}
        ratios = {"mass": {"median": 0.5}}
        run = known | found(0.5)
        rows = {"model, mean": {**PIXELS, **ratios}, "random training frame": PIXELS}
        return run | {"summary": {**run["summary"], **rows}}

    result = {"runs": [entry("A", 0.25, 30.0, 0.1), entry("A", 0.75, 50.0, 0.2)]}
    frames, distances = frame_table(result).splitlines(), distance_table(result).splitlines()
    assert frames[0] == "| method | SSIM | PSNR (dB) | LPIPS, AlexNet | mass |"
    assert "| 0.500 (0.250 to 0.750) | 0.500 (0.500 to 0.500) |" in frames[2]
    assert frames[3] == "| (copy last frame) | 0.500 | 15.00 |  |  |"
    assert distances[0] == "| method | FVD, 5 to 20 | FVD, 85 to 100 | KDD, 5 to 20 |"
    assert distances[2:] == [
        "| A | 1 (1 to 1) | 40 (30 to 50) | 0.15 (0.1 to 0.2) |",
        "| (copy last frame) |  |  | 0.5 |",
    ]


def test_walks_are_judged_and_shown_by_their_sequence_of_rooms():
    def entry(title, share):
        rows = {
            name: {"accuracy": {"mean": share}, "balanced": share} for name in ("model", "copy")
        }
        known = {"method": title, "title": title, "variant": "width 1", "rooms": {"rows": rows}}
        return known | {"summary": {"model, mean": PIXELS}, "identity": {}}

    runs = [entry("A", 0.25), entry("A", 0.75), entry("B", 0.5)]
    lines = walk_table({"runs": runs}).splitlines()
    assert lines[2:] == [
        "| A | 0.50 (0.25 to 0.75) | 0.50 (0.25 to 0.75) | 2 |",
        "| B | 0.50 | 0.50 | 1 |",
        "| (copy) | 0.25 | 0.25 |  |",
    ]
    assert quality(runs[1]) == (0.75, 0.5)
    assert "| A | width 1 | 0.250 | 0.500 |" in tuned({"tuning": runs})
    assert table({"runs": runs}) == distance_table({"runs": runs}) == ""
    assert walk_table({"runs": [found(0.5)]}) == ""


def test_data_are_given_where_they_are_needed_and_only_there(tmp_path):
    at = SIZES["rooms"].at(tmp_path)
    training = final_run(at, tmp_path, "cwvae", at.grid("cwvae")[0], 0).training
    assert training[training.index("--data") + 1] == f"rooms:{tmp_path}"
    assert protocol(at) == protocol(SIZES["rooms"])
    assert POCKET.at(None) == POCKET
    with pytest.raises(ValueError, match=r"must be the folder of rooms .*cwvae data make rooms"):
        SIZES["rooms"].at(None)
    with pytest.raises(ValueError, match="left out: digits are drawn on the fly, got"):
        POCKET.at(tmp_path)


def test_a_run_that_lacks_one_measurement_is_measured_alone(tmp_path):
    run = final_run(POCKET, tmp_path, "cwvae", POCKET.grid("cwvae")[0], 0)
    assert [command[0] for command in run.commands()] == ["train", "evaluate", "evaluate"]
    first = run.results["evaluation"]
    first.parent.mkdir(parents=True)
    first.write_text("{}")
    _, evaluate = run.commands()
    assert evaluate[3] == str(tmp_path / "runs" / "cwvae-0" / "perceptual")
    assert evaluate[4:7] == ("--metrics", "lpips", "fvd")
    second = run.results["perceptual"]
    second.parent.mkdir(parents=True)
    second.write_text("{}")
    assert run.commands() == ()
    kept_runs = []
    run_all([run], workers=1, log=tmp_path / "logs", keep=kept_runs.append)
    assert kept_runs == [run]


def test_runs_done_elsewhere_are_not_made_again(tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    tuning = tuning_runs(POCKET, there, ["cwvae"])
    for run in tuning:
        kept(run, accuracy=0.5)
    final = final_run(POCKET, there, "cwvae", tuning[0].variant, 2)
    kept(final, accuracy=0.75)
    results = tmp_path / "results.json"
    results.write_text(json.dumps(collected("pocket", POCKET, tuning, [final])))
    mine = final_run(POCKET, here, "cwvae", tuning[0].variant, 2)
    known = kept(mine, accuracy=0.25)
    assert take_over(results, "pocket", POCKET, here) == 4
    assert all(run.done and not run.commands() for run in tuning_runs(POCKET, here, ["cwvae"]))
    assert mine.found() == known  # What was here stays.
    assert take_over(results, "pocket", POCKET, here) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"benchmark": "paper"}, "expected results of cwvae benchmark pocket"),
        ({"protocol": protocol(POCKET) | {"steps": 7}}, "expected the steps of this version, 8000"),
        ({"protocol": {}}, "do not belong into one table"),
        ({"runs": [{"method": "cwvae", "variant": "none", "seed": 0}]}, "KeyError 'none'"),
        ({"runs": [NAMED | {"seed": "../0"}]}, "expected lists tuning and runs"),
        ({"runs": [{"seed": 0}]}, "expected lists tuning and runs"),
        ({"tuning": 3}, "expected lists tuning and runs"),
        ({"tuning": [NAMED | {"seed": 0}]}, "and what was found, .*KeyError 'summary'"),
    ],
)
def test_results_that_cannot_be_taken_over_are_an_error(tmp_path, change, message):
    results = tmp_path / "results.json"
    results.write_text(json.dumps(collected("pocket", POCKET, [], []) | change))
    with pytest.raises(ValueError, match=message) as raised:
        take_over(results, "pocket", POCKET, tmp_path)
    assert str(results) in str(raised.value)
    # Nothing of it counts as done.
    assert list(tmp_path.iterdir()) == [results]


def test_the_smallest_benchmark_runs_from_training_to_tables(tmp_path, capsys, monkeypatch):
    few = {"seeds": (0,), "perceptual": ("--metrics", "mass", *SIZES["debug"].perceptual[2:])}
    small = dataclasses.replace(SIZES["debug"], **few)
    monkeypatch.setattr("cwvae.cli.benchmark.SIZES", {"debug": small})
    # Without a process for each command, which would compile alone.
    monkeypatch.setattr(
        "cwvae.benchmark.running._execute", lambda command, *_: print(main(command), end="")
    )
    words = ["benchmark", "debug", "--out", str(tmp_path), "--methods", "cwvae"]
    assert main(words) == 0
    result = json.loads((tmp_path / "results.json").read_text())
    assert [(run["method"], run["seed"]) for run in result["runs"]] == [("cwvae", 0)]
    # The tables are of all methods, whichever are trained now.
    assert [name.split(",")[0] for name in result["missing"]] == ["svg_lp", "svg_lp"]
    assert result["runs"][0]["perceptual"]["num_examples"] == 2
    assert result["runs"][0]["distances"]["windows"] == [[5, 20]]
    assert "| method | SSIM | PSNR (dB) | SSIM, official range 2 |" in capsys.readouterr().out
    for name in ("tables.md", "strips.png", "curves.png"):
        assert (tmp_path / name).stat().st_size > 500
    # On another machine there are neither weights nor measurements.
    other, strips = tmp_path / "other", (tmp_path / "strips.png").read_bytes()
    words[words.index("--out") + 1] = str(other)
    known = ["--known", str(tmp_path / "results.json")]
    monkeypatch.setattr("cwvae.benchmark.running._execute", None)
    assert main([*words, *known]) == 0
    assert json.loads((other / "results.json").read_text()) == result
    assert (other / "strips.png").read_bytes() == strips


def test_the_page_is_of_the_runs_whose_weights_are_here(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("cwvae.cli.benchmark.compare", shown.append)
    debug = SIZES["debug"]
    finals = [
        final_run(debug, tmp_path, method, debug.grid(method)[0], seed)
        for method in debug.experiments
        for seed in debug.seeds
    ]
    for run in finals:
        run.weights.mkdir(parents=True)
    _write_page(tmp_path / "page.html", finals)
    (compared,) = shown
    assert compared.runs == (finals[0].folder, finals[2].folder)
    # A page is of two at least.
    finals[2].weights.rmdir()
    _write_page(tmp_path / "page.html", finals)
    assert shown == [compared]


def test_a_plan_times_steps_and_lists_every_run(tmp_path, capsys, monkeypatch):
    executed = []

    def execute(command, *_):
        executed.append(command)
        folder = Path(command[command.index("--out") + 1])
        folder.mkdir(parents=True)
        lines = [json.dumps({"step": 4 * n, "frames_per_second": 10.0}) for n in (1, 2, 3)]
        (folder / "metrics.jsonl").write_text("\n".join(lines))
        train = {"batch_size": 2, "frames": 30}
        monkeypatch.setattr(
            "cwvae.cli.benchmark.read_settings",
            lambda _: dataclasses.replace(SETTINGS, train=TrainConfig(**train)),
        )

    monkeypatch.setattr("cwvae.benchmark.running._execute", execute)
    assert main(["benchmark", "debug", "--out", str(tmp_path), "--plan", "--methods", "cwvae"]) == 0
    ((command, *_),) = executed
    assert command == "train"
    printed = capsys.readouterr().out
    assert "cwvae: 10 training frames a second here" in printed
    # Two seeds of 3 steps of 60 frames, nothing to choose.
    assert printed.count("0 of 3 steps, 0.01 h of training left") == 2
    assert not list(tmp_path.iterdir())


def test_a_method_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["benchmark", "debug", "--out", str(tmp_path), "--methods", "gan"]) == 2
    assert "--methods must be some of cwvae, svg_lp, got gan" in capsys.readouterr().err
