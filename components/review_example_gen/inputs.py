"""Which files an input names: one file, a folder, a glob, or a file of an installed package."""

from __future__ import annotations

import dataclasses
import difflib
import glob
import hashlib
import importlib.util
import os
from collections.abc import Iterator

from ...errors import RunError

ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
COMPRESSIONS = (".gz", ".bz2", ".zst")

_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One file of reviews.

    Attributes:
        path: Where it is read from.
        name: What messages and ids call it: its path below the folder that was named.
        format: `csv`, `tsv`, `jsonl` or `parquet`.
        compression: `.gz`, `.bz2`, `.zst`, or "" for a plain file.
        size: Bytes on disk.
    """

    path: str
    name: str
    format: str
    compression: str
    size: int


def list_files(source: str, format: str = "auto") -> list[InputFile]:
    """Finds the files that an input names, in the order of their names.

    Args:
        source: A file, a folder (searched through; in it, hidden files and, with `auto`, files
            of other endings are passed over), a glob (`**` spans folders), a URL of a file
            system that Beam knows (`gs://bucket/*.csv`), or `package:NAME/PATH`.
        format: One of `settings.FORMATS`; `auto` goes by the ending.

    Returns:
        At least one file.

    Raises:
        RunError: Nothing is there, the format cannot be told, or the package is not installed.
    """
    if source.startswith("package:"):
        source = _in_package(source)
    matches = _match_remote(source) if "://" in source else _match_local(source)
    found = {}
    for path, name, size, was_named in matches:
        ending_format, compression = _by_ending(path)
        file_format = ending_format if format == "auto" else format
        if file_format:
            # The name becomes part of ids, which are UTF-8; a path may be any bytes.
            name = name.encode("utf-8", "replace").decode()
            found[path] = InputFile(path, name, file_format, compression, size)
        elif was_named:
            raise RunError(
                f"{path}: cannot tell the format by this ending; set data.format to csv, tsv, "
                "jsonl or parquet"
            )
    if not found:
        raise RunError(
            f"{source}: no file of reviews in it; those end in {', '.join(ENDINGS)}, "
            f"with or without {', '.join(COMPRESSIONS)}"
        )
    return sorted(found.values(), key=lambda file: file.name)


def fingerprint_input(source: str, format: str = "auto") -> str:
    """Says in one short text which files there are and whether one of them changed.

    Args:
        source: See `list_files`.
        format: See `list_files`.

    Returns:
        A hash of names, sizes and times of change; for the files of a package, whose times
        are those of its installation, of names and sizes.

    Raises:
        RunError: See `list_files`.
    """
    digest = hashlib.sha256()
    for file in list_files(source, format):
        timed = os.path.exists(file.path) and not source.startswith("package:")
        changed = os.stat(file.path).st_mtime_ns if timed else 0
        digest.update(f"{file.name}\0{file.size}\0{changed}\n".encode())
    return digest.hexdigest()[:32]


def _by_ending(path: str) -> tuple[str, str]:
    """Format ("" where the ending says none) and compression."""
    stem, ending = os.path.splitext(path.lower())
    compression = ending if ending in COMPRESSIONS else ""
    if compression:
        ending = os.path.splitext(stem)[1]
    return ENDINGS.get(ending, ""), compression


def _in_package(source: str) -> str:
    name, _, path = source.removeprefix("package:").partition("/")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise RunError(f"{source}: the package {name!r} is not installed; `pip install {name}`")
    return os.path.join(spec.submodule_search_locations[0], path)


def _match_local(source: str) -> Iterator[tuple[str, str, int, bool]]:
    """Yields `(path, name, size, was it named itself)` of each file."""
    source = os.path.expanduser(source)
    if os.path.isfile(source):
        yield source, os.path.basename(source), os.path.getsize(source), True
    elif os.path.isdir(source):
        for folder, folders, names in os.walk(source):
            folders[:] = [name for name in folders if name[0] not in "._"]
            for name in names:
                path = os.path.join(folder, name)
                if name[0] not in "._" and os.path.isfile(path):
                    yield path, os.path.relpath(path, source), os.path.getsize(path), False
    else:
        paths = [path for path in glob.glob(source, recursive=True) if os.path.isfile(path)]
        if not paths:
            raise RunError(f"{source}: {_what_is_near(source)}")
        base = os.path.commonpath([os.path.dirname(path) or "." for path in paths])
        for path in paths:
            yield path, os.path.relpath(path, base), os.path.getsize(path), True


def _match_remote(source: str) -> Iterator[tuple[str, str, int, bool]]:
    from apache_beam.io.filesystem import BeamIOError
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    # Before the first pipeline Beam has no options, and without any it does not open s3://.
    FileSystems.set_options(PipelineOptions([]))
    pattern = f"{source}**" if source.endswith("/") else source
    try:
        (match,) = FileSystems.match([pattern])
    except (BeamIOError, ValueError) as error:
        raise RunError(f"{source}: cannot be listed: {error}") from None
    if not match.metadata_list:
        raise RunError(f"{source}: no such file; a folder of a bucket ends in /")
    paths = [found.path for found in match.metadata_list]
    base = os.path.commonprefix([path.rpartition("/")[0] + "/" for path in paths])
    base = base.rpartition("/")[0] + "/"
    for found in match.metadata_list:
        name = found.path[len(base) :]
        if not name.rpartition("/")[2].startswith((".", "_")):
            yield found.path, name, found.size_in_bytes, not source.endswith("/")


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
