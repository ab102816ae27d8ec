"""Encoders of the Hugging Face Hub: `hf://OWNER/NAME` or `hf://OWNER/NAME@REVISION`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ....errors import RunError
from ....files import is_disk_full
from .base import Source
from .contents import PATTERNS, check_names
from .network import SECONDS_TO_ANSWER, full_cache, unfetched, unreachable

_ADDRESS = re.compile(r"hf://(\w[\w.-]*/\w[\w.-]*)(?:@([^@\s]+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DEFAULT_REVISION = "main"


class HuggingFace(Source):
    """A model repository, fetched by Hugging Face's own library.

    So the environment says what it says to every program of theirs: `HF_ENDPOINT` names
    another server, `HF_TOKEN` opens private and gated models, `HF_HOME` names the cache, and
    `HF_HUB_OFFLINE` keeps it from asking. What is in the cache is used without a network.
    """

    def __init__(self, text: str):
        super().__init__(text)
        found = _ADDRESS.fullmatch(text)
        self._repository, self._revision = found.groups(_DEFAULT_REVISION) if found else ("", "")

    @classmethod
    def matches(cls, text: str) -> bool:
        """See `Source`."""
        return text.startswith("hf://")

    def problem(self) -> str | None:
        """See `Source`."""
        if self._repository:
            return None
        return "a model of Hugging Face is written hf://OWNER/NAME or hf://OWNER/NAME@REVISION"

    def fetch(self, work: Path) -> Path:
        """See `Source`."""
        import huggingface_hub
        from huggingface_hub import constants

        try:
            if not _COMMIT.fullmatch(self._revision) or not self._cached_commit():
                _, names = self._look_up()
                check_names(self.text, names)
            offline = False
        except RunError:
            raise
        except Exception as error:
            if self._cached_commit() is None:
                raise self._explained(error) from error
            offline = True
        try:
            return Path(
                huggingface_hub.snapshot_download(
                    self._repository,
                    revision=self._revision,
                    allow_patterns=list(PATTERNS),
                    endpoint=_server(),
                    local_files_only=offline,
                )
            )
        except Exception as error:
            if is_disk_full(error):
                raise full_cache(self.text, constants.HF_HUB_CACHE, "HF_HOME") from error
            raise self._explained(error) from error

    def fingerprint(self) -> str:
        """The commit: as given, as the server says, or as the cache says without a network."""
        commit = self._revision if _COMMIT.fullmatch(self._revision) else None
        try:
            commit = commit or self._look_up()[0]
        except Exception:
            # Whatever is wrong, fetching tells it.
            commit = self._cached_commit() or self._revision
        return f"hf://{self._repository}@{commit}"

    def _look_up(self) -> tuple[str, list[str]]:
        """The commit and the names of its files, as the server says."""
        from huggingface_hub import HfApi

        found = HfApi(endpoint=_server()).model_info(
            self._repository, revision=self._revision, timeout=SECONDS_TO_ANSWER
        )
        return str(found.sha), [file.rfilename for file in found.siblings or ()]

    def _cached_commit(self) -> str | None:
        """The commit that the cache holds of the revision."""
        from huggingface_hub import try_to_load_from_cache

        path = try_to_load_from_cache(self._repository, "config.json", revision=self._revision)
        return Path(path).parent.name if isinstance(path, str) else None

    def _explained(self, error: Exception) -> RunError:
        from huggingface_hub import errors

        model, server = self._repository, _server()
        if isinstance(error, errors.GatedRepoError):
            return RunError(
                f"{self.text} is gated: accept its terms on {server}/{model} and set HF_TOKEN "
                "to a token of yours"
            )
        if isinstance(error, errors.RepositoryNotFoundError):
            return RunError(
                f"there is no model {model} on {server}, or it is private and HF_TOKEN is not "
                "set to a token that may read it"
            )
        if isinstance(error, errors.RevisionNotFoundError):
            return RunError(
                f"{server}/{model} has no revision {self._revision!r}; take a branch, a tag or "
                "a commit of it"
            )
        if isinstance(error, errors.HfHubHTTPError):
            return unfetched(self.text, error)
        return unreachable(f"{server} for {self.text}")


def _server() -> str:
    from huggingface_hub import constants

    # The library reads it only once, when it is imported.
    return os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")
