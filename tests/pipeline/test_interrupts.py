"""Ctrl-C and SIGTERM on a real process, and what the next run makes of it."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from reviewlens.errors import RunError

SCRIPT = pathlib.Path(__file__).with_name("toy_run.py")


BUSY = """
import hashlib, time
from reviewlens.pipeline.interrupts import ending_promptly
with ending_promptly("goodbye"):
    print("begun", flush=True)
    {work}
print("went on")
"""
# A session of its own has no terminal until it takes one.
CONTROLLED = """
import fcntl, os, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
del sys.argv[0]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WORKS = {
    "in Python": "time.sleep(600)",
    # One call for hours, in which Python runs no signal handler.
    "in C": "hashlib.pbkdf2_hmac('sha256', b'', b'', 2_000_000_000)",
    "swallowing": """
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass
""",
}
SIGNALS = [signal.SIGINT, signal.SIGTERM]


def start(*command):
    # A job in the background of a shell script ignores Ctrl-C unless it is told not to. Told here
    # and not by `preexec_fn`, for which Python forks: gRPC, which other tests may have at work in
    # this process, does not always survive that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def ended():
    """What each work said and ended with after each signal; they take their seconds together."""
    processes = {
        (work, sent): start("-c", BUSY.format(work=WORKS[work]))
        for work in WORKS
        for sent in SIGNALS
    }
    for process in processes.values():
        assert process.stdout.readline() == "begun\n"
    # Into the work itself.
    time.sleep(0.3)
    for (_, sent), process in processes.items():
        process.send_signal(sent)
    return {
        case: (*process.communicate(timeout=60), process.returncode)
        for case, process in processes.items()
    }


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("sent", SIGNALS)
def test_a_signal_ends_any_work(ended, work, sent):
    assert ended[work, sent] == ("", "goodbye\n", 128 + sent)


def test_without_a_signal_nothing_happens():
    stdout, stderr = start("-c", BUSY.format(work="pass")).communicate(timeout=60)
    assert (stdout, stderr) == ("begun\nwent on\n", "")


def test_a_run_that_was_interrupted_holds_its_lock_until_then_and_is_gone_on_with(
    run_toy, tmp_path
):
    process = start(str(SCRIPT), str(tmp_path), "compute")
    leftover = tmp_path / "pipeline" / "total" / "total" / "3"
    while not (leftover / "begun").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    with pytest.raises(RunError, match=rf"another run \(process {process.pid}\)"):
        run_toy()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout.splitlines()[-1].split()[1:] == ["total", "running"]
    assert stderr == "goodbye\n"
    assert leftover.is_dir()
    result = run_toy()
    assert result.states == {"draw": "cached", "double": "cached", "total": "done"}
    assert not leftover.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mood", "ends"), [("sleep", "interrupted"), ("compute", "running")], ids=["calm", "busy"]
)
def test_ctrl_c_on_a_terminal_leaves_one_table_and_the_farewell(terminal, tmp_path, mood, ends):
    shown = terminal(width=80)
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROLLED, str(SCRIPT), str(tmp_path), mood],
        stdin=shown.theirs,
        stdout=shown.theirs,
        stderr=shown.theirs,
        env={**environment, "TERM": "xterm"},
        start_new_session=True,
    )
    while not (tmp_path / "pipeline" / "total" / "total" / "3" / "begun").exists():
        assert process.poll() is None, shown.written()
        time.sleep(0.05)
    time.sleep(1)
    shown.press(b"\x03")
    assert process.wait(timeout=60) == 130
    shown.close()
    lines = [line.split() for line in shown.lines() if line]
    assert lines.count(["node", "state", "seconds", "progress"]) == 1
    assert [line[:2] for line in lines[-4:-1]] == [
        ["draw", "done"],
        ["double", "done"],
        ["total", ends],
    ]
    assert lines[-1] == ["goodbye"]
