"""How the nodes run on Kubeflow, as the configuration names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import ClassVar

from ..nearest import nearest
from ..nodes import Node, node_ids
from ..nodes.pretraining_nodes import PRETRAINING_NODES
from ..nodes.review_nodes import REVIEW_NODES

# In `nodes`, what holds for those that do not say otherwise.
DEFAULT = "default"


@dataclasses.dataclass(frozen=True)
class NodeSettings:
    """What one node gets on Kubeflow; None leaves it to the default or to the cluster.

    Attributes:
        cpu: Cores at most.
        memory: Gigabytes (10^9 bytes) at most.
        accelerator: Kubernetes' name of a device such as `nvidia.com/gpu`; on Vertex AI a type
            such as `NVIDIA_TESLA_T4`.
        accelerators: How many of them.
        retries: How often a task that failed is tried again.
        cache: Take the results of an earlier run with the same inputs and parameters; by
            default all nodes do but `review-example-gen`, whose files may change under the same
            path, and `latest-blessed`.
    """

    cpu: float | None = None
    memory: float | None = None
    accelerator: str | None = None
    accelerators: int | None = None
    retries: int | None = None
    cache: bool | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        for key in ("cpu", "memory"):
            value = getattr(self, key)
            if value is not None and not value > 0:
                yield key, f"is {value:g}; it is a number above 0"
        if self.accelerators is not None and self.accelerators < 1:
            yield "accelerators", f"is {self.accelerators}; it is a whole number from 1"
        if self.accelerators is not None and not self.accelerator:
            yield "accelerators", "counts nothing; say which with `accelerator`"
        if self.retries is not None and self.retries < 0:
            yield "retries", f"is {self.retries}; it is a whole number from 0"

    def or_else(self, default: NodeSettings) -> NodeSettings:
        """Returns these settings, with those of `default` where this leaves something open."""
        mine = {key: value for key, value in vars(self).items() if value is not None}
        return dataclasses.replace(default, **mine)


class SettingsOfNodes:
    """What the nodes of a graph get on Kubeflow.

    Attributes:
        TABLE: The nodes that there are.
        nodes: Node id -> its settings; those of `default` hold for all nodes.
    """

    TABLE: ClassVar[tuple[Node, ...]]
    nodes: Mapping[str, NodeSettings]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        known = (DEFAULT, *node_ids(self.TABLE))
        for name, settings in self.nodes.items():
            if name not in known:
                yield f"nodes.{name}", f"unknown node; {nearest(name, known)}"
            elif settings.cache and self._cached(name) == "never":
                yield (
                    f"nodes.{name}.cache",
                    "is true; this node looks anew at each run for what was pushed last",
                )

    def of(self, node: str) -> NodeSettings:
        """Returns what a node gets, with `cache` always decided.

        Args:
            node: Its id.
        """
        cached = NodeSettings(cache=self._cached(node) == "always")
        default = self.nodes.get(DEFAULT, NodeSettings())
        if not cached.cache and default.cache:
            # A default for all nodes is no statement about these.
            default = dataclasses.replace(default, cache=None)
        own = self.nodes.get(node, NodeSettings())
        return own.or_else(default).or_else(cached)

    def _cached(self, node: str) -> str:
        return next((each.cached for each in self.TABLE if each.id == node), "always")


@dataclasses.dataclass(frozen=True)
class KubeflowSettings(SettingsOfNodes):
    """How the pipeline runs on Kubeflow Pipelines or Vertex AI Pipelines.

    Attributes:
        serving_dir: Where the versions of the model are pushed; by default
            `serving/NAME` under the pipeline root.
        nodes: Node id -> its settings; those of `default` hold for all nodes.
    """

    TABLE = REVIEW_NODES

    serving_dir: str | None = None
    nodes: Mapping[str, NodeSettings] = dataclasses.field(default_factory=dict)

    @property
    def push_dir(self) -> str | None:
        """Where what is pushed goes, if that is said."""
        return self.serving_dir


@dataclasses.dataclass(frozen=True)
class PretrainingKubeflowSettings(SettingsOfNodes):
    """How the graph of pre-training runs there.

    Attributes:
        encoder_dir: Where the versions of the encoder are pushed; by default
            `encoder/NAME` under the pipeline root.
        nodes: Node id -> its settings; those of `default` hold for all nodes.
    """

    TABLE = PRETRAINING_NODES

    encoder_dir: str | None = None
    nodes: Mapping[str, NodeSettings] = dataclasses.field(default_factory=dict)

    @property
    def push_dir(self) -> str | None:
        """Where what is pushed goes, if that is said."""
        return self.encoder_dir
