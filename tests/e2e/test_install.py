"""The bare install is light: no TensorFlow, and the command line still answers."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

LEFT_OUT = shutil.ignore_patterns(".*", "runs", "build", "*.egg-info", "__pycache__")


@pytest.fixture(scope="module")
def bare(tmp_path_factory, repository) -> Path:
    """Folder of the programs of a fresh environment with nothing but `pip install .`."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(repository, folder / "source", ignore=LEFT_OUT)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    # The versions that the lock names, so that the outcome is the same tomorrow. Some differ
    # between releases of Python, which a marker says.
    lock = (repository / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9-]+==[^\\\n]+", lock, re.M)
    (folder / "pins.txt").write_text("\n".join(pins))
    subprocess.run(
        [programs / "pip", "install", "--quiet", "--constraint", folder / "pins.txt", "."],
        cwd=folder / "source",
        check=True,
    )
    return programs


def test_the_bare_install_carries_nothing_heavy(bare):
    installed = subprocess.run(
        [bare / "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    ).stdout

    assert "reviewlens==" in installed
    assert not re.search("^(tensorflow|keras|tfx|apache-beam|numpy|pandas)", installed, re.M)


def test_the_bare_install_checks_configurations(bare, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("name: a\noutput: b\ndata: {input: c, text: d, ratng: e}\n")
    outcome = subprocess.run(
        [bare / "reviewlens", "validate", config], capture_output=True, text=True
    )

    assert outcome.returncode == 2
    assert "did you mean data.rating?" in outcome.stderr


def test_what_the_bare_install_lacks_is_named(bare, tmp_path):
    (tmp_path / "saved_model.pb").touch()
    outcome = subprocess.run(
        [bare / "reviewlens", "predict", "--model", tmp_path, "Great."],
        capture_output=True,
        text=True,
    )

    assert outcome.returncode == 1
    assert "pip install 'reviewlens[all]'" in outcome.stderr


def test_the_client_loads_at_once_and_nothing_heavy(bare):
    program = (
        "import sys, time\n"
        "started = time.perf_counter()\n"
        "from reviewlens.serving import Client\n"
        "seconds = time.perf_counter() - started\n"
        "assert seconds < 0.5, seconds\n"
        "for transport in ('rest', 'grpc'):\n"
        "    Client('localhost:8501', transport=transport).close()\n"
        "heavy = {'tensorflow', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    outcome = subprocess.run([bare / "python", "-c", program], capture_output=True, text=True)

    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("transport", [[], ["--grpc"]])
def test_the_bare_install_says_that_nobody_listens(bare, tmp_path, transport):
    (tmp_path / "in.csv").write_text("text\nGreat.\n")
    files = ["--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        outcome = subprocess.run(
            [bare / "reviewlens", "predict", "--server", address, *transport, *files],
            capture_output=True,
            text=True,
        )

    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"error: {address}: UNAVAILABLE: ")
    assert outcome.stderr.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()
