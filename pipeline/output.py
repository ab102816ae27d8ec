"""Whether a folder can take the results of a run, told before anything is made in it."""

from __future__ import annotations

import os

from ..errors import RunError

# Bytes of the path of a database. SQLite keeps 512 for it with the ending of its journal.
LONGEST_DATABASE_PATH = 504
DATABASE = "metadata.sqlite"
SUMMARY = "summary.json"
# Under the output folder, one a run.
RUNS = "runs"


def check_output(folder: str) -> None:
    """Looks for what would make a run fail later, or with words that nobody understands.

    Args:
        folder: The `output` of a configuration; need not be there.

    Raises:
        RunError: If it is a file or a link to nowhere, or no path of this system, or so long that
            SQLite cannot open the database in it.

    Example:
        >>> check_output("runs/amazon-snippets")
    """
    if "\0" in folder:
        raise RunError(f"{folder!r}: cannot be used as output: a path has no NUL character")
    if os.path.islink(folder) and not os.path.exists(folder):
        target = os.path.realpath(folder)
        raise RunError(
            f"{folder}: cannot be used as output: it links to {target}, which is missing"
        )
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise RunError(f"{folder}: cannot be used as output: it is a file, not a folder")
    # SQLite follows links before it measures.
    longest = max((os.path.abspath(folder), os.path.realpath(folder)), key=_bytes)
    room = LONGEST_DATABASE_PATH - len(f"/{DATABASE}")
    if _bytes(longest) > room:
        raise RunError(
            f"{folder}: cannot be used as output: its path is {_bytes(longest):,} bytes long, and "
            f"SQLite opens the {DATABASE} of a run only in folders of up to {room}; choose a "
            "shorter `output`"
        )


def _bytes(path: str) -> int:
    return len(os.fsencode(path))
