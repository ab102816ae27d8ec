"""Imports TFX once; then every line on stdin is a run in a process of its own that may be killed.

A line is JSON: `build`, the module of the toy that is run; `output`; `moods`, which the toy takes;
`kill`, a function at whose call the process gets a SIGKILL, whether "before" or "after" the
call, and at which call; `largest_file`, the bytes that a file may have. The answer is JSON, too:
`code`, -9 for a process that was killed, and `said`, what it printed and the message of its error.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import tempfile

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


def run(case: dict) -> None:
    """Runs a toy, to its end or to the kill."""
    from reviewlens.pipeline import run_pipeline

    if case.get("kill"):
        kill_at(*case["kill"])
    if case.get("largest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (case["largest_file"],) * 2)
    toy = importlib.import_module(case["build"])
    run_pipeline(lambda: toy.build(case["output"], **case.get("moods", {})), case["output"])


def answer(case: dict) -> dict:
    """Runs a case in a process of its own."""
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            code = 1
            os.dup2(said.fileno(), 1)
            try:
                run(case)
                code = 0
            except ReviewlensError as error:
                os.write(1, str(error).encode())
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "said": said.read()}


for toy in ("toy_pipeline", "toy_models"):
    importlib.import_module(toy)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
# Nothing here is worth the seconds in which TensorFlow tidies up.
os._exit(0)
