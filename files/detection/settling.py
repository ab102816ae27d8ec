"""The one look into the files of an input, before any of their rows is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..input_file import InputFile


class Settled(NamedTuple):
    """What has been found out of some files.

    Attributes:
        files: The same files in their order, with nothing left open that their formats need.
        lines: What a person should know of it, a line each, such as
            `reviews.csv: ; between fields, cp1252, decimal comma`.
    """

    files: list[InputFile]
    lines: list[str]


def settle_dialects(files: Sequence[InputFile]) -> Settled:
    """Finds out how the rows of files are written.

    Args:
        files: As `inputs.list_files` finds them; what their dialects say is not asked again.

    Raises:
        RunError: It is not certain of a file; a line for each of them, with the settings that
            would say it.
    """
    return Settled(list(files), [])
