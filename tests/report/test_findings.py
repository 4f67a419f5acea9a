"""What an analysis found: a sentence for each effect, and none for what is not there."""

import re

import made_reports
from made_reports import KEPT, SPEED, SWAP, analysis, read

from cwvae.report.analysis_tables import analysis_tables, readouts
from cwvae.report.findings import findings


def test_every_finding_begins_with_its_number():
    sentences = findings(analysis())
    assert len(sentences) == 13
    assert all(re.match(r"-?\d[\d,.]*:? ", sentence) for sentence in sentences)
    text = "\n".join(sentences)
    for words in (
        "6.0 of 10.0 nats, the KL of 4 context frames, are in level 1 (level 0: 4.0)",
        "0.93 of the videos: digits, read from the state of level 1, the slowest (level 0: 0.50",
        "0.75 px: the error of position, read from the state of level 0, the fastest (level 1: 6.",
        "0.05 of the videos keep their digits without what level 1 observes, instead of 0.90",
        "0.10 of the videos keep their way without what level 0 observes, instead of 1.00",
        "0.05 of the videos keep their digits after a reset of level 1",
        "0.05 of the videos keep their digits with level 1 drawn anew and the others held",
        "0.85 of the pairs of videos with different digits: with level 1 of another video, its",
        "1.00 is the rank correlation of the speed of the video with the share of nats in level 0 "
        "(level 1: -1.00): its share is larger the faster the video, 0.20 to 0.80",
        "1,250 ticks imagine 1,000 frames with factor 4, 2,000 with factor 1: 12.5 ms instead of "
        "20.0, with 1,234 parameters either way",
    ):
        assert words in text


def test_an_effect_that_is_not_there_is_not_named():
    flat = {"identity": 0.02, "position": 0.03, "error": 9.0}
    chance = [{"digits": read(0.12, 0.11), "position": read(6.7, 6.8)}] * 2
    text = "\n".join(
        findings(
            analysis(
                blind=dict.fromkeys(KEPT, flat),
                reset=dict.fromkeys(KEPT, flat),
                resample=dict.fromkeys(KEPT, flat),
                speed=SPEED | {"correlations": [0.1, 0.0]},
                swap={"0": SWAP["0"] | {"success": 0.01}},
                probes=chance,
            )
        )
    )
    for words in (
        "0.02 of the videos keep their digits, and hardly fewer whatever single level is blind",
        "hardly fewer whatever single level is drawn anew",
        "0.10 is the rank correlation of the speed of the video with the share of nats in level 0 "
        "(level 1: 0.00): its share hardly changes with the speed",
        "0.01 of the pairs of videos: no set of levels",
        "0.12 of the videos: digits, hardly more often right than by chance",
        "6.70 px: the error of position, hardly less than by chance",
    ):
        assert words in text
    assert "without what" not in text


def test_truths_may_have_any_name_kind_and_unit():
    room, heading = {"kind": "classes", "unit": ""}, {"kind": "values", "unit": "rad"}
    probes = [{"room <b>": read(0.4, 0.3, **room), "heading": read(0.2, 1.5, **heading)}] * 2
    report = analysis(probes=probes)
    first, second = readouts(report)
    assert (first.of_classes, first.head) == (True, "room <b>")
    assert (second.of_classes, second.head) == (False, "heading (rad)")
    text = "\n".join(findings(report))
    assert "0.40 of the videos: room <b>, read from the state of level 1, the slowest" in text
    assert "0.20 rad: the error of heading, read from the state of level 0, the fastest" in text
    assert analysis_tables(report)[0].heads[-2:] == ["room <b>", "heading (rad)"]


def test_a_truth_that_is_the_same_everywhere_is_not_read():
    constant = read(0.0, 0.0, kind="values", unit="m")
    text = "\n".join(findings(analysis(probes=[{"speed": constant}] * 2)))
    assert "0.00 m: the error of speed, hardly less than by chance from any level" in text


def test_of_few_speeds_no_correlation_is_named_and_of_equal_clocks_no_saving():
    few = {name: SPEED[name][:3] for name in ("speeds", "nats", "shares")}
    few |= {"correlations": [1.0, -1.0], "videos": 20, "left_out": {}}
    same = [x | {"ticks": [1000, 0]} for x in analysis()["clock"]]
    text = "\n".join(findings(analysis(speed=few, clock=same)))
    assert "rank correlation" not in text
    assert "ticks imagine" not in text


def test_what_was_not_measured_has_no_sentence_and_no_table():
    report = analysis()
    for name in ("probes", "blind", "reset", "resample", "swap", "speed", "clock"):
        del report[name]
    assert len(findings(report)) == len(analysis_tables(report)) == 1


def test_a_model_of_one_level_has_findings():
    report = made_reports.analysis()
    report |= {name: report[name][:1] for name in ("levels", "probes", "periods")}
    report |= {"blind": {name: KEPT[name] for name in ("none", "0")}, "swap": {}}
    report |= {"speed": {"left_out": {}}}
    text = "\n".join(findings(report))
    assert "4.0 of 4.0 nats, the KL of 4 context frames, are in level 0\n" in text
    assert "digits, read from the state of level 0 (shuffled: 0.10)" in text
    assert "pairs of videos" not in text
