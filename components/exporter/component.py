"""The node `exporter`: trained weights become the model that is evaluated, served and pushed.

Whatever is decided after the training is decided here, in seconds: the number format, the
calibration and the decision, the files of the served model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils

from ...serving.settings import ExportSettings
from ..split_files import split_patterns
from ..trainer.artifacts import TrainedModel


class Executor(base_executor.BaseExecutor):
    """Exports, see `exporting`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Exports a trained classifier.

        Args:
            input_dict: `examples` of `ReviewTransform`; `trained_model` of `ReviewTrainer` with
                `encoder` of `EncoderFetcher`, or `ngrams` of `NgramTrainer`, or all three.
            output_dict: `model`: the SavedModel, with `export.json` beside it.
            exec_properties: `precision`, `decide_for`, `wide`, `columns`.

        Raises:
            RunError: See `exporting.export_trained`.
        """
        from .exporting import export_trained

        self._log_startup(input_dict, output_dict, exec_properties)
        trained_model, encoder, ngrams = (
            artifact_utils.get_single_uri(input_dict[name]) if input_dict.get(name) else None
            for name in ("trained_model", "encoder", "ngrams")
        )
        export_trained(
            trained_model,
            encoder=None if encoder is None else path_utils.serving_model_dir(encoder),
            eval_files=split_patterns(input_dict["examples"], "eval"),
            model=artifact_utils.get_single_uri(output_dict["model"]),
            settings=ExportSettings(precision=exec_properties["precision"]),
            decide_for=exec_properties["decide_for"],
            ngrams=ngrams,
            wide=exec_properties["wide"],
            columns=json.loads(exec_properties["columns"]),
        )


class ModelExporterSpec(ComponentSpec):
    """Inputs, outputs and parameters of `ModelExporter`."""

    PARAMETERS = {
        "precision": ExecutionParameter(type=str),
        "decide_for": ExecutionParameter(type=str),
        "wide": ExecutionParameter(type=str),
        "columns": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "trained_model": ChannelParameter(type=TrainedModel, optional=True),
        "encoder": ChannelParameter(type=standard_artifacts.Model, optional=True),
        "ngrams": ChannelParameter(type=TrainedModel, optional=True),
    }
    OUTPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}


class ModelExporter(base_component.BaseComponent):
    """Fits the decision of a trained classifier, chooses its precision and exports it.

    Output `model`: a SavedModel that takes raw text, with `export.json` beside it.
    """

    SPEC_CLASS = ModelExporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        settings: ExportSettings,
        decide_for: str,
        columns: Mapping[str, Any],
        trained_model: channel.BaseChannel | None = None,
        encoder: channel.BaseChannel | None = None,
        ngrams: channel.BaseChannel | None = None,
        wide: str = "auto",
        code: str = "",
    ):
        """Declares the node.

        Args:
            examples: Transformed examples with the split eval, on which the decision is fitted.
            settings: The form in which the model is served.
            decide_for: What the decision is tuned for: `macro_f1`, `accuracy` or `both`.
            columns: Those of the files that the model reads, see `read_columns`; for its
                `model.json`.
            trained_model: Output of `ReviewTrainer`; None where no encoder was fine-tuned.
            encoder: Output of `EncoderFetcher`, the one that was fine-tuned.
            ngrams: Output of `NgramTrainer`, to be served alone or beside the encoder.
            wide: Whether the n-grams answer beside the encoder, see `ModelSettings`.
            code: Fingerprint of the code, part of the cache key.
        """
        super().__init__(
            ModelExporterSpec(
                examples=examples,
                trained_model=trained_model,
                encoder=encoder,
                ngrams=ngrams,
                precision=settings.precision,
                decide_for=decide_for,
                wide=wide,
                columns=json.dumps(columns),
                code=code,
                model=channel.Channel(type=standard_artifacts.Model),
            )
        )
