"""The node `pusher`: a blessed model becomes a version directory, whole or not at all."""

from __future__ import annotations

import json
import os
from typing import Any

from absl import logging
from tfx.components.pusher import executor as pusher_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from ..serving.tasks.predictions import FIRST_TASK
from .metrics_file import METRICS_FILE
from .model_card import licence_of, model_card
from .model_files import MODEL_DIGEST, is_model, model_digest
from .pushing import check_judged, push_version

# Input -> who gives it.
_BLESSINGS = {"model_blessing": "evaluator", "infra_blessing": "serving validator"}

_MODEL_FACTS = "assets.extra/model.json"


class Executor(pusher_executor.Executor):
    """TFX's Pusher, with a version directory that appears by one rename."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if both blessings are given.

        A model that is the newest version already is not pushed again.

        Args:
            input_dict: `model`, `model_blessing`, `infra_blessing` and, where there is one,
                `evaluation`, whose figures go into the model card.
            output_dict: `pushed_model`, with the custom properties `pushed`,
                `pushed_destination`, `pushed_version` and `model_sha256`, or `pushed` and
                `reason` where nothing was pushed.
            exec_properties: `serving_dir`: where the versions of this model lie; `dataset`: what
                the model card shall say that it has learnt from.

        Raises:
            RunError: If the model, or its copy, is not what was judged.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        fileio.makedirs(pushed.uri)
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            pushed.set_string_custom_property("reason", _refusals(input_dict))
            return
        model, serving_dir = self.GetModelPath(input_dict), exec_properties["serving_dir"]
        digest = model_digest(model)
        for key, judge in _BLESSINGS.items():
            check_judged(model, digest, artifact_utils.get_single_instance(input_dict[key]), judge)
        version = push_version(
            model,
            digest,
            serving_dir,
            card=_card(model, input_dict, exec_properties),
            is_same=lambda folder: model_digest(folder) == digest,
            is_whole=is_model,
        )
        destination = os.path.join(serving_dir, version)
        self._MarkPushed(pushed, pushed_destination=destination, pushed_version=version)
        pushed.set_string_custom_property(MODEL_DIGEST, digest)
        logging.info("Pushed version %s to %s.", version, destination)


def _refusals(input_dict: dict[str, list[Any]]) -> str:
    blessings = (artifact_utils.get_single_instance(input_dict[key]) for key in _BLESSINGS)
    return "; ".join(filter(None, (b.get_string_custom_property("reason") for b in blessings)))


def _card(model: str, input_dict: dict[str, list[Any]], exec_properties: dict[str, Any]) -> str:
    facts = _read(os.path.join(model, _MODEL_FACTS))
    metrics = None
    if input_dict.get("evaluation"):
        uri = artifact_utils.get_single_uri(input_dict["evaluation"])
        metrics = _read(os.path.join(uri, METRICS_FILE))
    encoder = facts.get("encoder") or ""
    return model_card(
        os.path.basename(exec_properties["serving_dir"].rstrip("/")),
        facts.get("task", FIRST_TASK),
        dataset=exec_properties.get("dataset") or "",
        metrics=metrics,
        labels=facts.get("labels") or (),
        encoder=encoder,
        licence=licence_of(encoder),
        training=facts.get("training"),
        reading=facts,
    )


def _read(path: str) -> dict[str, Any]:
    """What a file in JSON says; nothing where there is none."""
    if not fileio.exists(path):
        return {}
    with fileio.open(path) as file:
        return json.loads(file.read())


class AtomicPusherSpec(ComponentSpec):
    """Inputs, outputs and parameters of `AtomicPusher`."""

    PARAMETERS = {
        "serving_dir": ExecutionParameter(type=str),
        "dataset": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation, optional=True),
    }
    OUTPUTS = {"pushed_model": ChannelParameter(type=standard_artifacts.PushedModel)}


class AtomicPusher(base_component.BaseComponent):
    """Copies a model that was blessed twice to where TensorFlow Serving looks for versions.

    Output `pushed_model`: where it went, or why it went nowhere.
    """

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: channel.BaseChannel,
        model_blessing: channel.BaseChannel,
        infra_blessing: channel.BaseChannel,
        serving_dir: str | RuntimeParameter,
        evaluation: channel.BaseChannel | None = None,
        dataset: str | RuntimeParameter = "",
    ):
        """Declares the node.

        Args:
            model: The exported model.
            model_blessing: The evaluator's.
            infra_blessing: The serving validator's.
            serving_dir: Directory of the model, under which its versions lie.
            evaluation: The evaluator's figures, for the model card.
            dataset: What the model has learnt from, likewise.
        """
        super().__init__(
            AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                serving_dir=serving_dir,
                evaluation=evaluation,
                dataset=dataset,
                pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
            )
        )
