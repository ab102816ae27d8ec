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

from ..errors import RunError
from ..files import folder_lock, partial_name, partial_version, version_numbers
from .model_files import MODEL_DIGEST, is_model, model_digest

# Input -> who gives it.
_BLESSINGS = {"model_blessing": "evaluator", "infra_blessing": "serving validator"}
# On an object store, where no lock tells who is at work.
_FORSAKEN_SECONDS = 24 * 3600


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
        _check_judged(model, digest, input_dict)
        fileio.makedirs(serving_dir)
        with folder_lock(serving_dir) as alone:
            _clear_leftovers(serving_dir, alone)
            version = _place(model, digest, serving_dir)
        destination = os.path.join(serving_dir, version)
        self._MarkPushed(pushed, pushed_destination=destination, pushed_version=version)
        pushed.set_string_custom_property(MODEL_DIGEST, digest)
        logging.info("Pushed version %s to %s.", version, destination)


def _check_judged(model: str, digest: str, input_dict: dict[str, list[Any]]) -> None:
    """Makes sure that the model still is what the blessings were given to."""
    for key, judge in _BLESSINGS.items():
        blessing = artifact_utils.get_single_instance(input_dict[key])
        if blessing.get_string_custom_property(MODEL_DIGEST) not in ("", digest):
            raise RunError(
                f"{model}: its files have changed since the {judge} judged them, so it is not "
                "pushed; run the same command again, which makes a damaged model anew"
            )


def _place(model: str, digest: str, serving_dir: str) -> str:
    """Has the model be the newest version, and returns its name."""
    newest = next(reversed(pushed_versions(serving_dir).values()), None)
    # A pusher that was killed right after it had placed the model has not recorded it.
    if newest and model_digest(os.path.join(serving_dir, newest)) == digest:
        return newest
    version = _next_version(serving_dir)
    partial = os.path.join(serving_dir, partial_name(version))
    try:
        io_utils.copy_dir(model, partial)
        if model_digest(partial) != digest:
            raise RunError(f"{partial}: the copy of {model} is not the same; nothing was pushed")
        fileio.rename(partial, os.path.join(serving_dir, version))
    except BaseException:
        if fileio.exists(partial):
            fileio.rmtree(partial)
        raise
    return version


def _clear_leftovers(serving_dir: str, alone: bool) -> None:
    """Removes what pushers that were killed have left half copied."""
    for name in _names(serving_dir):
        version, partial = partial_version(name), os.path.join(serving_dir, name)
        if version is None or not (alone or _is_forsaken(partial)):
            continue
        place = os.path.join(serving_dir, version)
        try:
            # Where a rename is many copies, one may have broken off as well.
            if fileio.exists(place) and not is_model(place):
                fileio.rmtree(place)
            fileio.rmtree(partial)
        except Exception as error:
            logging.warning("%s: cannot be removed: %s", partial, error)


def _is_forsaken(folder: str) -> bool:
    """Whether nobody has written to a folder for so long that its pusher must be dead."""
    paths = (
        os.path.join(parent, name) for parent, _, names in fileio.walk(folder) for name in names
    )
    changed = max((fileio.stat(path).mtime_nsec for path in paths), default=0)
    return time.time() - changed / 1e9 > _FORSAKEN_SECONDS


def _refusals(input_dict: dict[str, list[Any]]) -> str:
    blessings = (artifact_utils.get_single_instance(input_dict[key]) for key in _BLESSINGS)
    return "; ".join(filter(None, (b.get_string_custom_property("reason") for b in blessings)))


def pushed_versions(serving_dir: str) -> dict[int, str]:
    """The versions of a model, name by number, the lowest first; empty where there are none.

    Args:
        serving_dir: Directory of the model.
    """
    return version_numbers(_names(serving_dir))


def _names(serving_dir: str) -> list[str]:
    """What lies there; nothing in a folder of an object store that has no object yet."""
    return fileio.listdir(serving_dir) if fileio.exists(serving_dir) else []


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
