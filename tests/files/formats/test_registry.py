"""The registry of formats: what one more costs is its own file and a line."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

import reviewlens
from reviewlens.errors import RunError
from reviewlens.files import FORMATS, Format, list_files, read_records, register

ROOT = pathlib.Path(reviewlens.__file__).parent
ROOMS = ("pipeline", "components", "serving", "models", "files")
# `predict` writes these as well.
WRITTEN = ("csv", "tsv", "jsonl", "fasttext", "parquet", "workbook")


def constants(file: pathlib.Path) -> set[str]:
    """The strings of a module, its docstrings aside."""
    tree = ast.parse(file.read_bytes())
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    found = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in prose)
    return {n.value for n in found if isinstance(n.value, str)}


def test_the_guide_names_all_files_of_a_format():
    guide = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    section = guide.partition("## An input format\n")[2].partition("\n## ")[0]
    files = re.findall(r"^\| `(.+?)`", section, re.MULTILINE)
    assert files == ["files/formats/cards.py", "files/formats/__init__.py", "README.md"]
    # The toy is the first of them; the formats that there are show the other two.
    assert (ROOT / "tests" / "files" / "toy_format.py").is_file()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `data\.format` .*", readme, re.MULTILINE)
    assert [name for name in FORMATS if f"`{name}`" not in row] == []


def test_a_format_stands_in_its_own_module_and_in_the_list_alone():
    folder = ROOT / "files" / "formats"
    modules = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    (imported,) = [
        [alias.name for alias in node.names]
        for node in ast.parse((folder / "__init__.py").read_bytes()).body
        if isinstance(node, ast.ImportFrom) and node.module is None
    ]
    assert set(imported) == modules - {"__init__", "__pycache__", "registry"}
    telling = {
        word
        for name, format in FORMATS.items()
        if name not in WRITTEN
        for word in (name, *format.endings)
        # Files of many other kinds end so as well.
        if word not in (".json", "json")
    }
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    knowing = [path for path in files if telling & constants(path)]
    assert knowing and all(path.is_relative_to(folder) for path in knowing), knowing


def test_one_more_format_is_found_and_read(tmp_path, toy_format):
    (tmp_path / "a.cards").write_text("text: so: good\nstars: 5\n\n\nbroken\n\ntext: bad\n")
    (file,) = list_files(str(tmp_path))
    assert file.format == "cards"
    records = list(read_records(file, {"text": "data.text"}))
    assert [(record.row, record.reason) for record in records] == [
        (1, ""),
        (5, "malformed-row"),
        (7, ""),
    ]
    assert records[0].values == {"text": "so: good", "stars": "5"}
    with pytest.raises(RunError, match="did you mean 'stars'"):
        list(read_records(file, {"star": "data.rating"}))


@pytest.mark.parametrize(
    ("name", "ending", "words"),
    [
        ("csv", ".new", "the name 'csv' is taken"),
        ("auto", ".new", "the name 'auto' is taken"),
        ("new", ".tab", "the ending .tab is taken by tsv"),
    ],
)
def test_no_format_takes_what_another_has(name, ending, words):
    with pytest.raises(ValueError, match=words):
        register(Format(name, "new", (".new", ending), lambda *_: iter(())))
    assert "new" not in FORMATS
