"""Workbooks of Excel and OpenDocument, which a process of its own takes apart."""

from ..registry import Format, register
from .reader import read_workbook

_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
# A zip, or the container of before 2007.
_BEGINS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
register(
    Format(
        "workbook",
        "workbooks of Excel and OpenDocument",
        _ENDINGS,
        read_workbook,
        begins=_BEGINS,
        is_text=False,
        has_sheets=True,
    )
)
