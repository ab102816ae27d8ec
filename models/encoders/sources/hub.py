"""Encoders of TF Hub, of Kaggle and at any other address that their libraries understand."""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import zlib
from pathlib import Path

from ....errors import RunError
from ....files import is_disk_full, version_numbers
from .archive import no_archive
from .base import Source
from .network import full_cache, is_reachable, unfetched, unreachable

_KAGGLE = "https://www.kaggle.com/models/"
_TFHUB_HANDLE = re.compile(r"[\w.-]+/[\w.-]+/tensorflow2/[\w.-]+(/\d+)?", re.IGNORECASE)
_KAGGLE_HANDLE = re.compile(r"[\w.-]+/[\w.-]+/\w+/[\w.-]+(/\d+)?")
_KERAS_HANDLE = re.compile(r"[\w.-]+/[\w.-]+/keras/[\w.-]+(/\d+)?", re.IGNORECASE)


class TFHub(Source):
    """An address that TF Hub's library resolves, or a handle of a SavedModel on Kaggle."""

    @classmethod
    def matches(cls, text: str) -> bool:
        """See `Source`."""
        return "://" in text or _is_handle(_TFHUB_HANDLE, text)

    def fetch(self, work: Path) -> Path:
        """See `Source`."""
        import tensorflow_hub as hub
        from tensorflow_hub import resolver

        address = self.text if "://" in self.text else _KAGGLE + self.text
        cache = resolver.tfhub_cache_dir(use_temp=True)
        if not _is_cached(address, cache) and not is_reachable(address):
            raise unreachable(address)
        try:
            return Path(hub.resolve(address))
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise RunError(no_archive(address, error)) from error
        except Exception as error:
            if is_disk_full(error):
                raise full_cache(address, cache, "TFHUB_CACHE_DIR") from error
            # The resolvers of TF Hub, Kaggle and Google Cloud share no class of errors.
            raise unfetched(address, error) from error

    def fingerprint(self) -> str:
        """The address itself, which TF Hub and Kaggle version."""
        return self.text


class Kaggle(Source):
    """A model of Kaggle, such as a preset of KerasHub, fetched by Kaggle's library."""

    @classmethod
    def matches(cls, text: str) -> bool:
        """See `Source`."""
        return text.startswith("kaggle://") or _is_handle(_KERAS_HANDLE, text)

    def problem(self) -> str | None:
        """See `Source`."""
        if _KAGGLE_HANDLE.fullmatch(self._handle):
            return None
        return (
            "a model of Kaggle is written kaggle://OWNER/MODEL/FRAMEWORK/VARIATION or with "
            "/VERSION behind it"
        )

    def fetch(self, work: Path) -> Path:
        """See `Source`."""
        import kagglehub
        from kagglehub.config import get_cache_folder

        address = _KAGGLE + self._handle
        if cached := self._cached(address):
            return cached
        try:
            return Path(kagglehub.model_download(self._handle))
        except Exception as error:
            if is_disk_full(error):
                raise full_cache(address, get_cache_folder(), "KAGGLEHUB_CACHE") from error
            # Kaggle's library raises those of several others, too.
            raise unfetched(address, error) from error

    def fingerprint(self) -> str:
        """The handle itself, which Kaggle versions."""
        return self.text

    @property
    def _handle(self) -> str:
        return self.text.removeprefix("kaggle://")

    def _cached(self, address: str) -> Path | None:
        """The version that is asked for or, without a network, the newest that is here."""
        from kagglehub.cache import Cache
        from kagglehub.handle import parse_model_handle

        handle = parse_model_handle(self._handle)
        versions = [handle.version] if handle.is_versioned() else []
        if not versions and not is_reachable(address):
            folder = Path(Cache().get_path(handle.with_version(1))).parent
            names = os.listdir(folder) if folder.is_dir() else []
            versions = sorted(version_numbers(names), reverse=True)
        for version in versions:
            if path := Cache().load_from_cache(handle.with_version(version)):
                return Path(path)
        if not is_reachable(address):
            raise unreachable(address)
        return None


def _is_handle(pattern: re.Pattern, text: str) -> bool:
    """Whether a text is a handle and no path of something that is there."""
    return bool(pattern.fullmatch(text)) and not os.path.exists(text)


def _is_cached(address: str, cache: str) -> bool:
    """Whether TF Hub fetched it before and so needs no network, as in an image that holds it."""
    name = hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    return Path(cache, name).is_dir()
