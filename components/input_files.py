"""The files of an input, on this machine or wherever Beam can read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from ..errors import RunError
from ..files import Dialect, InputFile, Match, inputs, match_local


def list_files(
    source: str, format: str = "auto", dialect: Dialect | None = None
) -> list[InputFile]:
    """Finds the files that an input names, in the order of their names.

    Args:
        source: A file, a folder (searched through; in it, hidden files and, with `auto`, files
            of other endings are passed over), a glob (`**` spans folders), a URL of a file
            system that Beam knows (`gs://bucket/*.csv`), or `package:NAME/PATH`.
        format: Name of a format, or `auto`, which goes by the ending.
        dialect: What is said of how their rows are written.

    Returns:
        At least one file.

    Raises:
        RunError: Nothing is there, the format cannot be told, or the package is not installed.

    Example:
        >>> os.makedirs("reviews/2024")
        >>> open("reviews/2024/may.csv", "w").close()
        >>> [file.name for file in list_files("reviews")]
        ['2024/may.csv']
    """
    match = _match_remote if "://" in source else match_local
    return inputs.list_files(source, format, match, dialect)


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
        timed = file.opener is None and not source.startswith("package:")
        changed = os.stat(file.path).st_mtime_ns if timed else 0
        digest.update(f"{file.name}\0{file.size}\0{changed}\n".encode())
    return digest.hexdigest()[:32]


def _match_remote(source: str) -> Iterator[Match]:
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
            was_named = not source.endswith("/")
            yield Match(found.path, name, found.size_in_bytes, was_named, _open_remote)


def _open_remote(path: str) -> BinaryIO:
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
