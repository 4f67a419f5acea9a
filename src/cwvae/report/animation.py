"""Videos written as files: GIF to look at anywhere, MP4 to share, NumPy archives to compute with.

A video here is uint8 (frames, height, width, channels) with 1 channel (gray) or 3 (RGB).
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from cwvae._extras import extra
from cwvae.files import replacing

with extra("data"):
    import av
    import av.filter
    from av.container import OutputContainer
    from av.video.format import VideoFormat

__all__ = ["enlarge", "side_by_side", "write_animation"]

_SEPARATOR = 128
# Many players show a GIF that asks for less than two hundredths of a second a frame slowly.
_FASTEST_GIF = 50
# x264 scale: 0 is lossless, 18 is called visually lossless; small frames cost little.
_QUALITY = "14"


def write_animation(
    path: str | Path,
    video: UInt8[np.ndarray, "frames height width channels"],
    *,
    fps: float = 15.0,
) -> None:
    """Write a video to a .gif, .mp4 or .npz file.

    - .gif: loops; gray is exact, colours are reduced to the 256 that fit the video best;
    - .mp4: H.264 in yuv420p, which plays everywhere, at high quality; an odd height or width gets
      its last row or column twice, as the format needs even numbers;
    - .npz: exact, compressed, an array named `video`; `fps` is not kept.

    All keep the number of frames. Parent folders are made, and the file appears only when it is
    complete.

    **Arguments:** `path`; `video`, 1 or 3 channels; `fps`, frames per second, 0.01 to 50 in a GIF,
    to 1000 elsewhere.

    Raises `ValueError` for another ending, no such video, or `fps` out of range.
    """
    path = Path(path)
    _check_video("video", video)
    suffix = _check_target(path, fps)
    with replacing(path) as temporary:
        if suffix == ".npz":
            with temporary.open("wb") as file:
                np.savez_compressed(file, video=video)
        elif suffix == ".mp4":
            _write_mp4(temporary, video, _rate(fps))
        else:
            _write_gif(temporary, video, _rate(fps))


def side_by_side(
    videos: Sequence[UInt8[np.ndarray, "frames height width channels"]], *, border: int = 2
) -> UInt8[np.ndarray, "frames height total_width channels"]:
    """Put videos of one shape next to each other, left to right, thin gray lines between them.

    **Arguments:** `videos`, of one shape, 1 or 3 channels; `border`, width of a line in pixels,
    >= 0.

    Raises `ValueError` for no video, shapes that differ, or a negative border.
    """
    if not videos or border < 0:
        raise ValueError(
            f"expected at least one video and border >= 0, got {len(videos)} and {border}; "
            "give the videos to be compared"
        )
    for number, video in enumerate(videos):
        _check_video(f"video {number}", video)
    shapes = [video.shape for video in videos]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"expected videos of one shape, got {', '.join(map(str, shapes))}; cut or resize them"
        )
    frames, height, _, channels = shapes[0]
    line = np.full((frames, height, border, channels), _SEPARATOR, np.uint8)
    pieces = [piece for video in videos for piece in (line, video)]
    return np.concatenate(pieces[1:], axis=2)


def enlarge(
    video: UInt8[np.ndarray, "frames height width channels"], factor: int
) -> UInt8[np.ndarray, "frames taller wider channels"]:
    """Make every pixel a square of `factor` x `factor` pixels, factor >= 1; nothing is smoothed.

    Raises `ValueError` for no such video, or a factor below 1.
    """
    _check_video("video", video)
    if factor < 1:
        raise ValueError(f"expected a factor >= 1, got {factor}; 1 leaves the video as it is")
    return video.repeat(factor, axis=1).repeat(factor, axis=2)


def _write_mp4(path: Path, video: np.ndarray, rate: Fraction) -> None:
    _, height, width, _ = video.shape
    # Half-size colour planes need even sides.
    even = np.pad(video, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    # The index goes in front, so that a browser can start before it has all of the file.
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": _QUALITY})
        stream.height, stream.width = even.shape[1:3]
        stream.pix_fmt = "yuv420p"
        _encode(container, stream, _frames(even, rate))


def _write_gif(path: Path, video: np.ndarray, rate: Fraction) -> None:
    gray = video.shape[3] == 1
    frames = _frames(video, rate)
    with av.open(str(path), "w", format="gif") as container:
        stream = container.add_stream("gif", rate=rate)
        stream.height, stream.width = video.shape[1:3]
        stream.pix_fmt = "gray" if gray else "pal8"
        _encode(container, stream, frames if gray else _with_palette(frames, video.shape, rate))


def _encode(
    container: OutputContainer,
    stream: av.VideoStream,
    frames: Iterator[av.VideoFrame],
) -> None:
    for frame in frames:
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _frames(video: np.ndarray, rate: Fraction) -> Iterator[av.VideoFrame]:
    gray = video.shape[3] == 1
    for number, image in enumerate(video):
        pixels = np.ascontiguousarray(image[..., 0] if gray else image)
        frame = av.VideoFrame.from_ndarray(pixels, format="gray" if gray else "rgb24")
        frame.pts = number
        frame.time_base = 1 / rate
        yield frame


def _with_palette(
    frames: Iterator[av.VideoFrame], shape: tuple[int, ...], rate: Fraction
) -> Iterator[av.VideoFrame]:
    # One palette for the whole video, so that still parts do not flicker; it can only be known
    # once every frame has gone by, so the filters hold the video until then.
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=shape[2], height=shape[1], format=VideoFormat("rgb24"), time_base=1 / rate
    )
    split = graph.add("split")
    palette = graph.add("palettegen", "reserve_transparent=0:stats_mode=full")
    # Error diffusion would make still parts crawl; an ordered pattern stays where it is.
    indexed = graph.add("paletteuse", "dither=bayer:bayer_scale=5")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(indexed, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(indexed, 0, 1)
    indexed.link_to(sink)
    graph.configure()
    for frame in frames:
        graph.vpush(frame)
    graph.vpush(None)
    for _ in range(shape[0]):
        yield graph.vpull()


def _check_target(path: Path, fps: float) -> str:
    """Check where and how fast a video is to be written; return the suffix in lower case."""
    suffix = path.suffix.lower()
    if suffix not in (".gif", ".mp4", ".npz"):
        raise ValueError(
            f"{path}: expected a name ending in .gif, .mp4 or .npz, got "
            f"{path.suffix or 'no suffix'}; choose one of the three"
        )
    most = _FASTEST_GIF if suffix == ".gif" else 1000
    if not 0.01 <= fps <= most:
        raise ValueError(
            f"{path}: expected from 0.01 to {most} frames per second in a {suffix} file, got "
            f"{fps}; 15 is a good start"
        )
    return suffix


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1000)


def _check_video(name: str, video: np.ndarray) -> None:
    shaped = video.ndim == 4 and video.shape[3] in (1, 3) and video.size > 0
    if video.dtype != np.uint8 or not shaped:
        raise ValueError(
            f"expected {name} to be uint8 (frames, height, width, 1 or 3), got {video.dtype} "
            f"{video.shape}; multiply values in [0, 1] by 255, round, and convert"
        )
