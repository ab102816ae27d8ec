"""The configuration of the graph that makes a served model of reviews."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import ClassVar

from ...components.evaluator.settings import OF_TASKS as EVALUATION_OF_TASKS
from ...components.evaluator.settings import EvaluationSettings
from ...components.review_example_gen.settings import OF_TASKS as DATA_OF_TASKS
from ...components.review_example_gen.settings import DataSettings
from ...components.task_registry import TASKS, learns_from_ngrams
from ...models.encoders.sources.registry import find_source, source_problem
from ...models.ngrams.settings import NgramSettings
from ...models.settings import OF_TASKS as MODEL_OF_TASKS
from ...models.settings import DebugSettings, ModelSettings, TrainingSettings
from ...serving.settings import ExportSettings
from ..beam_options import BeamSettings
from ..nearest import nearest
from .common import name_problems, task_problems
from .kubeflow import KubeflowSettings
from .reader import NO_MAPPING
from .tracking import TrackingSettings


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that one pipeline needs to know.

    Attributes:
        name: Name of the pipeline and of the served model.
        output: Folder that receives the artifacts, the served model and `summary.json`.
        data: Where the reviews are and which columns mean what.
        task: What is learnt, the name of a task such as `text-classification`.
        encoder: Catalog name of a text encoder, or where it is: `hf://OWNER/NAME[@REVISION]`, a
            TF Hub or Kaggle handle or address, `package:NAME/FOLDER`, a folder or a `.tar.gz`.
        model: What learns, and the classifier around the encoder.
        training: How the classifier is fine-tuned.
        debug: How its training is watched.
        ngrams: The n-gram classifier, alone or beside the encoder.
        export: How it is brought into the form that is served.
        evaluation: When a model is good enough to be pushed.
        beam: Who executes the nodes that use Beam.
        kubeflow: How the nodes run on Kubeflow.
        tracking: Where runs on this machine are told of.
    """

    # The command that runs it here, what that makes, and under which folder of `output`.
    COMMAND: ClassVar[str] = "run"
    RESULT: ClassVar[str] = "model"
    PUSHED_UNDER: ClassVar[str] = "serving"

    name: str
    output: str
    data: DataSettings
    task: str = "text-classification"
    encoder: str = dataclasses.field(
        default="minilm-l6",
        metadata={
            NO_MAPPING: "it is the name or the place of an encoder: one of a size learns from "
            "texts first, by reviewlens pretrain"
        },
    )
    model: ModelSettings = dataclasses.field(default_factory=ModelSettings)
    training: TrainingSettings = dataclasses.field(default_factory=TrainingSettings)
    debug: DebugSettings = dataclasses.field(default_factory=DebugSettings)
    ngrams: NgramSettings = dataclasses.field(default_factory=NgramSettings)
    export: ExportSettings = dataclasses.field(default_factory=ExportSettings)
    evaluation: EvaluationSettings = dataclasses.field(default_factory=EvaluationSettings)
    beam: BeamSettings = dataclasses.field(default_factory=BeamSettings)
    kubeflow: KubeflowSettings = dataclasses.field(default_factory=KubeflowSettings)
    tracking: TrackingSettings = dataclasses.field(default_factory=TrackingSettings)

    def places(self) -> dict[str, str | None]:
        """Returns key -> what names a place; a path without a scheme is one of this machine."""
        places = {
            "data.input": self.data.input,
            "data.schema": self.data.schema,
            "kubeflow.serving_dir": self.kubeflow.serving_dir,
        }
        if self.model.algorithm == "encoder" and find_source(self.encoder).is_path:
            places["encoder"] = self.encoder
        return places

    @staticmethod
    def problems_between(values: Mapping[str, typing.Any]) -> Iterator[tuple[str, str]]:
        """Yields `(key, problem)` of what does not fit together, such as the task and the data.

        Args:
            values: Those keys that could be read, whatever is wrong with the others.
        """
        task, data = values.get("task", Config.task), values.get("data")
        evaluation = values.get("evaluation", EvaluationSettings())
        model = values.get("model", ModelSettings())
        yield from name_problems(values, "a served model")
        if problem := source_problem(values.get("encoder", Config.encoder)):
            yield "encoder", problem
        yield from _algorithm_problems(model, values.get("export", ExportSettings()), evaluation)
        if task not in TASKS:
            yield "task", f"is {task!r}, which is no task; {nearest(task, TASKS)}"
            return
        yield from task_problems(
            task,
            data,
            ("data", data, DATA_OF_TASKS),
            ("model", model, MODEL_OF_TASKS),
            ("evaluation", evaluation, EVALUATION_OF_TASKS),
        )
        if not learns_from_ngrams(task):
            problem = f"but the n-gram classifier cannot learn {task}; leave it out"
            for key, value in (("algorithm", "ngrams"), ("wide", "on")):
                if getattr(model, key) == value:
                    yield f"model.{key}", f"is {value}, {problem}"
            if evaluation.min_gain is not None:
                yield "evaluation.min_gain", f"is a gain over n-grams, {problem}"


def _algorithm_problems(
    model: ModelSettings, export: ExportSettings, evaluation: EvaluationSettings
) -> Iterator[tuple[str, str]]:
    """Yields `(key, problem)` of what does not go with that which learns."""
    if export.precision == "bfloat16" and model.algorithm == "ngrams":
        yield (
            "export.precision",
            "is bfloat16, but the n-gram classifier computes in float32; choose auto or float32",
        )
    elif export.precision == "bfloat16" and not model.native:
        yield (
            "export.precision",
            "is bfloat16, but an encoder that is fine-tuned as it was saved (model.native is "
            "false) computes in float32; choose auto or float32",
        )
    if evaluation.min_gain is not None and model.algorithm == "ngrams":
        yield (
            "evaluation.min_gain",
            "is a gain over n-grams, but these are the model (model.algorithm); leave it out",
        )
