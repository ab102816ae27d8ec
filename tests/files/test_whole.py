"""Files and folders appear whole, or what was there stays."""

from __future__ import annotations

import pytest

from reviewlens.errors import RunError
from reviewlens.files import whole_file, whole_folder


def test_a_file_appears_as_it_was_written(tmp_path):
    with whole_file(str(tmp_path / "a.csv")) as file:
        file.write("größer\r\n")
        assert not (tmp_path / "a.csv").exists()
    assert (tmp_path / "a.csv").read_bytes() == "größer\r\n".encode()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_fails_leaves_the_former_one(tmp_path):
    (tmp_path / "a.csv").write_text("former")
    with pytest.raises(KeyError), whole_file(str(tmp_path / "a.csv")) as file:
        file.write("new")
        raise KeyError
    assert [path.read_text() for path in tmp_path.iterdir()] == ["former"]
    nowhere = str(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(RunError, match="a.csv: cannot be written: No such"), whole_file(nowhere):
        pass


def test_a_folder_appears_whole_and_clears_what_was_left(tmp_path):
    (tmp_path / "deep" / ".7.partial").mkdir(parents=True)
    (tmp_path / "deep" / ".7.partial" / "left").write_text("half")
    with whole_folder(str(tmp_path / "deep" / "7")) as folder:
        (tmp_path / "deep" / ".7.partial" / "new").write_text("whole")
        assert folder == str(tmp_path / "deep" / ".7.partial")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["7"]
    assert [path.name for path in (tmp_path / "deep" / "7").iterdir()] == ["new"]


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_fails_leaves_the_former_one(tmp_path, replace):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "former").touch()
    with pytest.raises(KeyError), whole_folder(str(tmp_path / "7"), replace=replace):
        raise KeyError
    assert [path.name for path in tmp_path.rglob("*")] == ["7", "former"]


def test_a_folder_takes_the_place_of_another_only_if_it_shall(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "former").touch()
    with pytest.raises(OSError), whole_folder(str(tmp_path / "7")):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["7", "former"]
    with whole_folder(str(tmp_path / "7"), replace=True) as folder:
        assert (tmp_path / "7" / "former").exists() and folder
    assert [path.name for path in tmp_path.rglob("*")] == ["7"]
