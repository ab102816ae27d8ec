"""The file of an unfinished training: what comes back is what was saved, or nothing."""

from __future__ import annotations

import os
import random
import resource

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from reviewlens import progress
from reviewlens.errors import RunError
from reviewlens.models.training.checkpoint import CheckpointFile

ARRAYS = {
    "state/0": np.arange(6, dtype=np.float32).reshape(2, 3),
    "state/1": np.float32(1.5),
    "state/2": np.array([2**62, -1]),
    "best/0": np.zeros([0, 4], np.float32),
    "best/1": np.array([1.5, -2.0], ml_dtypes.bfloat16),
}
STATE = {"history": [{"loss": 0.5}], "best_epoch": 1, "name": "größer"}


@pytest.fixture
def saved(tmp_path):
    checkpoint = CheckpointFile(str(tmp_path / "new" / "folder"), "abc")
    checkpoint.save(ARRAYS, STATE)
    return checkpoint


def assert_as_saved(loaded, arrays=ARRAYS, state=STATE):
    found, found_state = loaded
    assert found_state == state
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
        assert found[name].flags.writeable


def test_what_was_saved_comes_back(saved):
    assert_as_saved(saved.load())
    variables = {"a": tf.Variable([1.0, 2.0])}
    saved.save(variables, {})
    assert_as_saved(saved.load(), {"a": np.array([1.0, 2.0], np.float32)}, {})
    assert os.listdir(os.path.dirname(saved.path)) == [os.path.basename(saved.path)]


def test_there_may_be_none(tmp_path):
    assert CheckpointFile(str(tmp_path / "none"), "abc").load() is None


def damaged(content: bytes):
    """Every truncation, a flipped bit in every byte, and longer damage at any place."""
    chance = random.Random(7)
    for length in range(len(content)):
        yield content[:length]
    for place in range(len(content)):
        bit = 1 << chance.randrange(8)
        yield content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
    for _ in range(100):
        start, length = chance.randrange(len(content)), chance.randrange(1, 64)
        yield content[:start] + chance.randbytes(length) + content[start + length :]
        yield content[:start] + content[start + length :] if length else content + b"x"
        yield content + chance.randbytes(length)


def test_any_damage_sets_it_aside_and_nothing_else_happens(saved):
    with open(saved.path, "rb") as file:
        content = file.read()
    folder = os.path.dirname(saved.path)
    for damage in damaged(content):
        if damage == content:
            continue
        with open(saved.path, "wb") as file:
            file.write(damage)
        told = []
        with progress.notifying_to(told.append):
            assert saved.load() is None, damage
        (name,) = os.listdir(folder)
        assert told == [
            f"{saved.path} is damaged: training starts anew; the file is now {folder}/{name}"
        ]
        with open(os.path.join(folder, name), "rb") as file:
            assert file.read() == damage
        os.remove(os.path.join(folder, name))


def test_what_was_set_aside_stays(saved):
    folder = os.path.dirname(saved.path)
    for _ in range(2):
        with open(saved.path, "w") as file:
            file.write("junk")
        assert saved.load() is None
        saved.save(ARRAYS, STATE)
    name = os.path.basename(saved.path)
    assert sorted(os.listdir(folder)) == [f"set-aside-{n}-{name}" for n in (1, 2)] + [name]
    assert_as_saved(saved.load())


def test_only_checkpoints_of_other_trainings_make_room(tmp_path):
    folder = tmp_path / "runs [1]"
    folder.mkdir()
    others = ["training-1.checkpoint", "training-1.checkpoint.part", "training-2.npz"]
    kept = ["set-aside-1-training-1.checkpoint", "training-notes.txt"]
    for name in others + kept:
        (folder / name).write_text("")
    CheckpointFile(str(folder), "abc").save(ARRAYS, STATE)
    assert sorted(os.listdir(folder)) == sorted([*kept, "training-abc.checkpoint"])


def test_a_full_disk_leaves_the_last_one(saved):
    os.symlink("/dev/full", f"{saved.path}.part")
    with pytest.raises(RunError, match=f"{saved.path}: cannot be written: No space left on device"):
        saved.save({}, {})
    assert os.listdir(os.path.dirname(saved.path)) == [os.path.basename(saved.path)]
    assert_as_saved(saved.load())


def test_a_limit_of_the_size_of_files_leaves_the_last_one(saved):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(RunError, match="cannot be written: File too large"):
            saved.save({"large": np.zeros(10_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_as_saved(saved.load())


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written: "):
        CheckpointFile(str(tmp_path / "file" / "checkpoints"), "abc").save(ARRAYS, STATE)
