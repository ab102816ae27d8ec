"""Where the examples of a split lie, as the nodes that learn from them read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfx.types import artifact_utils
from tfx.utils import io_utils


def split_patterns(examples: Sequence[Any], split: str) -> list[str]:
    """The files of one split.

    Args:
        examples: Artifacts of examples.
        split: Its name, such as `train`.

    Returns:
        A pattern of files for each of the artifacts.
    """
    return [
        io_utils.all_files_pattern(uri) for uri in artifact_utils.get_split_uris(examples, split)
    ]
