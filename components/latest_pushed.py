"""The node `latest-blessed` where the orchestrator has no resolvers, as Kubeflow Pipelines.

What was pushed had been blessed, so the newest version in the serving directory is the
model that a candidate must not fall behind. No metadata store is asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import io_utils, path_utils

from .pusher import pushed_versions

# Read at a time while files are compared.
_BLOCK = 1 << 20


def holds_model(uri: str) -> bool:
    """Whether a Model artifact has a model in it.

    Kubeflow Pipelines always passes an artifact on, so that a node without an earlier model
    to give leaves an empty one.

    Args:
        uri: Directory of the artifact.
    """
    return fileio.exists(os.path.join(path_utils.serving_model_dir(uri), "saved_model.pb"))


class Executor(base_executor.BaseExecutor):
    """Copies the newest pushed version into the artifact."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Looks for the newest version that is not the candidate itself.

        Args:
            input_dict: `candidate`: the model that is about to be judged.
            output_dict: `model`, left without files where nothing was pushed before; its custom
                property `pushed_version` says which version it is.
            exec_properties: `serving_dir`: where the versions of this model lie.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        model = artifact_utils.get_single_instance(output_dict["model"])
        candidate = path_utils.serving_model_path(
            artifact_utils.get_single_uri(input_dict["candidate"])
        )
        fileio.makedirs(model.uri)
        serving_dir = exec_properties["serving_dir"]
        for version in reversed(pushed_versions(serving_dir).values()):
            pushed = os.path.join(serving_dir, version)
            # A run that takes its model from the cache finds it pushed already.
            if not _same_files(pushed, candidate):
                io_utils.copy_dir(pushed, path_utils.serving_model_dir(model.uri))
                model.set_string_custom_property("pushed_version", version)
                logging.info("The baseline is version %s of %s.", version, serving_dir)
                return
        logging.info("No model was pushed to %s before.", serving_dir)


def _same_files(first: str, second: str) -> bool:
    files = [sorted(_files(root)) for root in (first, second)]
    return files[0] == files[1] and all(
        _same_bytes(os.path.join(first, name), os.path.join(second, name)) for name in files[0]
    )


def _files(root: str) -> Iterator[str]:
    """Paths of all files below a directory, relative to it."""
    for folder, _, names in fileio.walk(root):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def _same_bytes(first: str, second: str) -> bool:
    with fileio.open(first, "rb") as one, fileio.open(second, "rb") as other:
        while block := one.read(_BLOCK):
            if block != other.read(_BLOCK):
                return False
        return not other.read(1)


class LatestPushedModelSpec(ComponentSpec):
    """Inputs, outputs and parameters of `LatestPushedModel`."""

    PARAMETERS = {"serving_dir": ExecutionParameter(type=str)}
    INPUTS = {"candidate": ChannelParameter(type=standard_artifacts.Model)}
    OUTPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}


class LatestPushedModel(base_component.BaseComponent):
    """Finds the model that was pushed last.

    Output `model`: a copy of it, or an artifact without files where there is none.
    """

    SPEC_CLASS = LatestPushedModelSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, candidate: channel.BaseChannel, serving_dir: str | RuntimeParameter):
        """Declares the node.

        Args:
            candidate: The model that is about to be judged, which is never its own baseline.
            serving_dir: Directory of the model, under which its versions lie.
        """
        super().__init__(
            LatestPushedModelSpec(
                candidate=candidate,
                serving_dir=serving_dir,
                model=channel.Channel(type=standard_artifacts.Model),
            )
        )
