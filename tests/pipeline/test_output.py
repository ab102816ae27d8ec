"""Folders that cannot take the results of a run."""

from __future__ import annotations

import os
import sqlite3

import pytest

from reviewlens.errors import RunError
from reviewlens.pipeline import run_pipeline
from reviewlens.pipeline.output import LONGEST_DATABASE_PATH, check_output


def folder_of(length, parent):
    """A path of so many bytes."""
    path = str(parent)
    while length - len(path) > 250:
        path += "/" + "d" * 200
    return path + "/" + "e" * (length - len(path) - 1)


def test_the_limit_is_that_of_sqlite(tmp_path):
    longest = folder_of(LONGEST_DATABASE_PATH - len("/metadata.sqlite"), tmp_path)
    check_output(longest)
    for folder, opens in ((longest, True), (longest + "f", False)):
        os.makedirs(folder)
        if opens:
            sqlite3.connect(f"{folder}/metadata.sqlite").execute("CREATE TABLE t (x)")
        else:
            with pytest.raises(sqlite3.OperationalError):
                sqlite3.connect(f"{folder}/metadata.sqlite").execute("CREATE TABLE t (x)")


def test_a_path_that_is_too_long_is_told_before_anything_is_made(tmp_path):
    folder = folder_of(600, tmp_path)
    with pytest.raises(RunError) as raised:
        run_pipeline(pytest.fail, folder)
    assert str(raised.value) == (
        f"{folder}: cannot be used as output: its path is 600 bytes long, and SQLite opens the "
        "metadata.sqlite of a run only in folders of up to 488; choose a shorter `output`"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_short_link_to_a_long_path_is_too_long_as_well(tmp_path):
    os.makedirs(folder_of(600, tmp_path))
    (tmp_path / "link").symlink_to(folder_of(600, tmp_path))
    with pytest.raises(RunError, match="link: cannot be used as output: its path is 600 bytes"):
        check_output(str(tmp_path / "link"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("file", "it is a file, not a folder"),
        ("nowhere", "it links to .*/gone, which is missing"),
        ("file/below", "Not a directory"),
        ("n" * 300, "File name too long"),
        ("nul\0", "a path has no NUL character"),
    ],
)
def test_what_can_be_no_folder_is_told(tmp_path, name, message):
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    with pytest.raises(RunError, match=f"cannot be used as output: {message}"):
        run_pipeline(pytest.fail, str(tmp_path / name))


def test_a_folder_that_is_there_or_not_is_fine(tmp_path):
    check_output(str(tmp_path))
    check_output(str(tmp_path / "to" / "be" / "made"))
    check_output("relative/ordner-mit-ümlaut")
