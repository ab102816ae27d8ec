"""What every kind of source of encoders answers."""

from __future__ import annotations

import abc
from pathlib import Path


class Source(abc.ABC):
    """A place where an encoder is, named by a text.

    Args:
        text: As a configuration, the command line or the catalog names it.

    Attributes:
        text: As given.
        is_path: Whether the text is a path, which means something on this machine alone.
    """

    is_path = False

    def __init__(self, text: str):
        self.text = text

    @classmethod
    @abc.abstractmethod
    def matches(cls, text: str) -> bool:
        """Whether a text is of this kind; only that it looks so, not that anything is there.

        Args:
            text: As for `fetch_encoder`.
        """

    def problem(self) -> str | None:
        """What is wrong with the text and what would be right, without looking for the encoder.

        Returns:
            The end of a sentence that begins with the text; None where nothing is wrong.
        """
        return None

    @abc.abstractmethod
    def fetch(self, work: Path) -> Path:
        """Brings the encoder here.

        Args:
            work: An empty folder for what has to be written; it is gone afterwards.

        Returns:
            The folder with the encoder's files, in `work` or elsewhere; it may hold others, too.

        Raises:
            RunError: It is not there, cannot be reached or cannot be read.
            OSError: It cannot be written.
        """

    @abc.abstractmethod
    def fingerprint(self) -> str:
        """A text that changes when the encoder does, found without fetching it."""
