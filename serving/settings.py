"""The settings of the export, as the configuration names them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ..choices import choice, choice_problems
from ..models.settings import PRECISIONS


@dataclasses.dataclass(frozen=True)
class ExportSettings:
    """How a trained classifier becomes a served one.

    Attributes:
        precision: What the served model computes in: `float32`, `bfloat16`, or `auto`, the
            faster of the two on the machine that exports, as long as it decides alike.
    """

    precision: str = choice("auto", PRECISIONS)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        yield from choice_problems(self)
