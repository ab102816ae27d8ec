"""Which files an input names: one file, a folder, a glob, or a file of an installed package."""

from __future__ import annotations

import dataclasses
import difflib
import glob
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from ..errors import RunError
from .compression import COMPRESSIONS
from .dialect import Dialect
from .formats import FORMATS, Format, format_by_ending
from .input_file import InputFile
from .packages import package_path
from .standard_input import STANDARD_INPUT, format_by_content, spool_standard_input

_SHOWN = 5


class Match(NamedTuple):
    """A file that is there, whatever is in it.

    Attributes:
        path: Where it is read from.
        name: Its path below the folder that was named.
        size: Bytes on disk.
        was_named: Whether it was asked for itself, or by a glob, and not just found in a folder.
        opener: See `InputFile`.
    """

    path: str
    name: str
    size: int
    was_named: bool
    opener: Callable[[str], BinaryIO] | None = None


def match_local(source: str) -> Iterator[Match]:
    """Finds files on this machine.

    Args:
        source: A file, a folder (searched through; hidden files in it are passed over, and those
            that lock a workbook while it is open), or a glob (`**` spans folders).

    Yields:
        Each file, in any order.

    Raises:
        RunError: Nothing is there.
    """
    source = os.path.expanduser(source)
    if os.path.isfile(source):
        yield Match(source, os.path.basename(source), os.path.getsize(source), True)
    elif os.path.isdir(source):
        for folder, folders, names in os.walk(source):
            folders[:] = [name for name in folders if name[0] not in "._"]
            for name in names:
                path = os.path.join(folder, name)
                if name[0] not in "._~" and os.path.isfile(path):
                    yield Match(path, os.path.relpath(path, source), os.path.getsize(path), False)
    else:
        paths = [path for path in glob.glob(source, recursive=True) if os.path.isfile(path)]
        if not paths:
            raise RunError(f"{source}: {_what_is_near(source)}")
        base = os.path.commonpath([os.path.dirname(path) or "." for path in paths])
        for path in paths:
            yield Match(path, os.path.relpath(path, base), os.path.getsize(path), True)


def list_files(
    source: str,
    format: str = "auto",
    match: Callable[[str], Iterable[Match]] = match_local,
    dialect: Dialect | None = None,
) -> list[InputFile]:
    """Finds the files that an input names, in the order of their names.

    Args:
        source: What `match` takes, `package:NAME/PATH`, or `-` for the standard input, which
            is kept as a file until the process ends; with `auto` its format is that of which
            files begin so, else CSV. Of what is found in a folder, with
            `auto`, files of other endings are passed over.
        format: Name of a format, or `auto`, which goes by the ending.
        match: Finds the files.
        dialect: What is said of how their rows are written; an encoding is that of those which are
            text.

    Returns:
        At least one file.

    Raises:
        RunError: Nothing is there, the format cannot be told, or the package is not installed.
    """
    said = dialect or Dialect()
    if source == STANDARD_INPUT:
        path = spool_standard_input()
        chosen_name = format_by_content(path) if format == "auto" else format
        name, size = os.path.basename(path), os.path.getsize(path)
        return [InputFile(path, name, chosen_name, "", size, dialect=_own(said, chosen_name))]
    if source.startswith("package:"):
        source = package_path(source)
    found = {}
    for path, name, size, was_named, opener in match(source):
        by_ending, compression = _by_ending(path)
        if by_ending and not was_named and not by_ending.in_folders:
            by_ending = None
        chosen = by_ending if format == "auto" else FORMATS[format]
        if chosen:
            # The name becomes part of ids, which are UTF-8; a path may be any bytes.
            name = name.encode("utf-8", "replace").decode()
            own = _own(said, chosen.name)
            found[path] = InputFile(path, name, chosen.name, compression, size, opener, own)
        elif was_named:
            *most, last = FORMATS
            raise RunError(
                f"{path}: cannot tell the format by this ending; set data.format to "
                f"{', '.join(most)} or {last}"
            )
    if not found:
        endings = [e for each in FORMATS.values() if each.in_folders for e in each.endings]
        raise RunError(
            f"{source}: no file of reviews in it; those end in {', '.join(endings)}, "
            f"with or without {', '.join(COMPRESSIONS)}"
        )
    return sorted(found.values(), key=lambda file: file.name)


def _own(said: Dialect, format: str) -> Dialect:
    """What is said, as far as it can be meant for files of a format."""
    return said if FORMATS[format].is_text else dataclasses.replace(said, encoding=None)


def _by_ending(path: str) -> tuple[Format | None, str]:
    """Format (None where the ending says none) and compression."""
    stem, ending = os.path.splitext(path.lower())
    compression = ending if ending in COMPRESSIONS else ""
    if compression:
        ending = os.path.splitext(stem)[1]
    return format_by_ending(ending), compression


def _what_is_near(source: str) -> str:
    """Explains a path that leads nowhere by what is beside it."""
    missing = "no file matches" if glob.has_magic(source) else "no such file or folder"
    folder = os.path.dirname(source) or "."
    while glob.has_magic(folder):
        folder = os.path.dirname(folder) or "."
    if not os.path.isdir(folder):
        while folder and not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        return f"{missing}; the path leads as far as {os.path.abspath(folder or '.')}"
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    near = difflib.get_close_matches(os.path.basename(source), names, 1, 0.6)
    if near:
        return f"{missing}; did you mean {os.path.normpath(os.path.join(folder, near[0]))}?"
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return f"{missing}; {os.path.abspath(folder)} has {shown or 'no files'}"
