"""Runs a toy or a command in this process, which may be killed on the way.

What to run is read from standard input, as JSON: `output`, a folder; `build`, the module of the
toy that is run there, and `moods`, which it takes; or `command`, the words after `reviewlens`, in
that folder; `kill`, a function at whose call the process gets a SIGKILL, whether "before" or
"after" the call, and at which call; `largest_file`, the bytes that a file may have. A toy ends
with what went wrong, and 1.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import resource
import signal
import sys

from reviewlens.errors import ReviewlensError


def kill_at(name: str, when: str, call: int) -> None:
    """Replaces a function by one that kills this process."""
    holder_name, _, attribute = name.rpartition(".")
    holder = pkgutil.resolve_name(holder_name)
    function = getattr(holder, attribute)
    calls = 0

    def deadly(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **kwargs)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, attribute, deadly)


def run(case: dict) -> int:
    """Runs to the end or to the kill; returns the exit code."""
    toy = importlib.import_module(case["build"]) if "build" in case else None
    if case.get("kill"):
        kill_at(*case["kill"])
    if case.get("largest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (case["largest_file"],) * 2)
    if toy is None:
        from reviewlens.pipeline.cli import main

        os.chdir(case["output"])
        return main(case["command"])
    from reviewlens.pipeline import run_pipeline

    try:
        run_pipeline(lambda: toy.build(case["output"], **case.get("moods", {})), case["output"])
    except ReviewlensError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(json.load(sys.stdin)))
