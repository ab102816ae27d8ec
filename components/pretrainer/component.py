"""The node `pretrainer`: an encoder reads texts and becomes one that knows them."""

from __future__ import annotations

import json
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils

from ...models.settings import DebugSettings, MaskedModelSettings, PretrainingSettings
from ..encoder_facts import RANDOM_WEIGHTS, encoder_facts
from ..split_files import split_patterns
from ..trainer.artifacts import TrainedModel

TASK = "masked-language-model"


class Executor(base_executor.BaseExecutor):
    """Pre-trains, see `pretraining`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pre-trains an encoder.

        Args:
            input_dict: `segments` of `TextSegments`, `encoder` of `EncoderFetcher` or of
                `VocabularyGen`.
            output_dict: `trained_model` and `model_run`.
            exec_properties: `settings`, `epochs` and `code`.

        Raises:
            RunError: See `pretraining.pretrain`.
        """
        from ..trainer.watched_training import TrainingRun
        from .pretrained import PretrainedWeights
        from .pretraining import pretrain

        self._log_startup(input_dict, output_dict, exec_properties)
        settings = json.loads(exec_properties["settings"])
        model = MaskedModelSettings(**settings["model"])
        encoder = artifact_utils.get_single_uri(input_dict["encoder"])
        facts = encoder_facts(encoder)
        pretrain(
            PretrainedWeights(
                encoder=facts["name"],
                model=model,
                training=PretrainingSettings(
                    **settings["training"], epochs=exec_properties["epochs"]
                ),
                task=TASK,
                task_config={
                    "objectives": list(model.objectives),
                    "masking": model.masking,
                    "mask_rate": model.mask_rate,
                },
            ),
            encoder=path_utils.serving_model_dir(encoder),
            train_files=split_patterns(input_dict["segments"], "train"),
            eval_files=split_patterns(input_dict["segments"], "eval"),
            test_files=split_patterns(input_dict["segments"], "test"),
            trained_model=artifact_utils.get_single_uri(output_dict["trained_model"]),
            run=TrainingRun(
                model_run=artifact_utils.get_single_uri(output_dict["model_run"]),
                checkpoints=settings["checkpoints"],
                tensorboard=settings["tensorboard"],
                # An encoder that was made here has the name of the one before it.
                code=f"{exec_properties.get('code', '')} {facts.get('sha256', '')}",
                debug=DebugSettings(**settings["debug"]),
            ),
            random_weights=facts.get(RANDOM_WEIGHTS, False),
        )


class PretrainerSpec(ComponentSpec):
    """Inputs, outputs and parameters of `Pretrainer`."""

    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "epochs": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "segments": ChannelParameter(type=standard_artifacts.Examples),
        "encoder": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {
        "trained_model": ChannelParameter(type=TrainedModel),
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun),
    }


class Pretrainer(base_component.BaseComponent):
    """Pre-trains an encoder on segments of text.

    Outputs `trained_model` (weights, and what belongs to them) and `model_run`
    (`training.json`).
    """

    SPEC_CLASS = PretrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        segments: channel.BaseChannel,
        encoder: channel.BaseChannel,
        model: MaskedModelSettings,
        training: PretrainingSettings,
        epochs: int | RuntimeParameter,
        checkpoints: str | None = None,
        tensorboard: str | None = None,
        code: str = "",
        debug: DebugSettings | None = None,
    ):
        """Declares the node.

        Args:
            segments: Output of `TextSegments`, with the splits train, eval and test.
            encoder: Output of `EncoderFetcher` or of `VocabularyGen`.
            model: What the encoder reads and guesses.
            training: How it is trained, but for the epochs.
            epochs: Passes over the training split, at most.
            checkpoints: Directory from which an interrupted training goes on; None for none.
                The checkpoint of a finished one stays until `remove_replaced_checkpoint`.
            tensorboard: Directory of the logs; None puts them beside `training.json`.
            code: Fingerprint of the code, part of the cache key.
            debug: How the training is watched; None for the defaults.
        """
        settings = {
            "model": vars(model),
            "training": {key: value for key, value in vars(training).items() if key != "epochs"},
            "checkpoints": checkpoints,
            "tensorboard": tensorboard,
            "debug": vars(debug or DebugSettings()),
        }
        super().__init__(
            PretrainerSpec(
                segments=segments,
                encoder=encoder,
                settings=json.dumps(settings),
                epochs=epochs,
                code=code,
                trained_model=channel.Channel(type=TrainedModel),
                model_run=channel.Channel(type=standard_artifacts.ModelRun),
            )
        )
