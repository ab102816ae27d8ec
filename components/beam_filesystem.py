"""Lets TFX read and write `s3://` through Beam's client of the S3 interface.

TFX leaves `s3://` to TensorFlow, which has not spoken it since release 2.6. An object store has
no folders: here a folder is there as long as an object lies below it, and a rename is a copy and
a delete of each object.
"""

from __future__ import annotations

import fnmatch
import functools
import io
import re
from collections.abc import Callable, Iterable
from typing import IO, Any, NamedTuple

from apache_beam.io.aws.clients.s3.messages import S3ClientError
from apache_beam.io.aws.s3io import S3IO, parse_s3_path
from apache_beam.options.pipeline_options import PipelineOptions
from tfx.dsl.io.filesystem import Filesystem, NotFoundError
from tfx.dsl.io.filesystem_registry import DEFAULT_FILESYSTEM_REGISTRY

# Before TensorFlow's, which has 10.
_PRIORITY = 5

# TensorFlow Serving looks into a version directory as soon as anything lies in it, and loads
# whatever it finds together with this file.
_MARK_OF_A_MODEL = "saved_model.pb"


class FileStatistics(NamedTuple):
    """What `stat` tells of a file; the same names as TensorFlow's.

    Attributes:
        length: Bytes.
        mtime_nsec: Time of the last change, in nanoseconds since 1970.
        is_directory: Always false.
    """

    length: int
    mtime_nsec: int
    is_directory: bool = False


def register_object_stores() -> None:
    """Has `tfx.dsl.io.fileio`, and all of TFX that uses it, open `s3://` with Beam.

    Credentials, region and endpoint are those that boto3 finds, for instance in the environment
    variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_ENDPOINT_URL`; they are looked
    up anew after each call of this function.

    Example:
        >>> from tfx.dsl.io import fileio
        >>> register_object_stores()
        >>> fileio.listdir("s3://models/reviews")
        ['1700000000', '1700000600']
    """
    _store.cache_clear()
    DEFAULT_FILESYSTEM_REGISTRY.register(S3Filesystem, priority=_PRIORITY)


