"""Where the examples of a split lie, as nodes write them and as others read them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tfx.dsl.io import fileio
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


def place_parts(paths: Sequence[str], folder: str, name: str, ending: str) -> None:
    """Moves parts to the numbered names that readers of an artifact expect.

    Args:
        paths: Of the parts, in their order.
        folder: Where they shall lie.
        name: How their names begin.
        ending: How they end, with its dot.
    """
    fileio.makedirs(folder)
    for number, path in enumerate(paths):
        target = f"{name}-{number:05d}-of-{len(paths):05d}{ending}"
        fileio.rename(path, os.path.join(folder, target), overwrite=True)
