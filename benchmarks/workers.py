"""Processes that measure when they are asked, so that systems take turns on one machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from record import PEERS


class Worker:
    """A process that runs `peers/worker.py`'s `answer`.

    Args:
        process: With pipes to its input and from its output.
    """

    def __init__(self, process: subprocess.Popen):
        self._process = process
        # Whatever libraries print while they load comes before the first answer.
        while (line := self._read()) != "ready":
            print(line, file=sys.stderr)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, task: str, **arguments):
        """Has the process do something, and waits for it.

        Args:
            task: Name of a function there.
            **arguments: Of that function; anything JSON can hold.

        Returns:
            What it returned.

        Raises:
            SystemExit: The process ended.
        """
        self._process.stdin.write(json.dumps({"task": task, **arguments}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._read())

    def _read(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"ended: {' '.join(self._process.args)}")
        return line.rstrip("\n")


@contextlib.contextmanager
def working(command: Sequence[str], *, threads: int) -> Iterator[Worker]:
    """Starts a worker and waits until it has loaded; ends it in the end.

    Args:
        command: What to run.
        threads: Told to the libraries that read it from the environment.

    Yields:
        The worker.
    """
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "RAYON_NUM_THREADS": str(threads),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # As the command line has it.
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield Worker(process)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.terminate()
        process.wait()


def peer_python() -> str:
    """The interpreter of the peers' environment.

    Raises:
        SystemExit: It is not there.
    """
    python = PEERS / ".venv" / "bin" / "python"
    if not python.exists():
        raise SystemExit(
            f"{python} is not there: make bench-peers, or leave its peers out: --peers"
        )
    return str(python)
