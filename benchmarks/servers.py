"""Servers as processes of their own."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence

import httpx
import psutil

# Seconds that a server may take until it is ready, and until it has stopped.
PATIENCE = 120.0


@dataclasses.dataclass
class ServerProcess:
    """A server that is ready.

    Attributes:
        pid: Of the process.
        seconds: From its start until it was ready.
    """

    pid: int
    seconds: float

    def resident_mb(self) -> float:
        """Resident memory, in MB (10^6 bytes)."""
        return psutil.Process(self.pid).memory_info().rss / 1e6


@contextlib.contextmanager
def running(
    command: Sequence[str], ready_url: str, environment: dict[str, str]
) -> Iterator[ServerProcess]:
    """Starts a server and waits until it is ready; stops it in the end.

    Args:
        command: What to run.
        ready_url: Answers with status 200 once the server is ready.
        environment: Variables of the process.

    Yields:
        The server.

    Raises:
        RuntimeError: It ended or was not ready in time.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment)
    try:
        while not _answers(ready_url):
            if process.poll() is not None or time.perf_counter() > started + PATIENCE:
                raise RuntimeError(f"did not get ready: {' '.join(command)}")
            time.sleep(0.05)
        yield ServerProcess(process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
