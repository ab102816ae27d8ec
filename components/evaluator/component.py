"""The node `evaluator`: TFX's Evaluator on raw text, told what this project's models serve."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from absl import logging
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as evaluator_executor
from tfx.components.util import tfxio_utils
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import io_utils, path_utils

from ...serving.model_card import read_model_card, task_of
from ..latest_pushed import holds_model
from ..metrics_file import write_metrics
from ..model_files import MODEL_DIGEST, model_digest
from ..task_registry import TASKS
from ..trainer.artifacts import TRAINING_SECONDS, TrainedModel
from . import extractors
from .eval_config import BASELINE, CANDIDATE, build_eval_config
from .predictions import EVAL, gather_predictions
from .recording import Recording, recording
from .report import explain, read_metrics
from .settings import EvaluationSettings
from .yardstick import Comparison, compare_models


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
            input_dict: `examples`, `schema`, `model`, perhaps `ngrams`, and perhaps
                `baseline_model`, which does not count if it has no files, is for another task or
                answers with other classes: of these nothing can be compared.
            output_dict: `evaluation`, with `metrics.json` and `predictions.parquet` beside Model
                Analysis' own files, and `blessing`, with the custom properties `model_sha256`
                and, where it was refused, `reason`.
            exec_properties: As TFX's Evaluator takes them, and `settings`.
        """
        model = _path_of(artifact_utils.get_single_instance(input_dict["model"]))
        task, labels = task_of(model), _labels_of(model)
        baselines = [
            other
            for other in input_dict.get("baseline_model", [])
            if holds_model(other.uri) and _answers_with(_path_of(other), task, labels)
        ]
        input_dict = {**input_dict, "baseline_model": baselines}
        ngrams = input_dict.pop("ngrams", [])
        settings = EvaluationSettings(**json.loads(exec_properties["settings"]))
        # Before the evaluation, so that what it loads is what the pusher will look for.
        digest = model_digest(model)
        evaluation = artifact_utils.get_single_uri(output_dict["evaluation"])
        beside = _examples_beside(input_dict["examples"], input_dict["schema"])
        with recording(Recording(evaluation, ngrams[0].uri if ngrams else None, beside)):
            super().Do(input_dict, output_dict, exec_properties)
        comparison = Comparison()
        columns = getattr(TASKS.load(task, "evaluation"), "COLUMNS", None)
        if columns and (predictions := gather_predictions(evaluation, labels, columns)):
            comparison = compare_models(
                predictions,
                task,
                labels,
                settings,
                ngram_seconds=_training_seconds(ngrams),
                wide=read_model_card(model).get("wide", {}).get("used", False),
            )
        baseline = read_metrics(task, evaluation, labels, BASELINE) if baselines else None
        metrics = {
            "task": task,
            "test": read_metrics(task, evaluation, labels, CANDIDATE if baselines else ""),
            "baseline": baseline and {**baseline, **comparison.baseline},
            "ngram_baseline": comparison.ngram_baseline,
        }
        write_metrics(evaluation, metrics)
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        reasons = [reason for reason in (explain(evaluation), *comparison.refusals) if reason]
        if comparison.refusals:
            _refuse(blessing)
        blessing.set_string_custom_property("reason", "; ".join(reasons))
        blessing.set_string_custom_property(MODEL_DIGEST, digest)


def _examples_beside(examples: list[Any], schema: list[Any]) -> dict[str, beam.PTransform]:
    """What reads the examples of the split eval, if there are some, as TFX reads the others."""
    if any(EVAL not in artifact_utils.decode_split_names(each.split_names) for each in examples):
        return {}
    (uri,) = artifact_utils.get_split_uris(examples, EVAL)
    described = io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(schema))
    factory = tfxio_utils.get_tfxio_factory_from_artifact(
        examples=examples,
        telemetry_descriptors=["Evaluator"],
        schema=io_utils.SchemaReader().read(described),
        raw_record_column_name=tfma.constants.ARROW_INPUT_COLUMN,
    )
    return {EVAL: factory(io_utils.all_files_pattern(uri)).BeamSource()}


def _path_of(model: Any) -> str:
    return path_utils.serving_model_path(model.uri)


def _labels_of(model: str) -> list[str]:
    path = os.path.join(model, "assets", "labels.txt")
    if not fileio.exists(path):
        return []
    with fileio.open(path) as file:
        return file.read().splitlines()


def _answers_with(model: str, task: str, labels: list[str]) -> bool:
    """Whether a model, that of an earlier run, is of this task and has these classes."""
    others = task_of(model), _labels_of(model)
    if others != (task, labels):
        logging.warning(
            "%s is no baseline: it is for %s, the candidate for %s.",
            *(model, _told(*others), _told(task, labels)),
        )
    return others == (task, labels)


def _told(task: str, labels: list[str]) -> str:
    return f"{task} ({', '.join(labels)})" if labels else task


def _training_seconds(models: list[Any]) -> float:
    return sum(model.get_float_custom_property(TRAINING_SECONDS) for model in models)


def _refuse(blessing: Any) -> None:
    """Takes back the blessing that TFX gave by its own thresholds, if it did."""
    blessed = os.path.join(blessing.uri, constants.BLESSED_FILE_NAME)
    if fileio.exists(blessed):
        fileio.remove(blessed)
    io_utils.write_string_file(os.path.join(blessing.uri, constants.NOT_BLESSED_FILE_NAME), "")
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY, constants.NOT_BLESSED_VALUE
    )


class ReviewEvaluatorSpec(standard_component_specs.EvaluatorSpec):
    """TFX's spec, with an n-gram classifier, the settings and a fingerprint of the code."""

    PARAMETERS = {
        **standard_component_specs.EvaluatorSpec.PARAMETERS,
        "settings": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        **standard_component_specs.EvaluatorSpec.INPUTS,
        "ngrams": ChannelParameter(type=TrainedModel, optional=True),
    }


class ReviewEvaluator(base_beam_component.BaseBeamComponent):
    """Evaluates a served model on the raw text of the test split, overall and per slice.

    Outputs `evaluation` (Model Analysis' files, `metrics.json` and `predictions.parquet`) and
    `blessing`.
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
            settings: The thresholds of the blessing, and the figure that counts.
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
                settings=json.dumps(vars(settings)),
                code=code,
                evaluation=channel.Channel(type=standard_artifacts.ModelEvaluation),
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
