"""The card holds what is known of a model, and its head is what hubs read."""

import pytest
import yaml
from exports import exported, settings

from cwvae.pretrained import Facts, load_pretrained, measured
from cwvae.training.config import DataConfig

SIMILAR = {"psnr": {"mean": 14.62, "std": 1}, "ssim": {"mean": 0.5, "std": 0.1}}
REPORT = {
    "summary": {"model, mean": SIMILAR, "copy last frame": SIMILAR},
    "num_examples": 256,
    "num_samples": 5,
    "context": 36,
    "horizon": 964,
    "data": "kth:/somebodys_home",
    "step": 7,
}
IDENTITY = {
    "frames": [50, 1000],
    "accuracy": [0.98, 0.93],
    "ceiling": [1.0, 0.99],
    "legible": [1.0, 0.95],
}


def card(tmp_path, **facts) -> str:
    _, path = exported(tmp_path / "small.safetensors", facts=Facts(**facts))
    return load_pretrained(path).card


def head(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


def test_the_head_is_yaml_for_hubs(tmp_path):
    found = head(card(tmp_path, license="CC-BY-4.0", hours=5.25, device="cpu: a: b, 2 cores"))
    assert found == {
        "license": "cc-by-4.0",
        "library_name": "cwvae",
        "data": "moving_mnist drawn on the fly, 2 digits",
        "steps": 7,
        "hours": 5.2,
        "headline": "not measured",
        "tags": ["video-prediction", "jax"],
    }


def test_what_is_known_stands_in_the_card(tmp_path):
    text = card(tmp_path, note="For tests.", hours=5.25, device="cpu: a | b")
    for words in (
        "# small\n",
        "For tests.",
        "| model | 2 levels, which tick every 1, 2 frames |",
        "| hours | 5.2 on cpu: a \\| b |",
        "| licence | apache-2.0 |",
        "Not measured",
        "cwvae predict small.safetensors video.mp4",
        "## Limits",
    ):
        assert words in text


def test_data_of_files_are_named_without_their_place(tmp_path):
    known = settings(data=DataConfig(data="kth:/somebodys_home"))
    _, path = exported(tmp_path / "a.safetensors", settings=known)
    assert "| data | kth |" in load_pretrained(path).card


def test_similarity_comes_first_without_identity(tmp_path):
    found = measured(REPORT)
    assert (found.step, found.headline) == (7, "PSNR 14.6 dB, SSIM 0.500")
    text = card(tmp_path, measured=found)
    assert "256 test videos of kth, 36 context frames, 964 predicted" in text
    assert "| copy last frame | 14.6 | 0.500 |" in text
    assert head(text)["headline"] == found.headline


def test_identity_comes_first_where_it_was_measured(tmp_path):
    found = measured(REPORT | {"identity": IDENTITY})
    assert found.headline == "identity 93% (ceiling 99%) at frame 1000, legible 95%"
    assert "| 50 | 98.0% | 100.0% | 100.0% |" in card(tmp_path, measured=found)


def test_every_metric_stands_in_the_card_with_its_protocol(tmp_path):
    row = SIMILAR | {"ms_ssim": {"mean": 0.25}, "sharpness": {"median": 0.125}}
    distances = {"windows": [[37, 52], [85, 100]], "rows": {"model": {"fvd": {"value": [1, 2.5]}}}}
    known = {"summary": {"model, mean": row}, "distances": distances}
    protocol = {"fvd": "I3D of 16 frames", "ms_ssim": "3 scales"}
    text = card(tmp_path, measured=measured(REPORT | known | {"protocol": protocol}))
    for words in (
        "| forecast | ms_ssim | sharpness |\n|---|---|---|\n| model, mean | 0.250 | 0.125 |",
        "| forecast | distance | frames 37 to 52 | frames 85 to 100 |\n|---|---|---|---|\n",
        "| model | fvd | 1.00 | 2.50 |",
        "\n- fvd: I3D of 16 frames\n- ms_ssim: 3 scales\n",
    ):
        assert words in text


@pytest.mark.parametrize(
    "report",
    [
        [],
        {},
        {name: REPORT[name] for name in REPORT if name != "step"},
        REPORT | {"summary": {}},
        REPORT | {"blind": [1]},
        REPORT | {"summary": {"model, mean": {"psnr": {"mean": "high"}}}},
        REPORT | {"identity": IDENTITY | {"accuracy": [0.5]}},
        REPORT | {"identity": {"frames": [50]}},
    ],
)
def test_what_is_no_report_is_an_error(report):
    with pytest.raises(ValueError, match=r"what cwvae evaluate writes .*; evaluate again"):
        measured(report)
