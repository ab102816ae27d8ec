"""What is said to TensorFlow and to the C library before a run."""

from __future__ import annotations

import os
import sys

import pytest

from reviewlens.pipeline.environment import limit_arenas, prepare_environment


@pytest.mark.parametrize(("given", "counts"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_onednn_is_taken_unless_somebody_else_decides(monkeypatch, given, counts):
    monkeypatch.setattr(os, "environ", given)
    prepare_environment()

    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == counts


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_processes_that_are_started_share_arenas_as_well(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.delenv("MALLOC_ARENA_MAX")
    limit_arenas()

    assert os.environ["MALLOC_ARENA_MAX"] == str(os.cpu_count())


def test_a_limit_of_somebody_elses_stays(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "3")
    limit_arenas()

    assert os.environ["MALLOC_ARENA_MAX"] == "3"
