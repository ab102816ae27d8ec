"""The node `evaluator`: TFX's Evaluator on raw text, told what this project's models serve."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tfx.components.evaluator import executor as evaluator_executor
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import path_utils

from ...serving.model_card import task_of
from ..latest_pushed import holds_model
from ..model_files import MODEL_DIGEST, model_digest
from ..trainer.artifacts import TrainedModel
from . import extractors
from .eval_config import BASELINE, CANDIDATE, build_eval_config
from .report import METRICS_FILE, explain, read_metrics
from .settings import EvaluationSettings


class Executor(evaluator_executor.Executor):
    """TFX's Evaluator, whose results are also written as plain JSON and in words."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates the model, and the last blessed one beside it where there is one.

        Args:
            input_dict: `examples`, `schema`, `model` and perhaps `baseline_model`, which does
                not count if it has no files.
            output_dict: `evaluation`, with `metrics.json` beside Model Analysis' own files, and
                `blessing`, with the custom properties `model_sha256` and, where it was refused,
                `reason`.
            exec_properties: As TFX's Evaluator takes them.
        """
        baselines = [m for m in input_dict.get("baseline_model", []) if holds_model(m.uri)]
        input_dict = {**input_dict, "baseline_model": baselines}
        model = path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"]))
        # Before the evaluation, so that what it loads is what the pusher will look for.
        digest = model_digest(model)
        super().Do(input_dict, output_dict, exec_properties)
        evaluation = artifact_utils.get_single_uri(output_dict["evaluation"])
        labels_file = os.path.join(model, "assets", "labels.txt")
        with fileio.open(labels_file) as file:
            labels = file.read().splitlines()
        task = task_of(model)
        metrics = {
            "task": task,
            "test": read_metrics(task, evaluation, labels, CANDIDATE if baselines else ""),
            "baseline": read_metrics(task, evaluation, labels, BASELINE) if baselines else None,
        }
        with fileio.open(os.path.join(evaluation, METRICS_FILE), "w") as file:
            file.write(json.dumps(metrics, indent=2))
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        blessing.set_string_custom_property("reason", explain(evaluation))
        blessing.set_string_custom_property(MODEL_DIGEST, digest)


class ReviewEvaluatorSpec(standard_component_specs.EvaluatorSpec):
    """TFX's spec, with a fingerprint of the code in the cache key."""

    PARAMETERS = {
        **standard_component_specs.EvaluatorSpec.PARAMETERS,
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        **standard_component_specs.EvaluatorSpec.INPUTS,
        "ngrams": ChannelParameter(type=TrainedModel, optional=True),
    }


class ReviewEvaluator(base_beam_component.BaseBeamComponent):
    """Evaluates a served model on the raw text of the test split, overall and per slice.

    Outputs `evaluation` (Model Analysis' files and `metrics.json`) and `blessing`.
    """

    SPEC_CLASS = ReviewEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        schema: channel.BaseChannel,
        model: channel.BaseChannel,
        baseline_model: channel.BaseChannel,
        settings: EvaluationSettings,
        task: str,
        task_config: Mapping[str, Any],
        slices: Sequence[str] = (),
        ngrams: channel.BaseChannel | None = None,
        code: str = "",
    ):
        """Declares the node.

        Args:
            examples: Examples with the splits train, eval and test.
            schema: Their schema.
            model: The candidate, with the signature `serving_default` of raw text.
            baseline_model: The last blessed model, if any.
            settings: The thresholds of the blessing.
            task: Name of the task, which says what is computed.
            task_config: What the task is made of, such as its labels.
            slices: Features by whose values the metrics are broken down.
            ngrams: The n-gram classifier that the candidate is compared with, if any.
            code: Fingerprint of the code behind the extractors, part of the cache key.
        """
        super().__init__(
            ReviewEvaluatorSpec(
                examples=examples,
                schema=schema,
                model=model,
                baseline_model=baseline_model,
                ngrams=ngrams,
                eval_config=build_eval_config(task, task_config, settings, slices),
                example_splits=json.dumps(["test"]),
                module_path=extractors.__name__,
                code=code,
                evaluation=channel.Channel(type=standard_artifacts.ModelEvaluation),
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
