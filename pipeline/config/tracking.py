"""Where runs are told of, beside what they leave under `output`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class TrackingSettings:
    """What is told of the runs on this machine once they are over.

    Attributes:
        mlflow: Address of an MLflow server, or folder of its file store; None for none.
    """

    mlflow: str | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if self.mlflow is not None and not self.mlflow.strip():
            yield "mlflow", "is empty; it is the address of an MLflow server, or a folder"
