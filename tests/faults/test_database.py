"""The database of ML Metadata: left half written, locked, damaged, lost."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys

import pytest

from reviewlens.errors import RunError
from reviewlens.pipeline.local.metadata_file import set_aside_unreadable

pytestmark = pytest.mark.faults

# A transaction so large for its cache that SQLite has to write into the file before it ends.
WRITES_AND_DIES = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN")
connection.execute("UPDATE Artifact SET uri = uri || ' is half written'")
connection.execute("CREATE TABLE filler (text)")
for i in range(2000):
    connection.execute("INSERT INTO filler VALUES (?)", (str(i) * 500,))
os.kill(os.getpid(), signal.SIGKILL)
"""
LOCKS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
connection.execute("SELECT * FROM Artifact").fetchone()
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path):
    return tmp_path / "metadata.sqlite"


@pytest.fixture
def locked(database):
    """Has another program hold a lock: `locked("BEGIN EXCLUSIVE")`; returns how to end it."""
    processes = []

    def lock(how):
        process = subprocess.Popen(
            [sys.executable, "-c", LOCKS, str(database), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout.readline() == "locked\n"
        return lambda: process.communicate(timeout=60)

    yield lock
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def leave_hot_journal(database):
    code = subprocess.run([sys.executable, "-c", WRITES_AND_DIES, str(database)]).returncode
    assert code == -9
    assert database.with_name("metadata.sqlite-journal").stat().st_size > 512


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_was_half_written_is_rolled_back(run_apart, tmp_path, database):
    run_apart("toy_pipeline")
    before = sqlite3.connect(database).execute("SELECT uri FROM Artifact").fetchall()
    leave_hot_journal(database)

    run_apart("toy_pipeline")
    assert not (tmp_path / "set-aside").exists()
    connection = sqlite3.connect(database)
    assert connection.execute("SELECT uri FROM Artifact").fetchall() == before
    assert (tmp_path / "summary.json").read_text().count('"draw"') == 2


@pytest.mark.parametrize("how", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE", "BEGIN"])
def test_a_locked_database_is_not_damaged(tmp_path, database, locked, monkeypatch, how):
    monkeypatch.setattr("reviewlens.pipeline.local.metadata_file._PATIENCE_SECONDS", 0.2)
    (tmp_path / "pipeline").mkdir()
    sqlite3.connect(database).executescript(
        "CREATE TABLE Artifact (id); INSERT INTO Artifact VALUES (1)"
    )
    release = locked(how)

    with pytest.raises(RunError) as raised:
        set_aside_unreadable(str(database), str(tmp_path / "pipeline"))
    assert str(raised.value) == (
        f"{database}: another program has locked it; close that program, or wait until it is done, "
        "and run the same command again (nothing was changed)"
    )
    assert contents(tmp_path) == ["metadata.sqlite", "pipeline"]
    release()
    assert set_aside_unreadable(str(database), str(tmp_path / "pipeline")) == ""


def test_a_database_that_is_locked_while_a_run_goes_on(run_apart, tmp_path, database, locked):
    run_apart("toy_pipeline")
    release = locked("BEGIN IMMEDIATE")

    lines = run_apart("toy_pipeline", moods={"first": 2}, ends=1)
    assert "another program has locked it" in lines[-2]
    release()
    run_apart("toy_pipeline", moods={"first": 2})
    assert not (tmp_path / "set-aside").exists()


def test_nothing_that_was_set_aside_is_deleted(run_apart, tmp_path, database):
    for first in (1, 2, 3):
        run_apart("toy_pipeline", moods={"first": first})
        if first == 1:
            leave_hot_journal(database)
            database.unlink()
        else:
            database.write_bytes(b"x" * 5000)
    run_apart("toy_pipeline", moods={"first": 4})

    for number, folder in enumerate(("set-aside", "set-aside-2", "set-aside-3"), start=1):
        (draw,) = (tmp_path / folder / "pipeline" / "draw" / "numbers").iterdir()
        assert (draw / "numbers.txt").read_text().startswith(f"{number}\n")
        if number > 1:
            assert (tmp_path / folder / "metadata.sqlite").read_bytes() == b"x" * 5000
    # What would undo a transaction of the lost file must not be done to the new one.
    assert "metadata.sqlite-journal" in contents(tmp_path / "set-aside")
    assert "metadata.sqlite-journal" not in contents(tmp_path)


def test_models_that_were_pushed_count_when_all_records_are_damaged(run_apart, tmp_path, database):
    for weights in ("1", "2"):
        run_apart("toy_models", moods={"weights": weights})
    database.write_bytes(b"x" * 5000)

    run_apart("toy_models", moods={"weights": "3"})
    (blessing,) = (tmp_path / "pipeline" / "evaluator" / "blessing").iterdir()
    assert (blessing / "baseline").read_text() == "2"
    assert len(contents(tmp_path / "serving" / "toy")) == 3


@pytest.fixture(scope="module")
def sound_database(tmp_path_factory):
    """A database as ML Metadata makes it."""
    from ml_metadata import MetadataStore
    from ml_metadata.proto import metadata_store_pb2 as mlmd

    path = tmp_path_factory.mktemp("sound") / "metadata.sqlite"
    connection = mlmd.ConnectionConfig()
    connection.sqlite.filename_uri = str(path)
    MetadataStore(connection)
    return path


def test_every_damaged_byte_of_the_header_is_harmless_or_noticed(
    tmp_path, database, sound_database
):
    data = sound_database.read_bytes()
    for position in range(100):
        for bit in (1, 128):
            root = tmp_path / f"artifacts-{position}-{bit}"
            root.mkdir()
            damaged = bytearray(data)
            damaged[position] ^= bit
            database.write_bytes(damaged)
            if not set_aside_unreadable(str(database), str(root)):
                sqlite3.connect(database).execute("CREATE TABLE still_writable (id)").close()
            else:
                assert not root.exists()


@pytest.mark.parametrize("size", [0, 1, 100, 4096, 100_000])
def test_a_truncated_database_is_set_aside(tmp_path, database, sound_database, size):
    database.write_bytes(sound_database.read_bytes()[:size])
    (tmp_path / "pipeline").mkdir()

    told = set_aside_unreadable(str(database), str(tmp_path / "pipeline"))
    # SQLite takes a single byte for none.
    fault = "damaged" if size > 1 else "empty"
    assert told.startswith(f"{database} is {fault}: everything is made anew")
    assert told.endswith(f"what was there is now in {tmp_path / 'set-aside'}")
    assert contents(tmp_path / "set-aside") == ["metadata.sqlite", "pipeline"]


def test_a_database_in_a_folder_with_odd_characters(tmp_path, sound_database):
    folder = tmp_path / "50% of #1?mode=ro"
    folder.mkdir()
    shutil.copy(sound_database, folder / "metadata.sqlite")

    assert set_aside_unreadable(str(folder / "metadata.sqlite"), str(folder)) == ""


def test_what_is_no_file_at_all_is_told(tmp_path, database):
    database.mkdir()
    with pytest.raises(RunError, match="metadata.sqlite: cannot be used: unable to open"):
        set_aside_unreadable(str(database), str(tmp_path / "pipeline"))
    assert contents(tmp_path) == ["metadata.sqlite"]
