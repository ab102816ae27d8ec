"""Kubeflow Pipelines and Vertex AI Pipelines as targets of the graph."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ..config import AnyConfig
from ..targets import OutputPaths, Value

if TYPE_CHECKING:
    from tfx.orchestration.data_types import RuntimeParameter

KFP, VERTEX = "kfp", "vertex"
# Scheme of the object store that comes with Kubeflow Pipelines.
MINIO = "minio://"


@dataclasses.dataclass(frozen=True)
class KubeflowTarget:
    """A pipeline whose tasks run in containers, started by an orchestrator.

    Args:
        name: `kfp` for Kubeflow Pipelines v2, `vertex` for Vertex AI Pipelines.
        image: Of every task.
        pipeline_root: URI under which the artifacts of all runs lie.
    """

    name: str
    image: str
    pipeline_root: str
    has_resolvers: bool = dataclasses.field(default=False, init=False)
    has_files: bool = dataclasses.field(default=False, init=False)

    def output_paths(self, config: AnyConfig) -> OutputPaths:
        """See `Target`."""
        root = self.pipeline_root.rstrip("/")
        # TensorFlow writes there by itself; to others only the launcher does, after the task.
        is_writable = root.startswith("gs://")
        return OutputPaths(
            pipeline_root=root,
            push_dir=config.kubeflow.push_dir or f"{root}/{config.PUSHED_UNDER}/{config.name}",
            checkpoints=f"{root}/checkpoints/{config.name}" if is_writable else None,
        )

    def parameter(self, name: str, value: Value) -> RuntimeParameter:
        """See `Target`."""
        from tfx.orchestration.data_types import RuntimeParameter

        return RuntimeParameter(name=name, default=value, ptype=type(value))

    def metadata(self, config: AnyConfig) -> None:
        """See `Target`."""
        return None
