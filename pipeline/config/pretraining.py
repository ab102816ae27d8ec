"""The configuration of the graph that pre-trains an encoder."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import ClassVar

from ...components.encoder_evaluator.settings import EncoderEvaluationSettings
from ...components.review_example_gen.settings import OF_TASKS as DATA_OF_TASKS
from ...components.task_registry import TASKS, pretrains
from ...components.tasks.masked_language_model.data import TextSettings
from ...components.vocabulary_gen.settings import VocabularySettings
from ...models.encoders.fresh import ROBERTA, EncoderSize
from ...models.encoders.sources.registry import find_source, source_problem
from ...models.settings import AUTO, DebugSettings, MaskedModelSettings, PretrainingSettings
from ..beam_options import BeamSettings
from ..nearest import nearest
from .common import name_problems, task_problems
from .kubeflow import PretrainingKubeflowSettings
from .tracking import TrackingSettings


@dataclasses.dataclass(frozen=True)
class PretrainingConfig:
    """Everything that the pre-training of one encoder needs to know.

    Attributes:
        name: Name of the pipeline and of the encoder that is pushed.
        output: Folder that receives the artifacts, the encoder and `summary.json`.
        data: Where the texts are.
        task: What is learnt of them: `masked-language-model`.
        encoder: The encoder to start from, see `Config.encoder`; or the size of one that starts
            with a vocabulary that is learnt and with random weights.
        vocabulary: Of an encoder of a size: how its vocabulary is learnt.
        model: What the encoder reads, and what it has to guess.
        training: How it is trained.
        debug: How its training is watched.
        evaluation: When it is good enough to be pushed.
        beam: Who executes the nodes that use Beam.
        kubeflow: How the nodes run on Kubeflow.
        tracking: Where runs on this machine are told of.
    """

    # The command that runs it here, what that makes, and under which folder of `output`.
    COMMAND: ClassVar[str] = "pretrain"
    RESULT: ClassVar[str] = "encoder"
    PUSHED_UNDER: ClassVar[str] = "encoder"

    name: str
    output: str
    data: TextSettings
    task: str = "masked-language-model"
    encoder: str | EncoderSize = "minilm-l6"
    vocabulary: VocabularySettings = dataclasses.field(default_factory=VocabularySettings)
    model: MaskedModelSettings = dataclasses.field(default_factory=MaskedModelSettings)
    training: PretrainingSettings = dataclasses.field(default_factory=PretrainingSettings)
    debug: DebugSettings = dataclasses.field(default_factory=DebugSettings)
    evaluation: EncoderEvaluationSettings = dataclasses.field(
        default_factory=EncoderEvaluationSettings
    )
    beam: BeamSettings = dataclasses.field(default_factory=BeamSettings)
    kubeflow: PretrainingKubeflowSettings = dataclasses.field(
        default_factory=PretrainingKubeflowSettings
    )
    tracking: TrackingSettings = dataclasses.field(default_factory=TrackingSettings)

    def places(self) -> dict[str, str | None]:
        """Returns key -> what names a place; a path without a scheme is one of this machine."""
        places: dict[str, str | None] = {
            "data.input": self.data.input,
            "kubeflow.encoder_dir": self.kubeflow.encoder_dir,
        }
        if isinstance(self.encoder, str) and find_source(self.encoder).is_path:
            places["encoder"] = self.encoder
        return places

    @staticmethod
    def problems_between(values: Mapping[str, typing.Any]) -> Iterator[tuple[str, str]]:
        """Yields `(key, problem)` of what does not fit together, such as the task and the data.

        Args:
            values: Those keys that could be read, whatever is wrong with the others.
        """
        yield from name_problems(values, "an encoder")
        yield from _encoder_problems(
            values.get("encoder", PretrainingConfig.encoder),
            values.get("vocabulary", VocabularySettings()),
            values.get("model", MaskedModelSettings()),
            values.get("training", PretrainingSettings()),
        )
        task, data = values.get("task", PretrainingConfig.task), values.get("data")
        if task in TASKS and pretrains(task):
            yield from task_problems(task, data, ("data", data, DATA_OF_TASKS))
        else:
            known = [name for name in TASKS if pretrains(name)]
            yield "task", f"is {task!r}, by which no encoder is pre-trained; {nearest(task, known)}"


def _encoder_problems(
    encoder: str | EncoderSize,
    vocabulary: VocabularySettings,
    model: MaskedModelSettings,
    training: PretrainingSettings,
) -> Iterator[tuple[str, str]]:
    """Yields `(key, problem)` of the encoder, and of what does not go with it."""
    if isinstance(encoder, str):
        if problem := source_problem(encoder):
            yield "encoder", problem
        if vocabulary != VocabularySettings():
            yield (
                "vocabulary",
                "is learnt for an encoder of a size, such as {layers: 4, hidden: 256}; "
                f"{encoder} has one, leave it out",
            )
        return
    if encoder.family == ROBERTA and "nsp" in model.objectives:
        yield (
            "model.objectives",
            f"has nsp, but an encoder of encoder.family {ROBERTA} reads no pairs; choose [mlm]",
        )
    if training.keep not in (AUTO, 0):
        yield (
            "training.keep",
            f"is {training.keep}, but an encoder of a size has learnt nothing that it could keep; "
            "leave it out",
        )
    if model.max_tokens > encoder.positions:
        yield (
            "model.max_tokens",
            f"is {model.max_tokens}, but encoder.positions is {encoder.positions}: the encoder "
            "could read no more than these",
        )
