"""Digits: the packaged subset, the layouts that are read, and what raises."""

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from cwvae.data.digits import Digits, load_digits

IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
KERAS_NAMES = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "train_images": random.integers(0, 256, (5, 28, 28), np.uint8),
        "train_labels": np.array([0, 9, 3, 3, 1], np.uint8),
        "test_images": random.integers(0, 256, (2, 28, 28), np.uint8),
        "test_labels": np.array([7, 8], np.uint8),
    }


def write_idx(folder: Path, arrays: dict[str, np.ndarray], *, packed: bool = False) -> None:
    for name, array in arrays.items():
        header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
        content = header + array.tobytes()
        file = folder / (IDX_NAMES[name] + (".gz" if packed else ""))
        file.write_bytes(gzip.compress(content) if packed else content)


def assert_equal(digits: Digits, arrays: dict[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        np.testing.assert_array_equal(getattr(digits, name), array)


def one_line(caught: pytest.ExceptionInfo) -> str:
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_packaged_subset_is_balanced_mnist():
    digits = load_digits()
    assert digits.train_images.shape == (10_000, 28, 28)
    assert digits.test_images.shape == (2_000, 28, 28)
    assert np.bincount(digits.train_labels).tolist() == [1_000] * 10
    assert np.bincount(digits.test_labels).tolist() == [200] * 10
    # MNIST's mean ink, known to be 0.1307 of full.
    assert digits.train_images.mean() / 255 == pytest.approx(0.1307, abs=0.005)


def test_packaged_splits_are_disjoint():
    digits = load_digits()
    train = {image.tobytes() for image in digits.train_images}
    assert not any(image.tobytes() in train for image in digits.test_images)


@pytest.mark.parametrize("names", [{}, KERAS_NAMES])
def test_npz(tmp_path, arrays, names):
    file = tmp_path / "mnist.npz"
    np.savez(file, **{names.get(name, name): array for name, array in arrays.items()})
    assert_equal(load_digits(file), arrays)
    assert_equal(load_digits(str(file)), arrays)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_folder_and_single_files(tmp_path, arrays, packed):
    write_idx(tmp_path, arrays, packed=packed)
    assert_equal(load_digits(tmp_path), arrays)
    for file in tmp_path.iterdir():
        assert_equal(load_digits(file), arrays)


def test_idx_with_dotted_names(tmp_path, arrays):
    write_idx(tmp_path, arrays)
    for file in list(tmp_path.iterdir()):
        file.rename(tmp_path / file.name.replace("-idx", ".idx"))
    assert_equal(load_digits(tmp_path), arrays)
    assert_equal(load_digits(tmp_path / "t10k-labels.idx1-ubyte"), arrays)


def test_missing_files(tmp_path, arrays):
    with pytest.raises(FileNotFoundError, match=r"absent\.npz: no such file"):
        load_digits(tmp_path / "absent.npz")
    write_idx(tmp_path, arrays)
    (tmp_path / IDX_NAMES["test_labels"]).unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels-idx1-ubyte: no such file"):
        load_digits(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-1], "expected 96 bytes .* got 95"),
        (lambda content: content + b"0", "expected 96 bytes .* got 97"),
        (lambda content: content[:6], "expected .* bytes .* got 6"),
        (lambda content: content[:8], "expected 96 bytes .* got 8"),
        (lambda content: b"", "got nothing"),
        (lambda content: b"\x00\x00\x0d" + content[3:], "got 00000d01"),
        (lambda content: b"<html>" + content, "got 3c68746d"),
    ],
)
def test_damaged_idx(tmp_path, arrays, damage, message):
    arrays = arrays | {
        "train_images": np.zeros((88, 28, 28), np.uint8),
        "train_labels": np.zeros(88, np.uint8),
    }
    write_idx(tmp_path, arrays)
    file = tmp_path / IDX_NAMES["train_labels"]
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=message) as caught:
        load_digits(tmp_path)
    assert str(file) in one_line(caught)


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: b"no gzip"])
def test_damaged_gzip(tmp_path, arrays, damage):
    write_idx(tmp_path, arrays, packed=True)
    file = tmp_path / (IDX_NAMES["train_images"] + ".gz")
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match="expected a gzip file") as caught:
        load_digits(tmp_path)
    assert str(file) in one_line(caught)


