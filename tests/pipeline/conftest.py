"""What the tests of the pipeline share."""

from __future__ import annotations

import importlib
import importlib.util
import pathlib
import textwrap

import pytest

HERE = pathlib.Path(__file__).parent

CONFIG = """\
    # What these tests change a line of.
    name: demo
    output: {folder}/out
    data:
      input: {folder}/reviews.csv
      text: [Title, Review]
      rating: Rating
      classes: {{negative: [1, 2], neutral: 3, positive: [4, 5]}}
    training:
      epochs: 2
      learning_rate: 5e-5
    """

REVIEWS = """\
Title,Review,Rating
Good,"It fits well,
and looks great.",5
Bad,It broke at once.,1
So so,It is what it is.,3
"""


@pytest.fixture
def config_file(tmp_path):
    """Writes a valid configuration with lines replaced, `write(("epochs: 2", "epochs: two"))`."""
    (tmp_path / "reviews.csv").write_text(REVIEWS)

    def write(*changes):
        text = textwrap.dedent(CONFIG).format(folder=tmp_path)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "demo.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def terminal():
    """Opens terminals: `terminal(width=80)`, see `terminal.Terminal`."""
    spec = importlib.util.spec_from_file_location("terminal", HERE / "terminal.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Terminal


@pytest.fixture
def run_toy(tmp_path, monkeypatch):
    """Runs the toy pipeline in `tmp_path`: `run_toy(first=3, from_node="total")`."""
    return _runs_of("toy_pipeline", tmp_path, monkeypatch)


@pytest.fixture
def run_models(tmp_path, monkeypatch):
    """Runs the toy models in `tmp_path`: `run_models(weights="2", evaluator="too bad")`."""
    return _runs_of("toy_models", tmp_path, monkeypatch)


def _runs_of(module, folder, monkeypatch):
    from reviewlens.pipeline import run_pipeline

    # TFX imports the executors by name.
    monkeypatch.syspath_prepend(HERE)

    def run(from_node=None, to_node=None, **moods):
        def build():
            return importlib.import_module(module).build(str(folder), **moods)

        return run_pipeline(build, str(folder), from_node=from_node, to_node=to_node)

    return run
