"""Which differences are beyond the spread, and which runs are not compared at all."""

import pytest
from made_reports import analysis, evaluation, results

from cwvae.report.comparison import differences, incomparable, measures
from cwvae.report.results import Measure


def found(*runs) -> dict[str, Measure]:
    return {measure.name: measure for measure in measures(runs)}


def sentences(*runs) -> str:
    return "\n".join(differences(measures(runs)))


def test_a_difference_is_beyond_the_spread_where_intervals_do_not_overlap():
    runs = results("a", evaluation=evaluation(0.9, 0.8)), results("b", evaluation=evaluation(0.5))
    text = sentences(*runs)
    assert (
        "0.40 more identity at frame 7, beyond the spread: a 0.90 (0.85 to 0.95), b 0.50 (0.45 to"
        in text
    )
    assert "0.000 more SSIM, within the spread" in text
    assert "0.0 more KL of level 1 (nats), within" in text


def test_the_best_stands_beside_each_other_run():
    runs = [results(str(n), speeds=[100.0 * n + 1] * 4) for n in range(3)]
    lines = [line for line in sentences(*runs).splitlines() if "training speed" in line]
    assert [line.split()[0] for line in lines] == ["100", "200"]
    assert all("beyond the spread: 2 201" in line for line in lines)


def test_what_was_measured_on_different_videos_is_not_compared():
    other = results("b", test={"data": "gqn_mazes:/data"}, evaluation=evaluation(0.5))
    runs = results("a"), other
    (why,) = incomparable(runs)
    assert why.startswith("2 different kinds of test videos, so that")
    assert "b: gqn_mazes:/data" in why
    (line,) = differences(measures(runs))
    assert "more training speed" in line
    # A third run is compared with the one that it can be compared with.
    lines = differences(measures([*runs, results("c", evaluation=evaluation(0.4))]))
    assert [line for line in lines if "identity" in line] == [
        "0.50 more identity at frame 7, beyond the spread: a 0.90 (0.85 to 0.95), c 0.40 (0.35 to "
        "0.45)"
    ]
    assert incomparable([results("a"), results("b", test={})]) == []


def test_a_speed_that_was_logged_too_seldom_to_have_a_spread_is_not_judged():
    runs = results("a", speeds=[100.0] * 4), results("b", speeds=[200.0])
    assert "training speed" not in "\n".join(differences(measures(runs)))


def test_speeds_of_different_devices_are_not_compared():
    lines = sentences(results("a"), results("b", device="gpu"))
    assert "training speed" not in lines
    assert "SSIM" in lines


def test_bounds_of_different_likelihoods_are_not_compared():
    lines = sentences(results("a"), results("b", facts={"likelihood": "calibrated"}))
    assert "ELBO" not in lines
    assert "KL of level 0" in lines


def test_what_is_missing_is_named_so():
    empty = results("b", evaluation={}, analysis={}, speeds=[], memory=None)
    table = found(results("a"), empty)
    assert {measure.text("b") for measure in table.values()} == {"missing"}
    assert table["digits, read from the best level"].text("a") == "0.93"
    assert table["position, read from the best level"].text("a") == "0.75"
    assert differences(table.values()) == []


def test_an_evaluation_of_an_earlier_version_has_the_normal_interval_of_its_means():
    known = evaluation()
    for score in known["summary"]["model, mean"].values():
        del score["interval"]
    for name in ("interval", "kl_intervals"):
        del known["elbo"][name]
    table = found(results("a", evaluation=known), results("b"))
    low, high = table["SSIM"].of["a"][1:]
    assert (low, high) == pytest.approx((0.8 - 1.96 * 0.1 / 20**0.5, 0.8 + 1.96 * 0.1 / 20**0.5))
    # Of the bound no spread is known.
    lines = sentences(results("a", evaluation=known), results("b"))
    assert "SSIM" in lines
    assert "ELBO" not in lines
    assert "KL of level" not in lines


def test_levels_and_frames_that_only_some_have():
    short = evaluation(identity=0.5)
    short["identity"]["frames"] = [5, 99]
    short["elbo"] |= {"kl_per_level": [1.0], "kl_intervals": [[0.9, 1.1]]}
    probes = analysis()["probes"][:1]
    table = found(results("a", evaluation=short, analysis=analysis(probes=probes)), results("b"))
    assert table["identity at frame 5"].of["a"].value == 1
    assert [*table["KL of level 1 (nats)"].of] == ["b"]
    short["identity"]["frames"] = [98, 99]
    table = found(results("a", evaluation=short), results("b"))
    assert not [name for name in table if "identity" in name]
