"""Editors and type checkers know the package where it is installed as `make setup` does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROGRAM = """\
import reviewlens.models
from reviewlens.files import whole_file
from reviewlens.models import ReviewClassifier, load_encoder
from reviewlens.serving import Client

reveal_type(reviewlens.__version__)
# A function that has the name of its module.
reveal_type(whole_file("a"))
reveal_type(load_encoder("b"))
reveal_type(ReviewClassifier(load_encoder("b"), 3))
with Client("localhost:8501") as client:
    reveal_type(client.predict(["Good."])[0].label)
reviewlens.models.ReviewClasifier
"""
TYPES = ["str", "_GeneratorContextManager[", "Encoder", "ReviewClassifier", "str"]

# What a page's programs go on with, without saying again where it comes from.
BEFORE = {"debugging": "import keras\nmodel = keras.Sequential()\ninputs = targets = [[1]]\n"}


def pyright(folder: Path) -> list[dict]:
    """What an editor would show of the programs of a folder, worst first."""
    settings = {"typeCheckingMode": "basic", "pythonVersion": "3.10"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [Path(sys.executable).with_name("basedpyright"), "--outputjson"]
    command += ["--pythonpath", sys.executable, "--project", folder]
    outcome = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    report = json.loads(outcome.stdout)
    assert report["summary"]["filesAnalyzed"], outcome.stderr
    return report["generalDiagnostics"]


def test_pyright_knows_the_types_of_public_names(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    found = pyright(tmp_path)

    said = [each["message"] for each in found if each["severity"] == "information"]
    assert len(said) == len(TYPES), found
    assert [kind for kind, text in zip(TYPES, said, strict=True) if kind not in text] == []
    wrong = [each["message"] for each in found if each["severity"] == "error"]
    assert len(wrong) == 1 and '"ReviewClasifier"' in wrong[0], found


def test_mypy_knows_the_types_of_public_names(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    command = [Path(sys.executable).with_name("mypy"), "--python-executable", sys.executable]
    outcome = subprocess.run([*command, "program.py"], cwd=tmp_path, capture_output=True, text=True)

    said = [line for line in outcome.stdout.splitlines() if "Revealed type is" in line]
    assert len(said) == len(TYPES), outcome.stdout + outcome.stderr
    assert [kind for kind, text in zip(TYPES, said, strict=True) if kind not in text] == []
    wrong = [line for line in outcome.stdout.splitlines() if ": error: " in line]
    assert len(wrong) == 1 and '"ReviewClasifier"' in wrong[0], outcome.stdout


def test_programs_on_pages_and_in_notebooks_are_right_to_a_type_checker(tmp_path, repository):
    pages = [repository / "README.md", *(repository / "docs").glob("*.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        programs = re.findall(r"^```py(?:thon)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for number, program in enumerate(programs):
            name = f"{page.stem.lower()}_{number}.py"
            (tmp_path / name).write_text(BEFORE.get(page.stem, "") + program, encoding="utf-8")
    for path in (repository / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        # What a cell gives is an expression that a program would do nothing with.
        (tmp_path / f"notebook_{path.stem}.py").write_text("\n".join(code), encoding="utf-8")
    found = [each for each in pyright(tmp_path) if each.get("rule") != "reportUnusedExpression"]

    assert len(list(tmp_path.glob("readme_*.py"))) >= 4
    assert [
        (Path(each["file"]).name, each["range"]["start"], each["message"]) for each in found
    ] == []
