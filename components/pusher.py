"""The node `pusher`: a blessed model becomes a version directory, whole or not at all."""

from __future__ import annotations

import os
import time
from typing import Any

from absl import logging
from tfx.components.pusher import executor as pusher_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import io_utils

from ..files import version_numbers


class Executor(pusher_executor.Executor):
    """TFX's Pusher, with a version directory that appears by one rename."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if both blessings are given.

        Args:
            input_dict: `model`, `model_blessing` and `infra_blessing`.
            output_dict: `pushed_model`, with the custom properties `pushed`,
                `pushed_destination`, `pushed_version`, and `reason` where nothing was pushed.
            exec_properties: `serving_dir`: where the versions of this model lie.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        fileio.makedirs(pushed.uri)
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            pushed.set_string_custom_property("reason", _refusals(input_dict))
            return
        serving_dir = exec_properties["serving_dir"]
        version = _next_version(serving_dir)
        destination = os.path.join(serving_dir, version)
        # TensorFlow Serving takes only numbers for versions, so it does not see this one.
        partial = os.path.join(serving_dir, f".{version}.partial")
        try:
            io_utils.copy_dir(self.GetModelPath(input_dict), partial)
            fileio.rename(partial, destination)
        except BaseException:
            if fileio.exists(partial):
                fileio.rmtree(partial)
            raise
        self._MarkPushed(pushed, pushed_destination=destination, pushed_version=version)
        logging.info("Pushed version %s to %s.", version, destination)


def _refusals(input_dict: dict[str, list[Any]]) -> str:
    blessings = (artifact_utils.get_single_instance(input_dict[key]) for key in _BLESSINGS)
    return "; ".join(filter(None, (b.get_string_custom_property("reason") for b in blessings)))


_BLESSINGS = ("model_blessing", "infra_blessing")


def pushed_versions(serving_dir: str) -> dict[int, str]:
    """The versions of a model, name by number, the lowest first; empty where there are none.

    Args:
        serving_dir: Directory of the model.
    """
    if not fileio.exists(serving_dir):
        return {}
    return version_numbers(fileio.listdir(serving_dir))


def _next_version(serving_dir: str) -> str:
    """Seconds since 1970, or one more than the newest version where the clock is behind it."""
    versions = pushed_versions(serving_dir)
    return str(max([int(time.time()), *(version + 1 for version in versions)]))


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
