"""Programs end at once, and as they would have otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys, threading, time
from reviewlens.pipeline.ending import run_and_end

class Kept:
    def __del__(self):
        print("taken apart")

def late():
    time.sleep(0.2)
    print("a thread")

def main():
    threading.Thread(target=late).start()
    atexit.register(print, "at the exit")
    {ends}

kept = Kept()
run_and_end(main)
"""


def run(ends: str, **options) -> subprocess.CompletedProcess:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.run([sys.executable, "-c", PROGRAM.format(ends=ends)], **options)


@pytest.mark.parametrize(
    ("ends", "code"),
    [("return 0", 0), ("return 3", 3), ("sys.exit()", 0), ("sys.exit(2)", 2)],
)
def test_threads_and_exit_handlers_are_done_and_nothing_is_taken_apart(ends, code):
    outcome = run(ends)

    assert outcome.returncode == code
    assert outcome.stdout.splitlines() == ["a thread", "at the exit"]
    assert outcome.stderr == ""


@pytest.mark.parametrize("ends", ["sys.exit('words')", "raise ValueError('words')"])
def test_what_went_wrong_is_told(ends):
    outcome = run(ends)

    assert outcome.returncode == 1
    assert outcome.stderr.endswith("words\n")


def test_output_that_cannot_be_written_fails_the_program():
    with open("/dev/full", "w") as full:
        # So that it is written in the end.
        outcome = run("return 0", stdout=full, env={**os.environ, "PYTHONUNBUFFERED": ""})

    assert outcome.returncode == 120
    assert "No space left on device" in outcome.stderr
