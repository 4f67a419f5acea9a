"""`cwvae data show` and `make`: what data sets look like, and making stand-ins."""

import contextlib
import signal
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae.cli.data_options import DataMake, DataShow
from cwvae.cli.folder import check_writable
from cwvae.cli.interrupts import in_main_thread
from cwvae.data.digits import load_digits
from cwvae.data.listing import VideoFile
from cwvae.data.moving_mnist import MovingMNIST
from cwvae.data.pixels import resize, to_channels
from cwvae.data.progress import Progress
from cwvae.data.simulators import SIMULATORS, Collection, Simulator, collect
from cwvae.data.sources import files_of, parse_data, read_options
from cwvae.data.videos import read_all
from cwvae.files import replacing
from cwvae.provenance import environment
from cwvae.report.animation import enlarge, side_by_side, write_animation
from cwvae.report.strip import write_strip
from cwvae.training.config import DataConfig

__all__ = ["make", "show"]

_CARD = "README.md"
_SHEET = "contact_sheet.png"
_SHEET_COLUMNS = 12
_GIF_FRAMES = 300


def make(options: DataMake) -> int:
    """Make a stand-in with its card and contact sheet, and return the exit status."""
    simulator, out = SIMULATORS[options.name], options.out
    check_writable(out)
    collection = Collection(
        train=options.train,
        test=options.test,
        frames=options.frames or simulator.frames,
        seed=options.seed,
    )
    bar = partial(Progress, unit="video", desc=simulator.name)
    with _ending_workers():
        discarded = collect(simulator, out, collection, workers=options.workers, progress=bar)
    place = f"{simulator.name}:{out}"
    sheet = DataShow(dataset=place, out=out / _SHEET)
    _draw(sheet)
    with replacing(out / _CARD) as temporary:
        temporary.write_text(_card(simulator, collection, discarded, out))
    print(
        f"{collection.train} training and {collection.test} test videos of {collection.frames} "
        f"frames in {out}: {_CARD}, {_SHEET}, the truth in *_truth.npz"
    )
    print(f"cwvae train --data {place} --out RUN")
    return 0


@contextlib.contextmanager
def _ending_workers() -> Iterator[None]:
    """Let SIGTERM end the processes that work for this one, as Ctrl-C does."""
    if not in_main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def show(options: DataShow) -> int:
    """Draw some videos of a data set, and return the exit status."""
    check_writable(options.out.parent)
    _draw(options)
    print(options.out)
    return 0


def _draw(options: DataShow) -> None:
    """Write a contact sheet, or videos side by side."""
    rows = _some_videos(options)
    frames = min(len(video) for video in rows.values())
    rows = {name: video[:frames] for name, video in rows.items()}
    if options.out.suffix.lower() == ".png":
        every = -(-frames // _SHEET_COLUMNS)
        write_strip(options.out, rows, every=every, title=options.dataset)
    else:
        videos = [enlarge(video[:_GIF_FRAMES], 2) for video in rows.values()]
        write_animation(options.out, side_by_side(videos))


def _some_videos(
    options: DataShow,
) -> dict[str, UInt8[np.ndarray, "frames height width channels"]]:
    """Return the first videos of a split by name."""
    place = parse_data(options.dataset, "DATASET")
    if place.path is None:
        source = MovingMNIST(split=options.split, frames=100, digits=load_digits(), seed=0)
        videos = {str(index): source[index]["video"] for index in range(options.videos)}
        return {name: resize(video, options.size) for name, video in videos.items()}
    data = DataConfig(data=options.dataset, axes=options.axes, array=options.array)
    files = files_of(place, options.split, data)
    # The first video of every file comes before the second of any.
    parts = sorted((n, i) for i, file in enumerate(files) for n in range(len(file.parts or (0,))))
    chosen = parts[: options.videos]
    read = {
        i: read_all(
            files[i].path,
            size=options.size,
            fit=files[i].fit or "crop",
            options=read_options(data),
        )
        for i in {file for _, file in chosen}
    }
    rows = {}
    for n, i in chosen:
        start, stop = files[i].parts[n] if files[i].parts else (0, None)
        rows[_name(files, i, n)] = read[i][start:stop]
    channels = max(video.shape[3] for video in rows.values())
    return {name: to_channels(video, channels) for name, video in rows.items()}


def _name(files: Sequence[VideoFile], index: int, number: int) -> str:
    """Return the name of a video: of its file, of its folder too where files share the name."""
    path = files[index].path
    shared = sum(file.path.name == path.name for file in files) > 1
    name = f"{path.parent.name}/{path.name}" if shared else path.name
    return f"{name} {number}" if len(files[index].parts or ()) > 1 else name


def _card(simulator: Simulator, collection: Collection, discarded: int, folder: Path) -> str:
    """Return the data card."""
    known = environment()
    kept = f"{collection.train} training and {collection.test} test videos"
    rows = {
        "videos": f"{kept} of {collection.frames} frames, 64 x 64 pixels",
        "discarded": f"{discarded} scenes in the last start of the command",
        "seed": str(collection.seed),
        "same seed, same videos": "yes" if simulator.deterministic else "no",
        "made": known["date"],
        "command": " ".join(map(str, known["command"])),
        "versions": ", ".join(f"{name} {v}" for name, v in simulator.versions().items()),
        "platform": f"{known['platform']}, Python {known['python']}",
        "cwvae": f"{known['versions']['cwvae']}, commit {known['git_commit']}",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"""# {simulator.name}

{simulator.card}

The truth about the videos of a split is in `train_truth.npz` and `test_truth.npz`: arrays whose
first axis counts the videos; the array `video` names their files.

| | |
|---|---|
{table}

`cwvae train --data {simulator.name}:{folder} --out RUN` trains on it.
"""
