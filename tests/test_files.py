import pytest

from cwvae.files import read_json, replacing, write_json


def test_writing_then_reading_is_the_identity(tmp_path):
    value = {"a": [1, 2.5, None, True, "text"], "b": {}}
    write_json(tmp_path / "new" / "a.json", value)
    assert read_json(tmp_path / "new" / "a.json") == value
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON"),
        ("\ud800", "expected JSON, .*; mend the file"),
        ('{"a": 1, "a": 2}', "the key 'a' stands there twice"),
        ('{"a": {"b": 1, "b": 1}}', "the key 'b' stands there twice"),
        ("NaN", "NaN is no finite number"),
        ("[-Infinity]", "-Infinity is no finite number"),
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
    ],
    ids=["empty", "cut", "bytes", "twice", "twice inside", "NaN", "infinity", "deep"],
)
def test_what_is_no_plain_json_is_an_error_with_the_file(text, message, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(ValueError, match=rf"{path}: .*{message}"):
        read_json(path)


def test_a_file_that_fails_to_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "a"
    path.write_text("before")

    def write() -> None:
        with replacing(path) as temporary:
            temporary.write_text("after")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
