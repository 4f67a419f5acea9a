import pytest

from cwvae.training.digests import changed_file, write_digests


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "inner" / "b").write_bytes(b"")
    return tmp_path


def test_a_folder_without_digests_is_taken_as_it_is(folder):
    assert changed_file(folder) is None


def test_a_folder_that_stays_is_whole(folder):
    write_digests(folder)
    assert changed_file(folder) is None
    write_digests(folder)
    assert changed_file(folder) is None


@pytest.mark.parametrize("content", [b"contenu", b"conten", b"", None])
def test_a_changed_file_is_named(content, folder):
    write_digests(folder)
    (folder / "a").unlink() if content is None else (folder / "a").write_bytes(content)
    assert changed_file(folder) == "a"


def test_a_new_file_is_named(folder):
    write_digests(folder)
    (folder / "inner" / "c").touch()
    assert changed_file(folder) == "inner/c"


@pytest.mark.parametrize("text", ["", "[", "[]", "3"])
def test_digests_that_are_damaged_are_an_error_or_named(text, folder):
    write_digests(folder)
    (folder / "digests.json").write_text(text)
    if text in ("", "["):
        with pytest.raises(ValueError, match=r"digests\.json: expected JSON"):
            changed_file(folder)
    else:
        assert changed_file(folder) == "digests.json"
