"""Where a pipeline runs, and what a graph needs to know about it.

The same nodes run here and on Kubeflow. A target says where their results go, which values
may be chosen anew for every run, and whether the orchestrator has resolvers.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Protocol, TypeVar

from .config import AnyConfig
from .output import DATABASE

if TYPE_CHECKING:
    from ml_metadata.proto import metadata_store_pb2
    from tfx.orchestration.data_types import RuntimeParameter

Value = TypeVar("Value", str, int)


@dataclasses.dataclass(frozen=True)
class OutputPaths:
    """Where the nodes leave what they make.

    Attributes:
        pipeline_root: Artifacts.
        push_dir: Versions of what is pushed.
        rejected_dir: A copy of the rejected rows for people; "" for none.
        checkpoints: From where an interrupted training goes on; None for none.
        tensorboard: Logs of the training; None for beside its other records.
    """

    pipeline_root: str
    push_dir: str
    rejected_dir: str = ""
    checkpoints: str | None = None
    tensorboard: str | None = None


class Target(Protocol):
    """What the graph asks of a target."""

    @property
    def has_resolvers(self) -> bool:
        """Whether the orchestrator runs TFX's resolver nodes."""

    @property
    def has_files(self) -> bool:
        """Whether the machine that builds the graph sees the files that it names."""

    @property
    def image(self) -> str | None:
        """Container image of the tasks; None where they run in this process."""

    def output_paths(self, config: AnyConfig) -> OutputPaths:
        """Returns where the nodes of this configuration leave what they make."""

    def parameter(self, name: str, value: Value) -> Value | RuntimeParameter:
        """Returns a value that may be chosen anew for every run, if the target can do that."""

    def metadata(self, config: AnyConfig) -> metadata_store_pb2.ConnectionConfig | None:
        """Returns how ML Metadata is reached; None where the orchestrator keeps its own."""


@dataclasses.dataclass(frozen=True)
class LocalTarget:
    """This machine: everything goes to the configuration's `output`."""

    has_resolvers: bool = True
    has_files: bool = True
    image: str | None = None

    def output_paths(self, config: AnyConfig) -> OutputPaths:
        """See `Target`."""
        output = os.path.abspath(config.output)
        return OutputPaths(
            pipeline_root=os.path.join(output, "pipeline"),
            push_dir=os.path.join(output, config.PUSHED_UNDER, config.name),
            rejected_dir=os.path.join(output, "rejected"),
            checkpoints=os.path.join(output, "checkpoints"),
            tensorboard=os.path.join(output, "tensorboard"),
        )

    def parameter(self, name: str, value: Value) -> Value:
        """See `Target`; every run here has a configuration of its own."""
        return value

    def metadata(self, config: AnyConfig) -> metadata_store_pb2.ConnectionConfig:
        """See `Target`."""
        from tfx.orchestration import metadata

        output = os.path.abspath(config.output)
        return metadata.sqlite_metadata_connection_config(os.path.join(output, DATABASE))
