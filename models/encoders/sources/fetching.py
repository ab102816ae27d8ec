"""Where encoders come from: the catalog, addresses, folders and archives."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import os
import re
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

from ....errors import ReviewlensError, RunError, UsageError
from ....files import is_disk_full
from ..catalog import ENCODERS

_ARCHIVES = (".tar.gz", ".tgz")
_KAGGLE_HANDLE = re.compile(r"[\w.-]+/[\w.-]+/tensorflow2/[\w.-]+(/\d+)?", re.IGNORECASE)
# Long enough for a slow network; what cannot be reached is given up after it.
_SECONDS_TO_ANSWER = 10
# Of an archive: an encoder has about ten files, two levels deep.
_MOST_MEMBERS = 1_000
_LONGEST_NAME = 1_000
_DEEPEST_NAME = 30
_LONGEST_HEADER = 1 << 20


@dataclasses.dataclass(frozen=True)
class EncoderRecord:
    """What was fetched.

    Attributes:
        name: The catalog's name, or the source where the catalog has none.
        source: As asked for.
        sha256: Of the files that were fetched; the same on every run and machine.
        parameters: Trainable parameters.
        hidden_size: Width of the outputs.
        layers: Transformer blocks.
        lower_case: Whether the vocabulary is of lower-cased text without accents.
    """

    name: str
    source: str
    sha256: str
    parameters: int
    hidden_size: int
    layers: int
    lower_case: bool


def fetch_encoder(source: str, directory: str) -> EncoderRecord:
    """Leaves an encoder's SavedModel in a folder, whole or not at all.

    Args:
        source: A name of the catalog, a TF Hub, Kaggle or other address, a Kaggle handle, a
            `gs://` path, a folder with a SavedModel, or a `.tar.gz` of one.
        directory: Where to: `saved_model.pb`, `variables/` and `assets/vocab.txt`. Made with
            its parents; if it exists, it has to be empty.

    Returns:
        The facts of the encoder.

    Raises:
        UsageError: The catalog has no encoder of that name.
        RunError: The source cannot be reached or read, is no TF Hub text encoder, or the
            folder cannot be written, such as where the disk is full.

    Example:
        >>> fetch_encoder("minilm-l6", "encoder").parameters
        22713216
    """
    import tensorflow as tf

    from ..saved_model.backbone import HubEncoder

    target = Path(directory)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and any(target.iterdir()):
            raise RunError(f"{directory} is not empty; name a folder that is or does not exist")
        with tempfile.TemporaryDirectory(prefix=".encoder-", dir=target.parent) as work:
            origin = _resolve(source, Path(work))
            # Before anything is copied: only an encoder that runs is taken for one.
            encoder = HubEncoder(str(origin))
            staged = Path(work, "staged")
            _copy_saved_model(origin, staged, encoder.vocabulary_file)
            sha256 = _hash_minilm(contents=True) if _is_offline(source) else _hash_files(staged)
            os.replace(staged, target)
    except (OSError, tf.errors.OpError) as error:
        if is_disk_full(error):
            raise RunError(
                f"the disk is full: the encoder cannot be written to {directory}; "
                "free some space and run the same command again"
            ) from error
        raise RunError(f"cannot write the encoder to {directory}: {error}") from error
    return EncoderRecord(
        name=source,
        source=source,
        sha256=sha256,
        parameters=sum(weight.shape.num_elements() for weight in encoder.trainable_weights),
        hidden_size=encoder.hidden_size,
        layers=encoder.num_layers,
        lower_case=encoder.lower_case,
    )


def source_fingerprint(source: str) -> str:
    """Tells whether a source is still the same, without fetching it.

    Args:
        source: As for `fetch_encoder`.

    Returns:
        For files here, a hash that changes with their names, sizes or times; for an encoder
        of an installed package, one that changes with the package's files; otherwise the
        address itself, which TF Hub and Kaggle version.

    Example:
        >>> source_fingerprint("electra-small")
        'https://tfhub.dev/google/electra_small/2'
    """
    if _is_offline(source):
        return _hash_minilm(contents=False)
    if source in ENCODERS:
        return ENCODERS[source].handle
    path = Path(source).expanduser()
    if not path.exists():
        return source
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()


def _is_offline(source: str) -> bool:
    return source in ENCODERS and ENCODERS[source].offline


def _resolve(source: str, work: Path) -> Path:
    """Brings a source here and gives the folder of its SavedModel."""
    if _is_offline(source):
        from .minilm import write_minilm

        write_minilm(str(work / "written"))
        return work / "written"
    if source in ENCODERS:
        return _download(ENCODERS[source].handle)
    if "://" in source:
        return _download(source)
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    if path.is_file() and source.endswith(_ARCHIVES):
        return _unpack(path, work / "unpacked")
    if path.is_file():
        raise RunError(f"{source} is a file; an encoder is a folder or a .tar.gz of a SavedModel")
    if _KAGGLE_HANDLE.fullmatch(source):
        return _download(f"https://www.kaggle.com/models/{source}")
    if os.sep in source or source.endswith(_ARCHIVES):
        raise RunError(f"there is no encoder at {source}: no such file or folder")
    nearest = difflib.get_close_matches(source, ENCODERS, 1, 0.0)[0]
    raise UsageError(
        f"no encoder is called {source!r}; did you mean {nearest!r}? "
        f"`reviewlens encoders list` shows all names"
    )


def _download(address: str) -> Path:
    import tensorflow_hub as hub
    from tensorflow_hub import resolver

    offline = ", ".join(name for name, preset in ENCODERS.items() if preset.offline)
    advice = f"without a network, these encoders work: {offline}"
    if not _is_cached(address) and not _is_reachable(address):
        raise RunError(f"cannot reach {address}; {advice}")
    try:
        return Path(hub.resolve(address))
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise RunError(_no_archive(address, error)) from error
    except Exception as error:
        if is_disk_full(error):
            raise RunError(
                f"the disk is full: {address} cannot be kept in "
                f"{resolver.tfhub_cache_dir(use_temp=True)}; free some space, or have "
                "TFHUB_CACHE_DIR name another folder"
            ) from error
        # The resolvers of TF Hub, Kaggle and Google Cloud share no class of errors.
        reason = str(error).partition("\n")[0]
        raise RunError(f"cannot fetch {address} ({reason}); {advice}") from error


def _is_cached(address: str) -> bool:
    """Whether TF Hub fetched it before and so needs no network, as in an image that holds it."""
    from tensorflow_hub import resolver

    name = hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    return Path(resolver.tfhub_cache_dir(use_temp=True), name).is_dir()


def _is_reachable(address: str) -> bool:
    """Whether a server answers at all: TF Hub and Google Cloud would try for minutes."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == "gs":
        parts = urllib.parse.urlsplit("https://storage.googleapis.com")
    if parts.scheme not in ("http", "https"):
        return True
    request = urllib.request.Request(f"{parts.scheme}://{parts.netloc}/", method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=_SECONDS_TO_ANSWER).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True


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
        raise RunError(_no_archive(archive, error)) from error
    found = sorted(directory.rglob("saved_model.pb"), key=lambda file: len(file.parts))
    if not found:
        raise RunError(f"{archive} holds no SavedModel: there is no saved_model.pb in it")
    return found[0].parent


