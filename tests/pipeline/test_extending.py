"""docs/extending.md names the files that a further node, key or command touches, and no others."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re

import pytest

from reviewlens.pipeline.cli import main
from reviewlens.pipeline.commands import COMMANDS

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
FLOORS = ("pipeline", "components", "serving", "models", "files")


def listed(section):
    """What the first column of a section's table names."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    rows = [line.split("|")[1] for line in found.splitlines() if line.startswith("| ")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def files_with(is_it):
    """Files of the product in whose code there is such a node of the syntax tree."""
    files = [file for floor in FLOORS for file in (ROOT / floor).rglob("*.py")]
    return {
        str(file.relative_to(ROOT))
        for file in files
        if any(is_it(node) for node in ast.walk(ast.parse(file.read_bytes())))
    }


def says(word):
    return lambda node: isinstance(node, ast.Constant) and node.value == word


@pytest.mark.parametrize("section", ["A node", "A configuration key", "A command"])
def test_what_is_listed_is_there(section):
    for name in listed(section):
        path = name.replace("NAME.py", "").replace("NAME/", "")
        assert (ROOT / path).exists(), name


def test_a_node_is_known_to_its_own_files_the_graph_and_the_table():
    assert listed("A node") == {
        *("components/NAME.py", "components/NAME/", "pipeline/graphs/", "pipeline/nodes/"),
    }
    assert files_with(says("exporter")) == {
        "pipeline/graphs/reviews.py",
        "pipeline/nodes/review_nodes.py",
    }


def test_a_key_is_known_to_the_settings_and_to_its_consumer():
    settings = {name for name in listed("A configuration key") if name.endswith(".py")}

    def named(node):
        names = (getattr(node, key, None) for key in ("id", "attr", "arg", "value"))
        return "label_smoothing" in [name for name in names if isinstance(name, str)]

    others = files_with(named) - settings
    assert "models/settings.py" in settings
    assert others and all(file.startswith("models/") for file in others), others


def test_a_command_is_its_file_and_a_line(monkeypatch, capsys):
    assert listed("A command") == {"pipeline/commands/NAME.py", "pipeline/commands/__init__.py"}
    assert files_with(says("validate")) == {
        "pipeline/commands/validate.py",
        "pipeline/commands/__init__.py",
    }

    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setitem(COMMANDS, "toy", importlib.import_module("toy_command"))
    assert main(["toy", "hello"]) == 0
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert printed.startswith("hello\n")
    assert re.search(r"^  toy +say a word$", printed, re.MULTILINE)
