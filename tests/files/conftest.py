"""Reading files in processes of their own, whose memory can be told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Other work may share the machine.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

# Reads a file in a process of its own, and says what came of it and what memory it took.
READER = """
import collections, json, resource, sys
from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records
import reviewlens.files.formats.parquet.reader

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

before, reasons, problem = peak(), collections.Counter(), ""
try:
    for path in sys.argv[2:]:
        (file,) = list_files(path)
        column, others = sys.argv[1].split(":")
        for record in read_records(file, {column: "data.text"}, others=others == "others"):
            reasons[record.reason] += 1
except RunError as error:
    problem = str(error)
print(json.dumps({"reasons": reasons, "problem": problem, "megabytes": peak() - before}))
"""


@pytest.fixture
def read_elsewhere():
    """Reads a column of files: count by reason, the problem, and megabytes it took."""

    def read(*paths: Path, others: bool = False, column: str = "text") -> dict[str, Any]:
        asked = f"{column}:{'others' if others else 'used'}"
        done = subprocess.run(
            [sys.executable, "-c", READER, asked, *map(str, paths)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return read
