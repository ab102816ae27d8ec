"""The node `trainer`: TFX's Trainer, told the settings of this project's models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tfx.components.trainer import executor as trainer_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import trainer_pb2
from tfx.types import artifact_utils, channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils

from ...models.settings import ModelSettings, TrainingSettings
from ...serving.settings import ExportSettings
from ..encoder_fetcher import encoder_facts

RUN_FN = f"{__package__}.fine_tuning.run_fn"


class Executor(trainer_executor.GenericExecutor):
    """TFX's Trainer, which hands on what may be chosen anew for every run."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Trains and exports a model.

        Args:
            input_dict: `examples`, `transform_graph`, `schema`, and `base_model` of
                `EncoderFetcher`.
            output_dict: `model` and `model_run`.
            exec_properties: `epochs`, beside TFX's own.

        Raises:
            RunError: See `fine_tuning.run_fn`.
        """
        config = json_utils.loads(exec_properties["custom_config"])
        config["training"]["epochs"] = exec_properties["epochs"]
        encoder = artifact_utils.get_single_uri(input_dict["base_model"])
        config["encoder"] = encoder_facts(encoder)["name"]
        super().Do(
            input_dict, output_dict, {**exec_properties, "custom_config": json.dumps(config)}
        )


class ReviewTrainerSpec(standard_component_specs.TrainerSpec):
    """TFX's spec, with the number of epochs as a parameter of its own."""

    PARAMETERS = {
        **standard_component_specs.TrainerSpec.PARAMETERS,
        "epochs": ExecutionParameter(type=int),
    }


class ReviewTrainer(base_component.BaseComponent):
    """Fine-tunes a fetched encoder with a classifier head, calibrates it and exports it.

    Outputs `model` (a SavedModel that takes raw text) and `model_run` (`training.json`).
    """

    SPEC_CLASS = ReviewTrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        transform_graph: channel.BaseChannel,
        schema: channel.BaseChannel,
        encoder: channel.BaseChannel,
        model: ModelSettings,
        training: TrainingSettings,
        export: ExportSettings,
        epochs: int | RuntimeParameter,
        decide_for: str,
        labels: Sequence[str],
        grades: Sequence[int],
        checkpoints: str | None = None,
        tensorboard: str | None = None,
        code: str = "",
    ):
        """Declares the node.

        Args:
            examples: Transformed examples with the splits train and eval.
            transform_graph: Of the same Transform.
            schema: Of the raw examples.
            encoder: Output of `EncoderFetcher`.
            model: The classifier around the encoder.
            training: How it is fine-tuned, but for the epochs.
            export: How it is brought into the form that is served.
            epochs: Passes over the training split, at most.
            decide_for: What the decision is tuned for, `macro_f1` or `accuracy`.
            labels: Class names, in the order of their index.
            grades: Class index of each grade, see `ReviewClassifier`.
            checkpoints: Directory from which an interrupted training goes on; None for none.
                The checkpoint of a finished one stays until `remove_replaced_checkpoint`.
            tensorboard: Directory of the logs; None puts them beside `training.json`.
            code: Fingerprint of the code behind `run_fn`, part of the cache key.
        """
        config = {
            "model": vars(model),
            "training": {key: value for key, value in vars(training).items() if key != "epochs"},
            "export": vars(export),
            "decide_for": decide_for,
            "labels": list(labels),
            "grades": list(grades),
            "checkpoints": checkpoints,
            "tensorboard": tensorboard,
            "code": code,
        }
        super().__init__(
            ReviewTrainerSpec(
                examples=examples,
                transform_graph=transform_graph,
                schema=schema,
                base_model=encoder,
                run_fn=RUN_FN,
                train_args=trainer_pb2.TrainArgs(splits=["train"]),
                eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
                custom_config=json.dumps(config),
                epochs=epochs,
                model=channel.Channel(type=standard_artifacts.Model),
                model_run=channel.Channel(type=standard_artifacts.ModelRun),
            )
        )
