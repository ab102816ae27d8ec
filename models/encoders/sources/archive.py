"""Encoders packed in a file: `.tar.gz`."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

from ....errors import ReviewlensError, RunError
from .base import Source
from .contents import is_encoder_root
from .folder import missing, stat_fingerprint

_ENDINGS = (".tar.gz", ".tgz")
# An encoder has about ten files, two levels deep.
_MOST_MEMBERS = 1_000
_LONGEST_NAME = 1_000
_DEEPEST_NAME = 30
_LONGEST_HEADER = 1 << 20


class Archive(Source):
    """A file with the folder of an encoder in it, at its top or deeper."""

    is_path = True

    @classmethod
    def matches(cls, text: str) -> bool:
        """See `Source`."""
        return text.endswith(_ENDINGS) or Path(text).expanduser().is_file()

    def fetch(self, work: Path) -> Path:
        """See `Source`."""
        path = Path(self.text).expanduser()
        if path.is_dir():
            return path
        if not path.is_file():
            raise RunError(missing(self.text))
        if not self.text.endswith(_ENDINGS):
            raise RunError(f"{self.text} is a file; an encoder is a folder or a .tar.gz of one")
        return _unpack(path, work / "unpacked")

    def fingerprint(self) -> str:
        """Of the file's size and time."""
        path = Path(self.text).expanduser()
        return stat_fingerprint({str(path): path} if path.exists() else {}, timed=True)


def no_archive(source: object, error: Exception) -> str:
    """The message for an archive that cannot be read to its end.

    Args:
        source: What it is called.
        error: What its reader said.
    """
    # tarfile has a line for each way in which it tried to read a file.
    reason = str(error).partition("\n")[0].rstrip(":")
    return f"{source} is no whole .tar.gz of an encoder: {reason or type(error).__name__}"


def _unpack(archive: Path, directory: Path) -> Path:
    try:
        with tarfile.open(archive, tarinfo=_Member) as opened:
            opened.extractall(directory, filter=_MemberCheck(archive, directory.parent))
            # tarfile leaves off before the checksum at the end, which tells of damage within.
            while opened.fileobj.read(1 << 20):
                pass
    except ReviewlensError:
        raise
    except Exception as error:
        # What has an error number comes from writing, not from what is in the archive.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        # Damage takes the readers of tar, gzip, bz2 and xz by surprise in many ways.
        raise RunError(no_archive(archive, error)) from error
    # The highest comes first, and of those the first by name.
    found = min(
        (
            (len(Path(folder).parts), folder)
            for folder, _, names in os.walk(directory)
            if is_encoder_root(names)
        ),
        default=None,
    )
    if found is None:
        raise RunError(
            f"{archive} holds no encoder: there is no saved_model.pb and no config.json in it"
        )
    return Path(found[1])


class _Member(tarfile.TarInfo):
    """A member whose headers are not taken into memory whatever size they claim to have."""

    def _proc_member(self, opened: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and not self.isdir() and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(opened)  # type: ignore[misc]


class _MemberCheck:
    """A filter of tarfile: no more than an encoder has, nothing outside the folder.

    Args:
        archive: For the messages.
        folder: On the disk that the members have to fit on.
    """

    def __init__(self, archive: Path, folder: Path):
        self._archive = archive
        self._members = 0
        self._size = 0
        self._free = shutil.disk_usage(folder).free

    def __call__(self, member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        self._members += 1
        self._size += member.size
        if self._members > _MOST_MEMBERS:
            raise RunError(f"{self._archive} is no encoder: it has over {_MOST_MEMBERS:,} members")
        for name in (member.name, member.linkname):
            levels = name.count("/") + 1
            if levels > _DEEPEST_NAME or len(name) > _LONGEST_NAME:
                raise RunError(
                    f"{self._archive} is no encoder: the name {name[:40]}… in it has "
                    f"{levels:,} levels and {len(name):,} characters"
                )
        if self._size > self._free:
            raise RunError(
                f"the disk is full: {self._archive} unpacks to {self._size:,} bytes or more, "
                f"{self._free:,} are free; free some space and run the same command again"
            )
        return tarfile.data_filter(member, path)
