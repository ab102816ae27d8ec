"""What is known of a graph before TFX is imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..nodes import Node, load

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from ..targets import Target

ConfigOfGraph = TypeVar("ConfigOfGraph")


@dataclasses.dataclass(frozen=True)
class Graph(Generic[ConfigOfGraph]):
    """What the runner, partial runs, the display, the report and Kubeflow's compiler go by.

    Attributes:
        config: The class of its configurations.
        nodes: The table of its nodes, in the order in which they run.
        left_out: Names the nodes that the graph of a configuration does not have, each with what
            of the configuration leaves it out.
        builder: `MODULE:FUNCTION` of what makes the pipeline; takes what `build` takes.
        next_steps: `MODULE:FUNCTION` of what a person can do with what a run has pushed. The
            function takes the summary and gives commands.
    """

    config: type[ConfigOfGraph]
    nodes: tuple[Node, ...]
    left_out: Callable[[ConfigOfGraph], dict[str, str]]
    builder: str
    next_steps: str

    def build(
        self, config: ConfigOfGraph, cache: bool = True, target: Target | None = None
    ) -> Pipeline:
        """Builds the pipeline of a configuration.

        Args:
            config: A checked one.
            cache: Take the results of nodes that ran before on the same inputs.
            target: Where it shall run; by default on this machine, artifacts and metadata under
                the configuration's `output`.

        Returns:
            The pipeline; on a target that takes values at submission some are its parameters.

        Raises:
            RunError: The input cannot be found.
            UsageError: `beam.options` has one that Beam does not know.
        """
        pipeline: Any = load(self.builder)(config, cache, target)
        return pipeline
