"""The node `ngram-trainer`: reviews become an n-gram classifier, in seconds.

It is the model of a run without an encoder. Beside an encoder it is what that is measured by, and
what the exporter may let answer with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from ...models.ngrams.settings import NgramSettings
from ..split_files import split_patterns
from ..trainer.artifacts import TRAINING_SECONDS, TrainedModel


class Executor(base_executor.BaseExecutor):
    """Trains, see `training`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Trains an n-gram classifier.

        Args:
            input_dict: `examples` of `ReviewTransform`, with their text.
            output_dict: `ngram_model`, with the custom property `training_seconds`, and
                `model_run`.
            exec_properties: `settings` and `decide_for`.

        Raises:
            RunError: See `training.train_on_ngrams`.
        """
        from .trained_ngrams import TrainedNgrams
        from .training import train_on_ngrams

        self._log_startup(input_dict, output_dict, exec_properties)
        settings = json.loads(exec_properties["settings"])
        ngram_model = artifact_utils.get_single_instance(output_dict["ngram_model"])
        record = train_on_ngrams(
            TrainedNgrams(
                settings=NgramSettings(**settings["ngrams"]),
                task=settings["task"],
                task_config=settings["task_config"],
            ),
            train_files=split_patterns(input_dict["examples"], "train"),
            eval_files=split_patterns(input_dict["examples"], "eval"),
            ngram_model=ngram_model.uri,
            model_run=artifact_utils.get_single_uri(output_dict["model_run"]),
            decide_for=exec_properties["decide_for"],
        )
        # Not in a file: equal training leaves equal files.
        ngram_model.set_float_custom_property(TRAINING_SECONDS, record.seconds)


class NgramTrainerSpec(ComponentSpec):
    """Inputs, outputs and parameters of `NgramTrainer`."""

    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "decide_for": ExecutionParameter(type=str),
        "alone": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {"examples": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {
        "ngram_model": ChannelParameter(type=TrainedModel),
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun),
    }


class NgramTrainer(base_component.BaseComponent):
    """Trains the n-gram classifier for a task.

    Outputs `ngram_model` (weights, decision, and what belongs to them) and `model_run`
    (`training.json`).
    """

    SPEC_CLASS = NgramTrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        settings: NgramSettings,
        task: str,
        task_config: Mapping[str, Any],
        decide_for: str,
        alone: bool = False,
        code: str = "",
    ):
        """Declares the node.

        Args:
            examples: Transformed examples with the splits train and eval, which keep the text.
            settings: Of the classifier.
            task: Name of the task that is learnt.
            task_config: What the task is made of, such as the names of the classes.
            decide_for: What the decision is tuned for: `macro_f1`, `accuracy` or `both`.
            alone: Whether it is the model of the run, so that its training is the run's.
            code: Fingerprint of the code, part of the cache key.
        """
        described = {"ngrams": vars(settings), "task": task, "task_config": dict(task_config)}
        super().__init__(
            NgramTrainerSpec(
                examples=examples,
                settings=json.dumps(described),
                decide_for=decide_for,
                alone=int(alone),
                code=code,
                ngram_model=channel.Channel(type=TrainedModel),
                model_run=channel.Channel(type=standard_artifacts.ModelRun),
            )
        )
