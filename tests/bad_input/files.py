"""Files beside videos: digits, truths, actions, exported models, models of the user's own."""

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bad_input import Row
from bad_input.videos import array, content, film

IMAGES, LABELS = np.zeros((5, 28, 28), np.uint8), np.arange(5)
DIGITS = {
    f"{s}_{n}": a for s in ("train", "test") for n, a in (("images", IMAGES), ("labels", LABELS))
}
TRAIN = "train --preset debug --out new"


def digits(name: str, message: str, make: Callable[[Path], object]) -> Row:
    return Row(f"{TRAIN} --digits {name}", message, make)


def changed(**values: object) -> Callable[[Path], object]:
    return array(None, "d.npz", **(DIGITS | values))


def idx(head: bytes, data: bytes = b"", name: str = "train-images-idx3-ubyte"):
    return content(name, head + data)


def safetensors(header: object, data: bytes = b"", length: int | None = None):
    """Return what writes an exported model with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    return content("m.safetensors", struct.pack("<Q", size) + text + data)


def export(message: str, make: Callable[[Path], object]) -> Row:
    return Row("info m.safetensors", message, make)


def model(code: str, message: str) -> Row:
    return Row(f"{TRAIN} --model m.py:build", message, content("m.py", code.encode()))


def recorded(actions: bytes) -> Callable[[Path], object]:
    """Return what writes a data set of a video with actions beside it."""

    def make(folder: Path) -> None:
        for split in ("train", "test"):
            (folder / "d" / split).mkdir(parents=True)
            film("v.mp4")(folder / "d" / split)
            (folder / "d" / split / "v.json").write_bytes(actions)

    return make


def data(place: str, message: str, make: Callable[[Path], object] = lambda folder: None) -> Row:
    return Row(f"{TRAIN} --resize --channels 3 --frames 4 --data {place}", message, make)


def tree(*names: str) -> Callable[[Path], object]:
    """Return what writes films into a folder."""

    def make(folder: Path) -> None:
        for name in names:
            (folder / "d" / name).parent.mkdir(parents=True, exist_ok=True)
            film(Path(name).name)((folder / "d" / name).parent)

    return make


def unnamed(folder: Path) -> None:
    """Write an array by itself under the name of an archive."""
    with (folder / "t.npz").open("wb") as file:
        np.save(file, LABELS)


def made(content: bytes) -> Row:
    """Return the row of a data set of which is not known how it was made."""

    def make(folder: Path) -> None:
        (folder / "d").mkdir()
        (folder / "d" / "made.json").write_bytes(content)

    return Row("data make crafter --out d", "is damaged; give another folder", make)


def damaged_set(folder: Path) -> None:
    tree("train/1.mp4", "test/2.mp4")(folder)
    (folder / "d" / "train" / "3.mp4").write_bytes(b"no video")


DEFINE = "def build(config, *, key):\n    "
ROWS = {
    "digits: absent": digits("d.npz", "no such file or folder; give", lambda folder: None),
    "digits: of another name": digits("d.txt", "rename or convert it", content("d.txt", b"")),
    "digits: no archive": digits("d.npz", "write it with numpy.savez", content("d.npz", b"text")),
    "digits: other names": digits(
        "d.npz", "got a; save them under", array(None, "d.npz", a=LABELS)
    ),
    "digits: no images": digits(
        "d.npz", "train_images to be uint8", changed(train_images=IMAGES[:0])
    ),
    "digits: large images": digits(
        "d.npz", "use MNIST's own images", changed(test_images=np.zeros((5, 32, 32), np.uint8))
    ),
    "digits: floats": digits("d.npz", "got float64", changed(train_images=IMAGES / 255)),
    "digits: other counts": digits(
        "d.npz", "got 5 train_images and 4", changed(train_labels=LABELS[:4])
    ),
    "digits: classes": digits(
        "d.npz", "in 0..9, got 5..9|in 0..9", changed(test_labels=LABELS + 8)
    ),
    "digits: labels of floats": digits(
        "d.npz", "one class per image", changed(test_labels=LABELS / 2)
    ),
    "digits: objects": digits("d.npz", "Python objects", changed(test_labels=np.array([None] * 5))),
    "digits: one of four files": digits(
        "train-images-idx3-ubyte",
        "no such file, with or without|put the four",
        idx(struct.pack(">4I", 0x803, 1, 28, 28), bytes(784)),
    ),
    "digits: an empty folder": digits(".", "put the four MNIST files", lambda folder: None),
    "export: absent": Row("info m.safetensors", "cwvae models lists them"),
    "export: no such name": Row("info pretrained:none", "the name of a model in the package"),
    "export: empty": export("copy or export it again", content("m.safetensors", b"")),
    "export: text": export("a header of .* bytes in a file", content("m.safetensors", b"text" * 9)),
    "export: no JSON": export("damaged or of another kind", safetensors(b"{{{{{{{{")),
    "export: no metadata": export("without a configuration; give", safetensors({})),
    "export: an endless header": export("a header of", safetensors({}, length=2**62)),
    "export: beyond the end": export(
        "copy or export it again",
        safetensors({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}),
    ),
    "export: a huge array": export(
        "copy or export it again",
        safetensors({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}),
    ),
    "export: a number": export("expected an object", safetensors({"__metadata__": {"cwvae": "3"}})),
    "export: another schema": export(
        "expected schema 1, got 9; this is cwvae",
        safetensors({"__metadata__": {"cwvae": '{"schema": 9}'}}),
    ),
    "export: no fields": export(
        "is missing", safetensors({"__metadata__": {"cwvae": '{"schema": 1}'}})
    ),
    "export: nested deep": export(
        "nested too deep", safetensors({"__metadata__": {"cwvae": "[" * 20_000}})
    ),
    "export: a folder of nothing": Row("info d", "d holds no run", lambda f: (f / "d").mkdir()),
    "model: absent": Row(f"{TRAIN} --model m.py:build", "no such file to build"),
    "model: no function": model("x = 1", "has no function build; it has none"),
    "model: no code": model("def build(:", "line 1: SyntaxError"),
    "model: zeros": model("\0", "cannot be executed"),
    "model: not UTF-8": Row(
        f"{TRAIN} --model m.py:build", "cannot be executed", content("m.py", b"x = '\xff'")
    ),
    "model: not callable": model("build = 3", "must be a function, got a value of type int"),
    "model: fails": model(f"{DEFINE}return 1 / 0", "line 2: ZeroDivisionError"),
    "model: returns nothing": model(f"{DEFINE}pass", "must return .*, got None"),
    "model: exits": model(f"{DEFINE}raise SystemExit(0)", "failed.*SystemExit"),
    "model: exits at once": model("raise SystemExit", "cannot be executed.*SystemExit"),
    "model: ends": model("raise BaseException('x')", "BaseException: x"),
    "model: a generator ends": model("raise GeneratorExit", "GeneratorExit"),
    "model: recurses": model(f"{DEFINE}return build(config, key=key)", "RecursionError"),
    "model: takes nothing": model("def build():\n    pass", "failed: TypeError"),
    "model: imports what is not there": model("import nothing_of_this_name", "ModuleNotFoundError"),
    "model: a control character": model("raise ValueError('\\x1b[2J')", r"ValueError: \?\[2J"),
    "model: endless words": model("raise ValueError('a ' * 10**6)", "ValueError: a a"),
    "actions: no JSON": data("minerl_navigate:d", "expected JSON.*download", recorded(b"{")),
    "actions: not UTF-8": data("minerl_navigate:d", "expected JSON", recorded(b'{"a": "\xff"}')),
    "actions: nested deep": data("minerl_navigate:d", "expected JSON", recorded(b"[" * 10**5)),
    "actions: none": data("minerl_navigate:d", "found none", recorded(b"{}")),
    "actions: too few": data(
        "minerl_navigate:d", "expected 6 entries of a", recorded(b'{"a": [1]}')
    ),
    "actions: not finite": data(
        "minerl_navigate:d", "a finite number", recorded(b'{"a": [1,2,3,4,5,1e999]}')
    ),
    "actions: objects": data(
        "minerl_navigate:d", "a finite number", recorded(b'{"a": [1,2,3,4,5,{}]}')
    ),
    "actions: ragged": data(
        "minerl_navigate:d", "a finite number", recorded(b'{"a": [1,2,3,4,5,[1,2]]}')
    ),
    "data: no such name": data("nothing:d", "must be NAME:PATH with one of the names"),
    "data: no path": data("kth", "without the folder of the data set; give kth:PATH"),
    "data: no such folder": data("video_folder:d", "no such folder; check"),
    "data: nothing in it": data("video_folder:d", "found none; give", lambda f: (f / "d").mkdir()),
    "data: one split": data(
        "video_folder:d", "none of 0 files|found no|expected", tree("test/1.mp4")
    ),
    "data: one video": data("video_folder:d", "expected at least|one video", tree("1.mp4")),
    "data: no folder of a split": data("gqn_mazes:d", "expected a folder train", tree("1.mp4")),
    "data: no such actions": data("kth:d", "d: expected|sequences", tree("a.avi")),
    "data: a damaged file": data("video_folder:d", "3.mp4: expected", damaged_set),
    "data: too short": data(
        "video_folder:d --frames 100",
        "one clip, got 6; ask for fewer",
        tree("train/1.mp4", "test/1.mp4"),
    ),
    "data: the cache is a file": data(
        "video_folder:d --cache-memory 0 --cache-folder d/train/1.mp4",
        "; free some|cache",
        tree("train/1.mp4", "test/1.mp4"),
    ),
    "data: shown without a split": Row("data show video_folder:d --out x.png", "no such folder"),
    "data: shown as text": Row("data show moving_mnist --out x.txt", "must end in .png"),
    "data: none of this name": Row("data make planets --out d", "must be one of|rooms"),
    "data: made before, nested deep": made(b"[" * 10**5),
    "data: made before, of words": made(
        b'{"simulator": "crafter", "frames": 300, "seed": 0, "train": "1", "test": 1}'
    ),
    "data: made into a file": Row("data make humans --out d", "is a file; give", content("d", b"")),
    "compare: one run": Row("compare {run}", "at least two runs"),
    "compare: no run": Row("compare {run} d", "d holds no run"),
    "compare: text": Row("compare {run} {run} --out x.txt", "must end in .html"),
    "encode: no video": Row("encode {run} v.mp4 --out x.npz", "no such file"),
    "encode: as a film": Row("encode {run} v.mp4 --out x.gif", "must end in .npz"),
    "analyse: no run": Row("analyse d", "d holds no run"),
    "analyse: too few": Row("analyse {run} --num-examples 3", "at least 20, got 3"),
    "analyse: no truth": Row("analyse {run} --truth t.npz", "t.npz: no such file; check"),
    "analyse: an array without a name": Row(
        "analyse {run} --truth t.npz",
        "no .npz|expected an .npz|with a name",
        unnamed,
    ),
    "export: of no run": Row("export d m.safetensors", "d holds no run"),
    "export: of another dtype": Row(
        "export {run} m.safetensors --dtype int8", "--dtype must be one of"
    ),
    "export: no such evaluation": Row(
        "export {run} m.safetensors --evaluation d",
        "d/metrics.json: No such file or directory; give",
    ),
    "gzip for digits": digits(
        "train-images-idx3-ubyte.gz",
        "put the four|unpack",
        content("train-images-idx3-ubyte.gz", gzip.compress(b"")[:9]),
    ),
}
