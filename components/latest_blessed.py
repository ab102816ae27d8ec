"""The node `latest-blessed`: the model that a candidate must not fall behind."""

from __future__ import annotations

from typing import Any

from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)


class EarlierBlessedModelStrategy(LatestBlessedModelStrategy):
    """The latest blessed model that is not the candidate itself.

    TFX's own strategy takes the candidate for its baseline when a pipeline runs again
    unchanged. That would compare a model with itself, and, because its baseline is another
    one than before, evaluate and push it anew.
    """

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]] | None:
        """Chooses among the models of all runs.

        Args:
            store: ML Metadata.
            input_dict: `model` and `model_blessing` of all runs, and the `candidate`.

        Returns:
            The chosen `model` with its `model_blessing`, none where no earlier model was
            blessed, and the `candidate`.
        """
        candidates = {artifact.id for artifact in input_dict["candidate"]}
        earlier = [model for model in input_dict["model"] if model.id not in candidates]
        found = super().resolve_artifacts(
            store, {"model": earlier, "model_blessing": input_dict["model_blessing"]}
        )
        return {**found, "candidate": input_dict["candidate"]}
