"""What a page tells its reader to type is run in its order, as a reader would type it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

_SERVE = ".venv/bin/reviewlens serve "


def blocks(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page, each with what stands behind its fence."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```([^\n]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_blocks(
    page: Path,
    folder: Path,
    not_again: Collection[str] = (),
    after: Callable[[str], None] = lambda line: None,
    changed: Callable[[str, str], str] = lambda name, text: text,
) -> None:
    """Runs the commands and programs of a page, and writes its files.

    Args:
        page: With blocks of `bash`, a command a line, of `python`, and of files, whose names stand
            behind their kinds.
        folder: Where they run.
        not_again: Commands that are left out.
        after: Is called after each command, while the servers that were started still run.
        changed: Gives of a file's name and text what is written in its place.
    """
    with contextlib.ExitStack() as servers:
        for kind, text in blocks(page):
            if kind == "bash":
                for line in text.splitlines():
                    if line.startswith(_SERVE):
                        servers.enter_context(_serving(line, folder))
                    elif line not in not_again:
                        run(line, folder)
                    after(line)
            elif kind == "python":
                run([sys.executable, "-c", text], folder)
            elif " " in kind:
                name = kind.split()[1]
                (folder / name).write_text(changed(name, text), encoding="utf-8")


def add_environment(folder: Path, programs: Path = Path(sys.executable).parent) -> None:
    """Lets programs, by default of this environment, stand for those that `make` would install."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    for program in ("python", "reviewlens"):
        (folder / ".venv" / "bin" / program).symlink_to(programs / program)
    (folder / ".venv" / ".installed").touch()


def run(command: str | list[str], folder: Path) -> str:
    """Runs a command, which must go well; returns what it printed."""
    outcome = subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert outcome.returncode == 0, f"{command}\n{outcome.stdout}"
    return outcome.stdout


@contextlib.contextmanager
def _serving(command: str, folder: Path) -> Iterator[None]:
    """A server that a reader would leave running in another terminal."""
    process = subprocess.Popen(shlex.split(command), cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "Exporting HTTP/REST API" in line:
                break
        assert process.poll() is None, "".join(lines)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
