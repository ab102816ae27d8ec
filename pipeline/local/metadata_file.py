"""The SQLite file of ML Metadata, without which nobody knows which artifact is what.

Before a run it is looked at as SQLite itself would: what a process that was killed has left half
written is rolled back, what another program has locked is waited for, and only what is damaged
is moved out of the way, with the artifacts that it alone can tell apart.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3

from ...errors import RunError

_PATIENCE_SECONDS = 10.0
# SQLite's own files beside a database; its journal holds what undoes a broken transaction.
_COMPANIONS = ("-journal", "-wal", "-shm")


def set_aside_unreadable(database: str, root: str) -> str:
    """Makes room for a new start if the record of all runs is damaged or gone.

    Without it the artifacts cannot be told apart, and their numbers would be given anew.

    Args:
        database: Path of the SQLite file of ML Metadata.
        root: Folder of the artifacts.

    Returns:
        A line that says what was moved where; "" if there was no need.

    Raises:
        RunError: If the file can be neither used nor called damaged, as while another program
            has locked it; nothing has been moved then.
    """
    fault = _fault(database)
    files = [database, *(f"{database}{ending}" for ending in _COMPANIONS)]
    orphans = [path for path in (*files, root) if os.path.lexists(path)]
    if not fault or not orphans or (fault == _EMPTY and root not in orphans):
        return ""
    aside = _new_folder(os.path.join(os.path.dirname(os.path.abspath(database)), "set-aside"))
    for path in orphans:
        shutil.move(path, aside)
    return f"{database} {fault}: everything is made anew; what was there is now in {aside}"


_MISSING, _EMPTY, _DAMAGED = "is missing", "is empty", "is damaged"


def _fault(database: str) -> str:
    """What is wrong with the file, once SQLite has brought it in order; "" for nothing."""
    if not os.path.exists(database):
        return _MISSING
    try:
        with contextlib.closing(
            sqlite3.connect(database, timeout=_PATIENCE_SECONDS, isolation_level=None)
        ) as connection:
            # A reader alone would already keep ML Metadata from writing.
            connection.execute("BEGIN EXCLUSIVE")
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return _DAMAGED
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            return "" if tables else _EMPTY
    except sqlite3.OperationalError as error:
        return _damage_or_raise(database, error)
    except sqlite3.DatabaseError:
        return _DAMAGED


def _damage_or_raise(database: str, error: sqlite3.OperationalError) -> str:
    """Tells a header that makes no sense from a file that cannot be used just now."""
    message = str(error)
    if "locked" in message:
        raise RunError(
            f"{database}: another program has locked it; close that program, or wait until it is "
            "done, and run the same command again (nothing was changed)"
        ) from None
    # SQLite takes a damaged format number for that of a later release.
    if "unsupported" in message or ("readonly" in message and os.access(database, os.W_OK)):
        return _DAMAGED
    raise RunError(f"{database}: cannot be used: {message} (nothing was changed)") from error


def _new_folder(path: str) -> str:
    """Makes a folder that was not there: `path`, or `path-2` and so on."""
    names = itertools.chain([path], (f"{path}-{number}" for number in itertools.count(2)))
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name)
            return name
    raise AssertionError("numbers do not end")
