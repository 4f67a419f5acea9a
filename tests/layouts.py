"""Small data sets in the official layouts, made on the spot."""

import json
from pathlib import Path

import numpy as np

from cwvae.data.lossless import write_lossless

FRAMES = 7


def video(number: int, frames: int = FRAMES, size: int = 8, channels: int = 3) -> np.ndarray:
    """Draw noise whose first pixel holds the number of the video and of the frame."""
    drawn = np.random.default_rng(number).integers(
        0, 256, (frames, size, size, channels), dtype=np.uint8
    )
    drawn[:, 0, 0] = np.stack([np.full(frames, number), np.arange(frames), np.zeros(frames)], 1)[
        :, :channels
    ]
    return drawn


def write_all(folder: Path, names, **options) -> dict[str, np.ndarray]:
    """Write a video a name, and return them."""
    written = {}
    for number, name in enumerate(names):
        written[name] = video(number, **options)
        write_lossless(folder / name, written[name])
    return written


def moving_mnist(root: Path) -> dict[str, np.ndarray]:
    names = ["train-seq100/0.mp4", "train-seq100/10.mp4", "train-seq100/2.mp4"]
    return write_all(root, [*names, "test-seq1000/0.mp4"], channels=1)


def gqn_mazes(root: Path) -> dict[str, np.ndarray]:
    return write_all(root, ["train/0.mp4", "train/10.mp4", "train/2.mp4", "test/0.mp4"])


def minerl_navigate(root: Path) -> dict[str, np.ndarray]:
    folder = root / "minerl_navigate"
    written = write_all(folder, ["train/a.mp4", "train/b.mp4", "test/c.mp4"])
    for number, name in enumerate(written):
        actions = {
            "actions": {
                "jump": [number + frame for frame in range(FRAMES)],
                "camera": [[0.5, -frame] for frame in range(FRAMES - 1)],
            },
            "place": ["none", "dirt"] + ["none"] * (FRAMES - 2),
        }
        (folder / name).with_suffix(".json").write_text(json.dumps(actions))
    return written


def kth(root: Path) -> dict[str, np.ndarray]:
    names = [
        f"{action}/person{person:02}_{action}_d{take}_uncomp.avi"
        for person in (1, 2, 21)
        for action in ("boxing", "walking")
        for take in (1,)
    ]
    lines = ["# some prose", "", "person13_handclapping_d3\t\t*missing*", ""]
    for name in names:
        lines.append(f"{Path(name).name.removesuffix('_uncomp.avi')}\t\tframes\t1-3, 4-7")
    written = write_all(root, names, channels=1)
    (root / "00sequences.txt").write_text("\n".join(lines))
    return written


def video_folder(root: Path) -> dict[str, np.ndarray]:
    return write_all(root, ["1.mp4", "2.avi", "10.mp4", "3.mp4"])


def marks(clip: np.ndarray) -> list[tuple[int, int]]:
    """Return which video and which of its frames every frame of a clip is."""
    return [(int(frame[0, 0, 0]), int(frame[0, 0, 1])) for frame in clip]