class S3Filesystem(Filesystem):
    """The operations of `tfx.dsl.io.fileio` on addresses such as `s3://BUCKET/KEY`.

    Each raises `NotFoundError` where there is nothing at the address, and `S3ClientError` where
    the object store cannot be reached or does not allow it.
    """

    SUPPORTED_SCHEMES = ["s3://"]

    @staticmethod
    def open(name: str, mode: str = "r") -> IO[Any]:
        """Opens an object: a written one is there, whole, when the stream is closed.

        Raises:
            ValueError: For a mode other than r, w, rb and wb.
        """
        if mode not in ("r", "w", "rb", "wb"):
            raise ValueError(f"{name}: an object is opened with r, w, rb or wb, not {mode}")
        if "w" in mode:
            stream: Any = io.BufferedWriter(_Upload(name))
        else:
            try:
                stream = _new_store().open(name, "rb")
            except FileNotFoundError:
                raise NotFoundError(f"{name}: no such object") from None
        return stream if "b" in mode else io.TextIOWrapper(stream, encoding="utf-8")

    @staticmethod
    def copy(src: str, dst: str, overwrite: bool = False) -> None:
        """Copies one object within the object store."""
        _refuse_to_overwrite(dst, overwrite)
        try:
            _store().copy(src, dst)
        except S3ClientError as error:
            raise _missing(src, error) from None

    @staticmethod
    def exists(path: str) -> bool:
        """Whether there is an object, or any below the path."""
        return bool(_status(path)) or S3Filesystem.isdir(path)

    @staticmethod
    def glob(pattern: str) -> list[str]:
        """Finds objects and folders; `*`, `?` and `[…]` do not go beyond a slash."""
        fixed = re.split(r"[*?[]", pattern, maxsplit=1)[0]
        folder = fixed.rpartition("/")[0]
        parts = pattern.split("/")
        found = set()
        for key in _below(folder):
            path = f"{folder}/{key}".split("/")[: len(parts)]
            if len(path) == len(parts) and path[-1] and all(map(fnmatch.fnmatchcase, path, parts)):
                found.add("/".join(path))
        return sorted(found)

    @staticmethod
    def isdir(path: str) -> bool:
        """Whether any object lies below the path."""
        return any(True for _ in _store().list_files(_folder(path)))

    @staticmethod
    def listdir(path: str) -> list[str]:
        """Names of the objects and folders right below the path, in order."""
        keys = _below(path)
        if not keys:
            raise NotFoundError(f"{path}: no object lies below it")
        return sorted({key.partition("/")[0] for key in keys} - {""})

    @staticmethod
    def makedirs(path: str) -> None:
        """Does nothing: a folder comes with its first object."""

    @staticmethod
    def mkdir(path: str) -> None:
        """Does nothing: a folder comes with its first object."""

    @staticmethod
    def remove(path: str) -> None:
        """Deletes one object."""
        if not _status(path):
            raise NotFoundError(f"{path}: no such object")
        _store().delete(path)

    @staticmethod
    def rename(src: str, dst: str, overwrite: bool = False) -> None:
        """Copies an object, or all that lie below a folder, and deletes the source.

        A model comes to its new place from the leaves up, and leaves the old one the other way
        round: while the rename goes on, or after it broke off, either place is no model at all
        or a whole one. TensorFlow Serving that looks in between finds no model there yet and
        tries again; it never loads half a version.
        """
        _refuse_to_overwrite(dst, overwrite)
        if not S3Filesystem.isdir(src):
            S3Filesystem.copy(src, dst, overwrite=True)
            S3Filesystem.remove(src)
            return
        if S3Filesystem.isdir(dst):
            S3Filesystem.rmtree(dst)
        store = _store()
        try:
            for key in sorted(_below(src), key=_is_mark):
                store.copy(_folder(src) + key, _folder(dst) + key)
        except BaseException:
            if S3Filesystem.isdir(dst):
                S3Filesystem.rmtree(dst)
            raise
        S3Filesystem.rmtree(src)

    @staticmethod
    def rmtree(path: str) -> None:
        """Deletes all objects below the path; of a model first what makes it one."""
        keys = _below(path)
        if not keys:
            raise NotFoundError(f"{path}: no object lies below it")
        store = _store()
        # One by one: MinIO of the age that Kubeflow installs refuses boto3's deletes of many.
        for key in sorted(keys, key=_is_mark, reverse=True):
            store.delete(_folder(path) + key)

    @staticmethod
    def stat(path: str) -> FileStatistics:
        """Size and time of one object."""
        status = _status(path)
        if not status:
            raise NotFoundError(f"{path}: no such object")
        return FileStatistics(status["size"], int(status["last_updated"] * 1e9))

    @staticmethod
    def walk(
        top: str, topdown: bool = True, onerror: Callable[..., None] | None = None
    ) -> Iterable[tuple[str, list[str], list[str]]]:
        """Goes through the folders as `os.walk` does; yields nothing where there is nothing."""
        folders: dict[str, tuple[set[str], set[str]]] = {}
        for key in _below(top):
            folder = top.rstrip("/")
            *names, file = key.split("/")
            for name in names:
                folders.setdefault(folder, (set(), set()))[0].add(name)
                folder = f"{folder}/{name}"
            folders.setdefault(folder, (set(), set()))[1].update({file} - {""})
        for folder in sorted(folders, reverse=not topdown):
            subfolders, files = folders[folder]
            yield folder, sorted(subfolders), sorted(files)


class _Upload(io.RawIOBase):
    """Beam's writer, which starts with the first byte: of none it makes a broken upload."""

    def __init__(self, name: str):
        self._name = name
        self._stream: io.BufferedWriter | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._stream is None:
            self._stream = _store().open(self._name, "wb")
        return self._stream.write(data)

    def close(self) -> None:
        if self.closed:
            return
        try:
            if self._stream is not None:
                self._stream.close()
            else:
                bucket, key = parse_s3_path(self._name)
                _store().client.client.put_object(Bucket=bucket, Key=key, Body=b"")
        finally:
            super().close()


def _new_store() -> S3IO:
    """A client for one stream: Beam's remembers where it reads."""
    return S3IO(options=PipelineOptions([]))


@functools.cache
def _store() -> S3IO:
    """The client for all else, kept because it takes a while to make."""
    return _new_store()


def _folder(path: str) -> str:
    return path.rstrip("/") + "/"


def _below(path: str) -> list[str]:
    """What follows the path and a slash in each address that starts with them."""
    folder = _folder(path)
    return [found.removeprefix(folder) for found, _ in _store().list_files(folder)]


def _status(path: str) -> dict[str, Any]:
    """Size and time of an object, empty where there is none."""
    if not re.fullmatch(r"s3://[^/]+/.+", path):
        return {}
    store = _store()
    try:
        return {"size": store.size(path), "last_updated": store.last_updated(path)}
    except S3ClientError as error:
        if error.code == 404:
            return {}
        raise


def _is_mark(key: str) -> bool:
    return key.rpartition("/")[2] == _MARK_OF_A_MODEL


def _missing(path: str, error: S3ClientError) -> Exception:
    return NotFoundError(f"{path}: no such object") if error.code == 404 else error


def _refuse_to_overwrite(path: str, overwrite: bool) -> None:
    if not overwrite and S3Filesystem.exists(path):
        raise FileExistsError(f"{path}: is there already")
