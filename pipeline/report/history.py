"""What earlier runs have said: every summary is kept, below the `output` that it is of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import RunError
from .html.facts import RUNS, SUMMARY
from .summary import write_summary


def keep_summary(summary: Mapping[str, Any], output: str) -> None:
    """Writes the summary of a run as that of its own and as the latest of its output.

    The first is `output/runs/ID/summary.json` and stays: nothing is pruned. Each is written whole
    or not at all.

    Args:
        summary: As `make_summary` gives it.
        output: Folder of the results.

    Raises:
        RunError: If they cannot be written.
    """
    folder = os.path.join(output, RUNS, summary["run"]["id"])
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror or error}") from error
    write_summary(summary, os.path.join(folder, SUMMARY))
    write_summary(summary, os.path.join(output, SUMMARY))
