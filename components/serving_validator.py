"""The node `serving-validator`: a model is loaded and queried as TensorFlow Serving would.

A process of its own does it, because a model that only works beside the code that trained
it, or that brings its process down, must not look fine. Stock TFX runs TensorFlow Serving
in a container for this, which neither a laptop without one nor Kubeflow offers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils

from ..serving.model_card import task_of
from ..serving.tasks.registry import TASKS
from .model_files import MODEL_DIGEST, model_digest

# File names that TFX's own InfraValidator leaves.
BLESSED, NOT_BLESSED = "INFRA_BLESSED", "INFRA_NOT_BLESSED"


class Executor(base_executor.BaseExecutor):
    """Starts the validation of `serving.validation` and turns its outcome into a blessing."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Validates the model.

        Args:
            input_dict: `model`: one exported model.
            output_dict: `blessing`: an InfraBlessing with the custom properties `blessed`,
                `model_sha256` and, where it was refused, `reason`.
            exec_properties: `timeout_seconds`.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        model = path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"]))
        # Before the validation, so that what it loads is what the pusher will look for.
        blessing.set_string_custom_property(MODEL_DIGEST, model_digest(model))
        reason = _validate(model, exec_properties["timeout_seconds"])
        blessing.set_int_custom_property("blessed", int(not reason))
        blessing.set_string_custom_property("reason", reason)
        Path(blessing.uri).mkdir(parents=True, exist_ok=True)
        Path(blessing.uri, NOT_BLESSED if reason else BLESSED).write_text(reason, encoding="utf-8")


def _validate(model: str, timeout: int) -> str:
    """Why the model cannot be served; empty where it can."""
    try:
        outcome = subprocess.run(
            [sys.executable, "-m", "reviewlens.serving.validation", model, *_package(model)],
            # Keras' choice of backend and TFX's of Keras 2 are this process' own affair.
            env={k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"},
            capture_output=True,
            timeout=timeout,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return f"the model did not answer all requests within {timeout} seconds"
    if outcome.returncode:
        last = (outcome.stderr.strip().splitlines() or ["no output"])[-1]
        return f"the validating process ended with code {outcome.returncode}: {last}"
    return "; ".join(json.loads(outcome.stdout.splitlines()[-1])["failures"])


def _package(model: str) -> list[str]:
    """The package of the model's task; none where the model does not even tell its task."""
    try:
        return [TASKS.package(task_of(model))]
    except ValueError:
        return []


class ServingValidatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of `ServingValidator`."""

    PARAMETERS = {
        "timeout_seconds": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}
    OUTPUTS = {"blessing": ChannelParameter(type=standard_artifacts.InfraBlessing)}


class ServingValidator(base_component.BaseComponent):
    """Loads a model in a fresh process and sends it ordinary and hostile requests.

    Output `blessing`: the standard InfraBlessing that a Pusher takes.
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, model: channel.BaseChannel, timeout_seconds: int = 300, code: str = ""):
        """Declares the node.

        Args:
            model: The exported model.
            timeout_seconds: Longest time that loading and all requests may take together.
            code: Fingerprint of the validating code, part of the cache key.
        """
        super().__init__(
            ServingValidatorSpec(
                model=model,
                timeout_seconds=timeout_seconds,
                code=code,
                blessing=channel.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
