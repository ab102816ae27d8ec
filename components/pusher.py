"""The node `pusher`: a blessed model becomes a version directory, whole or not at all."""

from __future__ import annotations

import os
from typing import Any

from absl import logging
from tfx.components.pusher import executor as pusher_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from .model_files import MODEL_DIGEST, is_model, model_digest
from .pushing import check_judged, push_version

# Input -> who gives it.
_BLESSINGS = {"model_blessing": "evaluator", "infra_blessing": "serving validator"}


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
            input_dict: `model`, `model_blessing` and `infra_blessing`.
            output_dict: `pushed_model`, with the custom properties `pushed`,
                `pushed_destination`, `pushed_version` and `model_sha256`, or `pushed` and
                `reason` where nothing was pushed.
            exec_properties: `serving_dir`: where the versions of this model lie.

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


class AtomicPusherSpec(ComponentSpec):
    """Inputs, outputs and parameters of `AtomicPusher`."""

    PARAMETERS = {"serving_dir": ExecutionParameter(type=str)}
    INPUTS = {
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
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
    ):
        """Declares the node.

        Args:
            model: The exported model.
            model_blessing: The evaluator's.
            infra_blessing: The serving validator's.
            serving_dir: Directory of the model, under which its versions lie.
        """
        super().__init__(
            AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                serving_dir=serving_dir,
                pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
            )
        )
