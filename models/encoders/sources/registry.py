"""The kinds of sources that there are: one line a kind."""

from __future__ import annotations

import difflib

from ....errors import UsageError
from ..catalog import ENCODERS
from .archive import Archive
from .base import Source
from .folder import Folder
from .hub import Kaggle, TFHub
from .hugging_face import HuggingFace
from .installed import InstalledPackage

# The first that matches takes a text: whatever has a slash may be a folder.
SOURCES: list[type[Source]] = [
    InstalledPackage,
    HuggingFace,
    Kaggle,
    TFHub,
    Archive,
    Folder,
]


def register_source(kind: type[Source]) -> None:
    """Makes a kind of source known that is not of this package; it is asked before the others.

    Args:
        kind: Its class.

    Example:
        >>> register_source(SharePoint)
        >>> fetch_encoder("sharepoint://encoders/mine", "encoder")
    """
    if kind not in SOURCES:
        SOURCES.insert(0, kind)


def source_problem(text: str) -> str | None:
    """Tells what is wrong with the name of an encoder, without looking for the encoder itself.

    Args:
        text: As for `fetch_encoder`.

    Returns:
        Such as `is 'minilm', which is no name of the catalog; did you mean minilm-l6?`; None
        where nothing is wrong.

    Example:
        >>> source_problem("minilm")
        "is 'minilm', which is no name of the catalog; did you mean minilm-l6?"
    """
    source = _source_of(text)
    if source is not None:
        problem = source.problem()
        return problem and f"is {text!r}; {problem}"
    close = difflib.get_close_matches(text, ENCODERS, 1)
    hint = f"did you mean {close[0]}?" if close else "`reviewlens encoders` lists the names"
    return f"is {text!r}, which is no name of the catalog; {hint}"


def find_source(text: str) -> Source:
    """Finds the source that a text names.

    Args:
        text: As for `fetch_encoder`.

    Returns:
        It; that of the catalog's entry where the text is a name of the catalog.

    Raises:
        UsageError: The text names none, whatever there may be.

    Example:
        >>> find_source("roberta-base").text
        'hf://FacebookAI/roberta-base'
    """
    source = _source_of(text)
    if source is None or source.problem():
        raise UsageError(f"the encoder {source_problem(text)}")
    return source


def _source_of(text: str) -> Source | None:
    if text in ENCODERS:
        text = ENCODERS[text].source
    return next((kind(text) for kind in SOURCES if kind.matches(text)), None)
