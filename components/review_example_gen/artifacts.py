"""The artifact types of this component."""

from __future__ import annotations

from tfx.types.artifact import Artifact


class RejectedRows(Artifact):
    """Rows of the input that became no example, as JSON Lines.

    Each line has `file`, `row`, `reason`, `detail` and `raw` (the row's cells, or its text
    where it could not be taken apart). Custom properties count as those of the examples do.
    The type's name is also its import path, as Kubeflow Pipelines wants it.
    """

    TYPE_NAME = "reviewlens.RejectedRows"
