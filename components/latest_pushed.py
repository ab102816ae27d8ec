"""The node `latest-blessed` where the orchestrator has no resolvers, as Kubeflow Pipelines.

What was pushed had been blessed, so the newest version in the serving directory is the
model that a candidate must not fall behind. No metadata store is asked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import io_utils, path_utils

from .model_files import is_model, model_digest
from .pushing import pushed_versions


def holds_model(uri: str) -> bool:
    """Whether a Model artifact has a model in it.

    Kubeflow Pipelines always passes an artifact on, so that a node without an earlier model
    to give leaves an empty one.

    Args:
        uri: Directory of the artifact.
    """
    return is_model(path_utils.serving_model_dir(uri))


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
        version = earlier_version(serving_dir, candidate)
        if version is None:
            logging.info("No model was pushed to %s before.", serving_dir)
            return
        io_utils.copy_dir(
            os.path.join(serving_dir, version), path_utils.serving_model_dir(model.uri)
        )
        model.set_string_custom_property("pushed_version", version)
        logging.info("The baseline is version %s of %s.", version, serving_dir)


def earlier_version(
    serving_dir: str, candidate: str, known: Mapping[str, str] | None = None
) -> str | None:
    """Finds the model that was pushed last, before a candidate.

    Args:
        serving_dir: Directory of the model, under which its versions lie.
        candidate: Directory of a model that may have been pushed already, as by an earlier run
            from which this one takes it.
        known: Name of a version -> digest of what was pushed there, as far as it is recorded.

    Returns:
        Name of the newest version that holds a model, neither the candidate nor a damaged one;
        None for none.
    """
    known, digest = known or {}, ""
    for version in reversed(pushed_versions(serving_dir).values()):
        path = os.path.join(serving_dir, version)
        if not is_model(path):
            continue
        digest = digest or model_digest(candidate)
        found = model_digest(path)
        if digest not in (found, known.get(version)) and found == known.get(version, found):
            return version
    return None


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
