"""The fingerprint changes with the code that it stands for, and with no other."""

from __future__ import annotations

import contextlib
import json
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
    for ending in ("py", "pyi"):
        for file in SOURCE.glob(f"*.{ending}"):
            shutil.copy(file, copy)
    (copy / "models" / "probe.py").write_text("from . import probed\nX = 1\n")
    (copy / "models" / "probed.py").write_text("Y = 1\n")
    (copy / "models" / "lazily.py").write_text("def function():\n    from ..serving import Probe\n")
    (copy / "models" / "by_name.py").write_text(
        "import importlib\n"
        "FAMILIES = ['probe', 'other']\n"
        "NAMED = {'plain': f'{__package__}.lazily'}\n"
        "def load(name):\n"
        "    return importlib.import_module(f'.{name}.family', __package__)\n"
    )
    (copy / "models" / "one").mkdir()
    (copy / "models" / "one" / "__init__.py").touch()
    (copy / "models" / "one" / "family.py").write_text("FAMILY = 1\n")
    (copy / "models" / "one" / "others.py").write_text("OTHERS = 1\n")
    (copy / "serving" / "__init__.py").write_text(
        "import lazy_loader as lazy\n"
        "__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)\n"
    )
    (copy / "serving" / "__init__.pyi").write_text(
        "from .other import Other as Other\nfrom .probe import Probe as Probe\n"
    )
    (copy / "serving" / "probe.py").write_text("class Probe:\n    x = 1\n")
    (copy / "serving" / "other.py").write_text("class Other:\n    x = 1\n")
    return copy


@pytest.fixture
def fingerprint(package):
    """Fingerprints a module of the copy."""
    program = "from reviewlens.pipeline import code_fingerprint as f; print(f({!r}))"
    return lambda module: printed(program.format(module), package)


@pytest.fixture(scope="module")
def nodes(package):
    """Fingerprints all nodes of the copy; with other versions of some libraries, if given."""
    program = (
        "import importlib.metadata as m, json\n"
        "versions, installed = {!r}, m.version\n"
        "m.version = lambda library: versions.get(library) or installed(library)\n"
        "from reviewlens.pipeline.nodes.review_nodes import REVIEW_NODES as NODES\n"
        "print(json.dumps({{n.id: n.fingerprint() for n in NODES if n.code}}))\n"
    )
    return lambda **versions: json.loads(printed(program.format(versions), package))


@pytest.fixture(scope="module")
def unchanged(nodes):
    """The fingerprints of all nodes as they are."""
    return nodes()


def printed(program, package):
    return subprocess.check_output([sys.executable, "-c", program], cwd=package.parent, text=True)


@contextlib.contextmanager
def edited(path, old, new):
    former = path.read_text()
    assert old in former
    path.write_text(former.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(former)


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
        ("reviewlens.models.probed", "models/probed.py", '"""What for."""\nY = 1\n', False),
        # By a name that is put together: of a family, and of a module beside this one.
        ("reviewlens.models.by_name", "models/one/family.py", "FAMILY = 2\n", True),
        ("reviewlens.models.by_name", "models/one/others.py", "OTHERS = 2\n", False),
        ("reviewlens.models.by_name", "serving/probe.py", "class Probe:\n    x = 2\n", True),
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


EVERY = {
    *("review-example-gen", "encoder-fetcher", "schema-gen", "encoder-validator", "transform"),
    *("trainer", "ngram-trainer", "exporter", "evaluator", "serving-validator"),
}
# What the encoder is asked stands beside what answers it, in the code of the export.
EXPORT = {"encoder-validator", "exporter"}


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        # What only people read.
        ("models/layers/plain_operations.py", '"""', '"""In other words: ', set()),
        ("models/training/loop.py", "# ", "# Once more: ", set()),
        # An encoder more, or another address of one: which one is used, the fetcher is told.
        ("models/encoders/bert/presets.py", '"minilm-l6"', '"minilm-l7"', set()),
        # What a server sends itself while it loads a model is part of that model alone.
        ("serving/warmup.py", "Love it!", "Like it!", {"exporter", "serving-validator"}),
        ("serving/text_models/encoder.py", "CHUNK = 32", "CHUNK = 64", EXPORT),
        ("models/training/loop.py", "REPORT_EVERY = 10", "REPORT_EVERY = 20", {"trainer"}),
        ("models/ngrams/training.py", "_AT_ONCE = 2**24", "_AT_ONCE = 2**25", {"ngram-trainer"}),
        # A tokenizer comes from its encoder's family, and its code with it.
        (
            "models/layers/plain_operations.py",
            "return ",
            "return 1 * ",
            {*EXPORT, "transform", "trainer", "ngram-trainer"},
        ),
    ],
)
def test_a_node_runs_again_for_what_it_computes_with(
    package, nodes, unchanged, file, old, new, changed
):
    assert set(unchanged) == EVERY
    with edited(package / file, old, new):
        after = nodes()
    assert {node for node in EVERY if after[node] != unchanged[node]} == changed


@pytest.mark.parametrize(
    ("library", "changed"),
    [
        ("tensorflow", EVERY - {"review-example-gen", "encoder-fetcher", "schema-gen"}),
        ("keras", {*EXPORT, "trainer", "ngram-trainer"}),
        ("apache-beam", {"review-example-gen", "transform", "evaluator"}),
        ("rich", set()),
    ],
)
def test_a_node_runs_again_for_another_version_of_what_it_calls(nodes, unchanged, library, changed):
    after = nodes(**{library: "99"})
    assert {node for node in EVERY if after[node] != unchanged[node]} == changed


@pytest.mark.parametrize("name", ["reviewlens.models.nothing", "json", ""])
def test_a_module_that_is_not_there_is_refused(name):
    with pytest.raises(ValueError, match="is no module of reviewlens"):
        code_fingerprint(name)
