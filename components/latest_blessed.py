"""The node `latest-blessed`: the model that a candidate must not fall behind."""

from __future__ import annotations

import os
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from .latest_pushed import earlier_version
from .model_files import MODEL_DIGEST


class EarlierBlessedModelStrategy(LatestBlessedModelStrategy):
    """The latest blessed model that is not the candidate itself.

    TFX's own strategy takes the candidate for its baseline when a pipeline runs again
    unchanged. That would compare a model with itself, and, because its baseline is another
    one than before, evaluate and push it anew.

    Where ML Metadata knows of none, as after its file was lost, what was pushed last had been
    blessed, too.

    Args:
        serving_dir: Directory of the model, under which its versions lie.
        links: Folder for artifacts that stand for pushed versions.
    """

    def __init__(self, serving_dir: str, links: str):
        self._serving_dir = serving_dir
        self._links = links

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]] | None:
        """Chooses among the models of all runs.

        Args:
            store: ML Metadata.
            input_dict: `model` and `model_blessing` of all runs, and the `candidate`.

        Returns:
            The chosen `model` with its `model_blessing`, the latter empty for a version that was
            pushed, both where there is no earlier model at all; and the `candidate`.
        """
        candidates = {artifact.id for artifact in input_dict["candidate"]}
        earlier = [model for model in input_dict["model"] if model.id not in candidates]
        found = super().resolve_artifacts(
            store, {"model": earlier, "model_blessing": input_dict["model_blessing"]}
        )
        if not found["model"]:
            found = {**found, "model": self._pushed(store, input_dict["candidate"])}
        return {**found, "candidate": input_dict["candidate"]}

    def _pushed(self, store: Any, candidates: list[Any]) -> list[Any]:
        """An artifact for the version that was pushed last, the same one every time."""
        candidate = path_utils.serving_model_path(artifact_utils.get_single_uri(candidates))
        pushed = store.get_artifacts_by_type(standard_artifacts.PushedModel.TYPE_NAME)
        properties = [artifact.custom_properties for artifact in pushed]
        known = {
            property_of["pushed_version"].string_value: property_of[MODEL_DIGEST].string_value
            for property_of in properties
            if MODEL_DIGEST in property_of
        }
        version = earlier_version(self._serving_dir, candidate, known)
        if version is None:
            return []
        model = standard_artifacts.Model()
        model.uri = os.path.join(self._links, version)
        _link(os.path.join(self._serving_dir, version), path_utils.serving_model_dir(model.uri))
        for known in store.get_artifacts_by_uri(model.uri):
            if known.state == mlmd.Artifact.LIVE:
                model.set_mlmd_artifact(known)
                return [model]
        # As one that a node has made; ML Metadata hands out no others.
        model.mlmd_artifact.state = mlmd.Artifact.LIVE
        model.set_string_custom_property("pushed_version", version)
        return [model]


def _link(target: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.remove(path)
    os.symlink(target, path)
