"""What Model Analysis is fed: of what a model serves, what its task's metrics are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.extractors import predictions_extractor

from ...serving.model_card import task_of
from ..task_registry import TASKS, inputs_of
from .eval_config import CANDIDATE
from .predictions import TEST
from .recording import Layout, Recording, WriteAnswers, wanted_recording


def custom_extractors(
    eval_shared_model: Any, eval_config: Any, tensor_adapter_config: Any
) -> list[tfma.extractors.Extractor]:
    """The standard extractors, and around the predictions what the task makes of them.

    TFX's Evaluator finds this function by its name in the module it is told of.

    Args:
        eval_shared_model: The candidate, or a list of candidate and baseline.
        eval_config: The configuration of the evaluation.
        tensor_adapter_config: How examples become tensors.

    Returns:
        The extractors, in the order in which they run.
    """
    models = eval_shared_model if isinstance(eval_shared_model, list) else [eval_shared_model]
    # Model Analysis leaves out the name where there is only one.
    readers = {model.model_name or CANDIDATE: _Reader(model.model_path) for model in models}
    extractors = tfma.default_extractors(
        eval_shared_model=eval_shared_model,
        eval_config=eval_config,
        tensor_adapter_config=tensor_adapter_config,
    )
    names = [extractor.stage_name for extractor in extractors]
    position = names.index(predictions_extractor.PREDICTIONS_EXTRACTOR_STAGE_NAME)
    inputs = beam.Map(_name_inputs, inputs=readers[CANDIDATE].inputs)
    before = [
        *extractors[:position],
        tfma.extractors.Extractor("ExtractInputs", inputs),
        extractors[position],
    ]
    slices = [key for spec in eval_config.slicing_specs for key in spec.feature_keys]
    answers = _ExtractAnswers(readers, before, slices)
    return [
        *before,
        tfma.extractors.Extractor("ExtractAnswers", answers),
        *extractors[position + 1 :],
    ]


class _Reader:
    """Makes of the outputs of one model what the metrics of its task are of."""

    def __init__(self, model_path: str):
        with beam.io.filesystems.FileSystems.open(f"{model_path}/assets/labels.txt") as file:
            self._labels = file.read().splitlines()
        # The functions, not the name of the task: a worker elsewhere may not know of all tasks.
        task = task_of(model_path)
        evaluation = TASKS.load(task, "evaluation")
        self.inputs = inputs_of(task)
        self._extract = evaluation.extract
        self.judged = getattr(evaluation, "judged", None)
        self.columns = getattr(evaluation, "COLUMNS", None)

    def read(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        return self._extract(outputs, self._labels)


def _name_inputs(extracts: dict[str, Any], inputs: Mapping[str, str]) -> dict[str, Any]:
    """Has the features by the names of the signature's inputs as well."""
    features = extracts[tfma.FEATURES_KEY]
    named = {name: features[feature] for name, feature in inputs.items()}
    return {**extracts, tfma.FEATURES_KEY: {**features, **named}}


class _ExtractAnswers(beam.PTransform):
    """Replaces the predictions of every model, and has them written down.

    Those of other splits are, too, where that is wanted: what came before is done once more for
    their examples, in the same pipeline, so that no model is loaded again.
    """

    def __init__(
        self,
        readers: Mapping[str, _Reader],
        before: Sequence[tfma.extractors.Extractor],
        slices: Sequence[str],
    ):
        super().__init__()
        self._readers = readers
        self._before = before
        self._slices = slices
        self._wanted = wanted_recording()

    def expand(self, extracts: beam.PCollection) -> beam.PCollection:
        answers = extracts | "Read" >> beam.Map(_read_answers, readers=self._readers)
        candidate = self._readers[CANDIDATE]
        if self._wanted and candidate.judged and candidate.columns:
            of_splits = {TEST: answers, **self._beside(extracts.pipeline, self._wanted)}
            layout = Layout(
                tuple(self._readers),
                candidate.judged,
                candidate.columns,
                tuple(dict.fromkeys(["text", *candidate.inputs.values()])),
                tuple(self._slices),
            )
            _ = of_splits | "WriteAnswers" >> WriteAnswers(self._wanted, layout)
        return answers

    def _beside(self, pipeline: beam.Pipeline, wanted: Recording) -> dict[str, beam.PCollection]:
        """The answers to the examples of other splits."""
        of_splits = {}
        for split, source in wanted.beside.items():
            extracts = (
                pipeline
                | f"ReadExamples[{split}]" >> source
                | f"InputsToExtracts[{split}]" >> tfma.BatchedInputsToExtracts()
            )
            for extractor in self._before:
                extracts |= f"{extractor.stage_name}[{split}]" >> extractor.ptransform
            of_splits[split] = extracts | f"Read[{split}]" >> beam.Map(
                _read_answers, readers=self._readers
            )
        return of_splits


def _read_answers(extracts: dict[str, Any], readers: Mapping[str, _Reader]) -> dict[str, Any]:
    predictions = extracts[tfma.PREDICTIONS_KEY]
    if len(readers) == 1:
        (reader,) = readers.values()
        found = reader.read(predictions)
    else:
        found = {name: reader.read(predictions[name]) for name, reader in readers.items()}
    return {**extracts, tfma.PREDICTIONS_KEY: found}
