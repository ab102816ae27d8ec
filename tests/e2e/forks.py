"""Processes that have imported TensorFlow and TFX when they start, which takes others seconds.

A server imports them once and computes nothing, so that it can be forked for each program.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import unittest.mock
from collections.abc import Mapping, Sequence
from pathlib import Path

_IMPORTED = [
    "tensorflow_text",
    "tensorflow_model_analysis",
    "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor",
    "reviewlens.pipeline.graphs.reviews",
    "reviewlens.pipeline.local.runner",
]
# What commands set before they import them.
_SET_BEFORE = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}


def run_apart(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], out: Path, err: Path
) -> int:
    """Runs a program of Python in a process of its own.

    Args:
        command: Path of its script, or `python -m MODULE`, and its arguments.
        folder: Its current directory.
        environment: All its environment variables.
        out: File that what it prints is added to.
        err: The same of its errors.

    Returns:
        The exit code.
    """
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(_IMPORTED)
    with unittest.mock.patch.dict(os.environ, _SET_BEFORE):
        process = forks.Process(
            target=_run, args=(list(command), str(folder), dict(environment), str(out), str(err))
        )
        process.start()
    process.join()
    return process.exitcode


def _run(command: list[str], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    for descriptor, path in ((1, out), (2, err)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if command[:2] == ["python", "-m"]:
        sys.argv = command[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(sys.argv[0], run_name="__main__")
