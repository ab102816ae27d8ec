"""The node `encoder-evaluator`: whether a pre-trained encoder is as good as before, or better."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import io_utils, path_utils

from ..encoder_facts import encoder_facts
from ..model_files import MODEL_DIGEST, model_digest
from ..split_files import split_patterns
from ..trainer.artifacts import TrainedModel
from .settings import EncoderEvaluationSettings


class Executor(base_executor.BaseExecutor):
    """Judges, see `evaluation`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Judges a pre-trained encoder beside the one that it started from.

        Args:
            input_dict: `segments` of `TextSegments`, `encoder` of `EncoderFetcher` or of
                `VocabularyGen`, `trained_model` of `Pretrainer`.
            output_dict: `evaluation`, with `metrics.json`, and `blessing`, with the custom
                properties `model_sha256` and, where it was refused, `reason`.
            exec_properties: `settings` and `code`.

        Raises:
            RunError: See `evaluation.evaluate_encoder`.
        """
        from .evaluation import evaluate_encoder

        self._log_startup(input_dict, output_dict, exec_properties)
        encoder = artifact_utils.get_single_uri(input_dict["encoder"])
        trained = artifact_utils.get_single_instance(input_dict["trained_model"])
        # Before the evaluation, so that what it loads is what the pusher will look for.
        digest = model_digest(trained.uri)
        reasons = evaluate_encoder(
            trained.uri,
            encoder=path_utils.serving_model_dir(encoder),
            facts=encoder_facts(encoder),
            train_files=split_patterns(input_dict["segments"], "train"),
            test_files=split_patterns(input_dict["segments"], "test"),
            evaluation=artifact_utils.get_single_uri(output_dict["evaluation"]),
            settings=EncoderEvaluationSettings(**json.loads(exec_properties["settings"])),
        )
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, trained.uri
        )
        blessing.set_int_custom_property(
            constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, trained.id
        )
        blessing.set_string_custom_property(MODEL_DIGEST, digest)
        _bless(blessing, reasons)


def _bless(blessing: Any, reasons: Sequence[str]) -> None:
    """Writes down a judgement as TFX's Evaluator does, and the reasons in words."""
    name, value = (
        (constants.NOT_BLESSED_FILE_NAME, constants.NOT_BLESSED_VALUE)
        if reasons
        else (constants.BLESSED_FILE_NAME, constants.BLESSED_VALUE)
    )
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
    blessing.set_string_custom_property("reason", "; ".join(reasons))


class EncoderEvaluatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of `EncoderEvaluator`."""

    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "segments": ChannelParameter(type=standard_artifacts.Examples),
        "encoder": ChannelParameter(type=standard_artifacts.Model),
        "trained_model": ChannelParameter(type=TrainedModel),
    }
    OUTPUTS = {
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class EncoderEvaluator(base_component.BaseComponent):
    """Judges a pre-trained encoder on documents that it has not read.

    Outputs `evaluation` (`metrics.json`) and `blessing`.
    """

    SPEC_CLASS = EncoderEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        segments: channel.BaseChannel,
        encoder: channel.BaseChannel,
        trained_model: channel.BaseChannel,
        settings: EncoderEvaluationSettings,
        code: str = "",
    ):
        """Declares the node.

        Args:
            segments: Output of `TextSegments`, with the splits train and test.
            encoder: Output of `EncoderFetcher` or of `VocabularyGen`, that it started from.
            trained_model: Output of `Pretrainer`.
            settings: When it is good enough.
            code: Fingerprint of the code, part of the cache key.
        """
        super().__init__(
            EncoderEvaluatorSpec(
                segments=segments,
                encoder=encoder,
                trained_model=trained_model,
                settings=json.dumps(vars(settings)),
                code=code,
                evaluation=channel.Channel(type=standard_artifacts.ModelEvaluation),
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
