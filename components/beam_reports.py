"""What Beam's workers say of their parts of a work, as the node gets it."""

from __future__ import annotations

import os

import apache_beam as beam
from tfx.dsl.io import fileio

from ..errors import RunError

_FULL_DISK = "No space left on device"


def run_for_reports(pipeline: beam.Pipeline, work: beam.PTransform, folder: str) -> list[str]:
    """Runs a pipeline that says in lines of text what it did.

    Args:
        pipeline: That is not run yet.
        work: Gives, from a pipeline, a collection of lines.
        folder: Where they may be written on their way; must exist.

    Returns:
        The lines, in any order.

    Raises:
        RunError: The disk is full.
    """
    try:
        with pipeline:
            lines = pipeline | work
            _ = lines | "WriteReports" >> beam.io.WriteToText(f"{folder}/reports")
    except Exception as error:
        # Runners wrap what a worker raises, so only the words are left to go by.
        if _FULL_DISK in str(error):
            raise RunError(f"{folder}: {_FULL_DISK}; free some, then run again") from None
        raise
    reports = []
    for name in fileio.listdir(folder):
        if name.startswith("reports"):
            with fileio.open(os.path.join(folder, name)) as stream:
                reports += stream.read().splitlines()
    return reports
