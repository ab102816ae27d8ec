"""The node `trainer`: an encoder and tokenized reviews become the weights of a model.

It knows nothing of how the model will be served: which number format, which decision, which
files. Those may change at any time without a new training; they are the exporter's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils

from ...models.settings import AUTO, DebugSettings, ModelSettings, TrainingSettings
from ..encoder_facts import encoder_facts
from ..split_files import split_patterns
from .artifacts import TrainedModel

# Whether it is trained at all, and what it is served with, change nothing about the training.
_NOT_OF_THE_TRAINING = ("algorithm", "wide")


class Executor(base_executor.BaseExecutor):
    """Trains, see `fine_tuning`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Trains a model.

        Args:
            input_dict: `examples` of `ReviewTransform` and `encoder` of `EncoderFetcher`.
            output_dict: `trained_model` and `model_run`.
            exec_properties: `settings`, `epochs` and `code`.

        Raises:
            RunError: See `fine_tuning.fine_tune`.
        """
        from .fine_tuning import fine_tune
        from .trained_model import TrainedWeights
        from .watched_training import TrainingRun

        self._log_startup(input_dict, output_dict, exec_properties)
        settings = json.loads(exec_properties["settings"])
        encoder = artifact_utils.get_single_uri(input_dict["encoder"])
        fine_tune(
            TrainedWeights(
                encoder=encoder_facts(encoder)["name"],
                model=ModelSettings(**settings["model"]),
                training=TrainingSettings(
                    **settings["training"], epochs=exec_properties["epochs"] or AUTO
                ),
                task=settings["task"],
                task_config=settings["task_config"],
            ),
            encoder=path_utils.serving_model_dir(encoder),
            train_files=split_patterns(input_dict["examples"], "train"),
            eval_files=split_patterns(input_dict["examples"], "eval"),
            trained_model=artifact_utils.get_single_uri(output_dict["trained_model"]),
            run=TrainingRun(
                model_run=artifact_utils.get_single_uri(output_dict["model_run"]),
                checkpoints=settings["checkpoints"],
                tensorboard=settings["tensorboard"],
                code=exec_properties.get("code", ""),
                debug=DebugSettings(**settings["debug"]),
            ),
        )


class ReviewTrainerSpec(ComponentSpec):
    """Inputs, outputs and parameters of `ReviewTrainer`."""

    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "epochs": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "encoder": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {
        "trained_model": ChannelParameter(type=TrainedModel),
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun),
    }


class ReviewTrainer(base_component.BaseComponent):
    """Fine-tunes a fetched encoder with the head of a task.

    Outputs `trained_model` (weights, and what belongs to them) and `model_run`
    (`training.json`).
    """

    SPEC_CLASS = ReviewTrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        encoder: channel.BaseChannel,
        model: ModelSettings,
        training: TrainingSettings,
        epochs: int | RuntimeParameter,
        task: str,
        task_config: Mapping[str, Any],
        checkpoints: str | None = None,
        tensorboard: str | None = None,
        code: str = "",
        debug: DebugSettings | None = None,
    ):
        """Declares the node.

        Args:
            examples: Transformed examples with the splits train and eval.
            encoder: Output of `EncoderFetcher`.
            model: How the model is built on the encoder.
            training: How it is fine-tuned, but for the epochs.
            epochs: Passes over the training split, at most; 0 for `auto`.
            task: Name of the task that is learnt.
            task_config: What the task is made of, such as the names of the classes.
            checkpoints: Directory from which an interrupted training goes on; None for none.
                The checkpoint of a finished one stays until `remove_replaced_checkpoint`.
            tensorboard: Directory of the logs; None puts them beside `training.json`.
            code: Fingerprint of the code, part of the cache key.
            debug: How the training is watched; None for the defaults.
        """
        settings = {
            "model": {
                key: value for key, value in vars(model).items() if key not in _NOT_OF_THE_TRAINING
            },
            "training": {key: value for key, value in vars(training).items() if key != "epochs"},
            "task": task,
            "task_config": dict(task_config),
            "checkpoints": checkpoints,
            "tensorboard": tensorboard,
            "debug": vars(debug or DebugSettings()),
        }
        super().__init__(
            ReviewTrainerSpec(
                examples=examples,
                encoder=encoder,
                settings=json.dumps(settings),
                epochs=epochs,
                code=code,
                trained_model=channel.Channel(type=TrainedModel),
                model_run=channel.Channel(type=standard_artifacts.ModelRun),
            )
        )