def _no_archive(source: object, error: Exception) -> str:
    # tarfile has a line for each way in which it tried to read a file.
    reason = str(error).partition("\n")[0].rstrip(":")
    return f"{source} is no whole .tar.gz of a SavedModel: {reason or type(error).__name__}"


class _Member(tarfile.TarInfo):
    """A member whose headers are not taken into memory whatever size they claim to have."""

    def _proc_member(self, opened: tarfile.TarFile) -> tarfile.TarInfo:
        if not self.isreg() and not self.isdir() and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(opened)


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


def _copy_saved_model(origin: Path, staged: Path, vocabulary_file: str) -> None:
    staged.mkdir()
    shutil.copyfile(origin / "saved_model.pb", staged / "saved_model.pb")
    for top in ("variables", "assets"):
        # Links to folders are left out: they could lead in a circle.
        for folder, _, names in os.walk(origin / top):
            copied = staged / Path(folder).relative_to(origin)
            copied.mkdir()
            for name in names:
                shutil.copyfile(Path(folder, name), copied / name)
    vocabulary = staged / "assets" / "vocab.txt"
    if not vocabulary.exists():
        vocabulary.parent.mkdir(exist_ok=True)
        shutil.copyfile(vocabulary_file, vocabulary)


def _hash_files(directory: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(file.relative_to(directory).as_posix().encode() + b"\0")
        with open(file, "rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _hash_minilm(contents: bool) -> str:
    """Hash of what minilm-l6 is written from: TensorFlow does not write it alike twice."""
    from .minilm import minilm_files

    digest = hashlib.sha256(Path(__file__).with_name("minilm.py").read_bytes())
    folder = Path(minilm_files())
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        file = folder / name
        digest.update(file.read_bytes() if contents else str(file.stat().st_size).encode())
    return digest.hexdigest()
