"""A source of encoders of one file: `box:NAME` is the folder NAME in the box."""

from __future__ import annotations

import os
from pathlib import Path

from reviewlens.errors import RunError
from reviewlens.models.encoders.sources.base import Source
from reviewlens.models.encoders.sources.contents import encoder_files
from reviewlens.models.encoders.sources.folder import stat_fingerprint


class Box(Source):
    """A folder in the one that the environment variable `BOX` names."""

    @classmethod
    def matches(cls, text: str) -> bool:
        return text.startswith("box:")

    def fetch(self, work: Path) -> Path:
        if not self._folder.is_dir():
            raise RunError(f"{self.text}: there is no such thing in the box")
        return self._folder

    def fingerprint(self) -> str:
        return stat_fingerprint(encoder_files(self._folder), timed=True)

    @property
    def _folder(self) -> Path:
        return Path(os.environ["BOX"], self.text.removeprefix("box:"))
