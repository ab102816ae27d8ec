"""The files of a configuration, and how their rows are written."""

from __future__ import annotations

from ...files import Settled, settle_dialects
from ..input_files import list_files
from .settings import DataSettings


def settled_files(settings: DataSettings) -> Settled:
    """Finds the files, and looks into them for what the settings do not say.

    Args:
        settings: Where they are, and which columns mean what.

    Raises:
        RunError: See `input_files.list_files` and `files.settle_dialects`.
    """
    found = list_files(settings.input, settings.format, settings.dialect)
    return settle_dialects(found, settings.source_columns())