def test_a_gzip_that_unpacks_to_much_is_not_unpacked(tmp_path, arrays):
    write_idx(tmp_path, arrays, packed=True)
    file = tmp_path / (IDX_NAMES["train_images"] + ".gz")
    content = gzip.decompress(file.read_bytes())
    for promised, message in ((5, "got 3937 or more"), (2**31, r"at most 1\.5 GiB .*1\.57e")):
        header = content[:4] + promised.to_bytes(4, "big") + content[8:16]
        file.write_bytes(gzip.compress(header + bytes(2**20)))
        with pytest.raises(ValueError, match=message) as caught:
            load_digits(tmp_path)
        assert str(file) in one_line(caught)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut short"])
def test_damaged_npz(tmp_path, content):
    file = tmp_path / "mnist.npz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"expected an \.npz archive") as caught:
        load_digits(file)
    assert str(file) in one_line(caught)


def test_npz_with_a_flipped_byte(tmp_path, arrays):
    file = tmp_path / "mnist.npz"
    np.savez(file, **arrays)
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match="could not read them") as caught:
        load_digits(file)
    assert str(file) in one_line(caught)


def test_npz_with_python_objects(tmp_path):
    file = tmp_path / "mnist.npz"
    np.savez(file, train_images=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="plain numeric arrays"):
        load_digits(file)


def test_npz_with_other_arrays(tmp_path):
    file = tmp_path / "mnist.npz"
    np.savez(file, video=np.zeros(3))
    with pytest.raises(ValueError, match=r"expected the arrays train_images, .* got video"):
        load_digits(file)


def test_unknown_kind_of_file(tmp_path):
    file = tmp_path / "digits.txt"
    file.write_text("0 1 2")
    with pytest.raises(ValueError, match="rename or convert it") as caught:
        load_digits(file)
    assert str(file) in one_line(caught)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("train_images", np.zeros((5, 32, 32), np.uint8), r"uint8 of shape \(5, 32, 32\)"),
        ("train_images", np.zeros((5, 784), np.uint8), r"uint8 of shape \(5, 784\)"),
        ("train_images", np.zeros((0, 28, 28), np.uint8), r"n >= 1, got .* \(0, 28, 28\)"),
        ("test_images", np.zeros((2, 28, 28), np.float32), "test_images to be uint8 .* float32"),
        ("test_labels", np.array([0, 10]), r"test_labels in 0\.\.9, got 0\.\.10"),
        ("test_labels", np.array([-1, 1]), r"got -1\.\.1"),
        ("test_labels", np.array([0.0, 1.0]), "integers of shape"),
        ("test_labels", np.eye(10, dtype=int)[:2], r"integers of shape \(n,\), got int64"),
        ("train_labels", np.array([1, 2]), "one label per image, got 5 .* and 2"),
    ],
)
def test_wrong_arrays(tmp_path, arrays, name, bad, message):
    with pytest.raises(ValueError, match=message) as caught:
        Digits(**(arrays | {name: bad}))
    one_line(caught)
    file = tmp_path / "mnist.npz"
    np.savez(file, **(arrays | {name: bad}))
    with pytest.raises(ValueError, match=message) as caught:
        load_digits(file)
    assert one_line(caught).startswith(f"{file}: ")


def test_digits_cannot_be_changed(arrays):
    digits = Digits(**arrays)
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.train_labels = arrays["test_labels"]


def test_unknown_split(arrays):
    with pytest.raises(ValueError, match="'train' or 'test', got 'validation'"):
        Digits(**arrays).of("validation")
