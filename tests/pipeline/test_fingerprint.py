"""The fingerprint changes with the code that it stands for, and with no other."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

import reviewlens
from reviewlens.pipeline import code_fingerprint

SOURCE = pathlib.Path(reviewlens.__file__).parent


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of this package's code, to be edited."""
    copy = tmp_path_factory.mktemp("copy") / "reviewlens"
    for room in ("pipeline", "components", "serving", "models", "files"):
        shutil.copytree(SOURCE / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in SOURCE.glob("*.py"):
        shutil.copy(file, copy)
    (copy / "models" / "probe.py").write_text("from . import probed\nX = 1\n")
    (copy / "models" / "probed.py").write_text("Y = 1\n")
    (copy / "models" / "lazily.py").write_text("def function():\n    from ..serving import Probe\n")
    (copy / "serving" / "__init__.py").write_text(
        "import lazy_loader as lazy\n"
        "__getattr__, __dir__, __all__ = lazy.attach(\n"
        "    __name__, submod_attrs={'probe': ['Probe'], 'other': ['Other']}\n"
        ")\n"
    )
    (copy / "serving" / "probe.py").write_text("class Probe:\n    x = 1\n")
    (copy / "serving" / "other.py").write_text("class Other:\n    x = 1\n")
    return copy


@pytest.fixture
def fingerprint(package):
    """Fingerprints a module of the copy."""

    def fingerprint(module):
        program = f"from reviewlens.pipeline import code_fingerprint as f; print(f({module!r}))"
        return subprocess.check_output(
            [sys.executable, "-c", program], cwd=package.parent, text=True
        )

    return fingerprint


@pytest.mark.parametrize(
    ("module", "edited", "new", "changes"),
    [
        ("reviewlens.models.probe", "models/probe.py", "from . import probed\nX = 2\n", True),
        ("reviewlens.models.probe", "models/probed.py", "Y = 2\n", True),
        ("reviewlens.models.probe", "models/probed.py", "# Why.\nY =  1\n", False),
        ("reviewlens.models.probe", "models/lazily.py", "Z = 2\n", False),
        # Through the lazy export of a folder, inside a function.
        ("reviewlens.models.lazily", "serving/probe.py", "class Probe:\n    x = 2\n", True),
        ("reviewlens.models.lazily", "serving/other.py", "class Other:\n    x = 2\n", False),
        ("reviewlens.serving", "serving/other.py", "class Other:\n    x = 2\n", True),
    ],
)
def test_sees_exactly_the_code_that_is_reached(package, fingerprint, module, edited, new, changes):
    before = fingerprint(module)
    former = (package / edited).read_text()
    (package / edited).write_text(new)
    try:
        assert (fingerprint(module) != before) == changes
    finally:
        (package / edited).write_text(former)


def test_the_trainer_is_known_by_the_models_that_it_trains():
    assert code_fingerprint("reviewlens.components.trainer") == code_fingerprint(
        "reviewlens.components.trainer", "reviewlens.models.training.loop"
    )
    assert code_fingerprint("reviewlens.components.trainer") != code_fingerprint(
        "reviewlens.models.training.loop"
    )


def test_the_ingest_is_known_by_the_formats_that_it_reads():
    ingest = "reviewlens.components.review_example_gen"
    read = ("formats", "reading", "inputs", "input_file", "compression", "lines", "records")
    assert code_fingerprint(ingest) == code_fingerprint(
        ingest, *(f"reviewlens.files.{module}" for module in read)
    )


@pytest.mark.parametrize("name", ["reviewlens.models.nothing", "json", ""])
def test_a_module_that_is_not_there_is_refused(name):
    with pytest.raises(ValueError, match="is no module of reviewlens"):
        code_fingerprint(name)
