"""Encoders that an installed package brings: `package:NAME/FOLDER`."""

from __future__ import annotations

from pathlib import Path

from ....files import package_path
from .base import Source
from .contents import encoder_files
from .folder import stat_fingerprint


class InstalledPackage(Source):
    """A folder inside a package that is installed; the package is found, not imported.

    Importing it may ask for what only the package's own code needs, such as PyTorch.
    """

    @classmethod
    def matches(cls, text: str) -> bool:
        """See `Source`."""
        return text.startswith("package:")

    def fetch(self, work: Path) -> Path:
        """See `Source`."""
        return Path(package_path(self.text))

    def fingerprint(self) -> str:
        """Of the files' names and sizes: their times are those of the installation."""
        return stat_fingerprint(encoder_files(self.fetch(Path())), timed=False)
