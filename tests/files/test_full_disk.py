from __future__ import annotations

import errno
import sqlite3

import pytest

from reviewlens.files import is_disk_full


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (RuntimeError("/a/b; No space left on device"), True),
        (sqlite3.OperationalError("database or disk is full"), True),
        (ValueError("no space"), False),
    ],
)
def test_a_full_disk_is_told_from_other_errors(error, full):
    assert is_disk_full(error) is full


def test_a_disk_that_is_full_says_so(tmp_path):
    with pytest.raises(OSError) as raised, open("/dev/full", "w") as file:
        file.write("more")
    assert is_disk_full(raised.value)
