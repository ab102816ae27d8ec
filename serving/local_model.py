"""An exported model in this process, without a server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import cast

# Registers the tokenizer's operations, without which the model cannot be loaded.
import tensorflow_text  # noqa: F401  isort: skip
import tensorflow as tf

from ..errors import RunError
from ..files import version_numbers
from .model_card import task_of
from .prediction import AnyPrediction, Row, input_batches
from .tasks.predictions import check_inputs, check_task
from .tasks.question_answering.answers import TASK as ANSWERS
from .tasks.question_answering.answers import Answer, rows_of_pairs
from .tasks.registry import TASKS, inputs_of
from .tasks.token_classification.answers import TASK as ENTITIES
from .tasks.token_classification.answers import Entities, Entity

# Rows handed to the graph at once; it cuts them into smaller chunks by length.
BATCH = 1024


class LocalModel:
    """Loads a model written by `export_model` and answers as a server would.

    Args:
        directory: A version directory, or the directory above it, of which the highest
            version is taken.

    Attributes:
        directory: The version directory that was loaded.
        task: Name of the task that the model was trained for.
        inputs: Names of what it is asked with: `text`, or of several texts.
        labels: Names of the classes, or of what else the task decides between, in the order
            of the model's outputs.

    Raises:
        RunError: If there is no model in `directory`, or it is not one of this project.

    Example:
        >>> LocalModel("runs/amazon-snippets/serving/amazon-snippets").predict(["Great!"])
        [Prediction(label='positive', probabilities={'negative': 0.06…, …})]
    """

    def __init__(self, directory: str):
        self.directory = _version_directory(directory)
        model = tf.saved_model.load(self.directory)
        labels = os.path.join(self.directory, "assets", "labels.txt")
        if "serving_default" not in model.signatures or not tf.io.gfile.exists(labels):
            raise RunError(
                f"{self.directory} is a SavedModel, but none that reviewlens exported: it lacks "
                "the signature serving_default or assets/labels.txt"
            )
        try:
            self.task = task_of(self.directory)
            self.inputs = inputs_of(self.task)
            self._read = TASKS.load(self.task, "answers").read_arrays
        except ValueError as error:
            raise RunError(f"{self.directory}: {error}") from None
        # The signature belongs to the model, which must stay alive with it.
        self._model = model
        self._serve = model.signatures["serving_default"]
        self.labels = tf.io.gfile.GFile(labels).read().splitlines()

    def predict(self, texts: Iterable[Row]) -> list[AnyPrediction]:
        """Asks the model about texts.

        Args:
            texts: Any number of reviews of any length; of a model with several `inputs` texts by
                the names of these, such as
                `{"question": "How is the fit?", "context": "Fits perfectly."}`.

        Returns:
            One prediction for each, in their order.

        Raises:
            UsageError: The model takes other inputs.
        """
        return list(self.stream(texts))

    def stream(self, texts: Iterable[Row]) -> Iterator[AnyPrediction]:
        """Asks the model about texts as they come.

        Args:
            texts: As many as there are, see `predict`; those of one batch are in memory.

        Yields:
            One prediction for each, in their order.

        Raises:
            UsageError: The model takes other inputs.
        """
        for batch in input_batches(texts, BATCH):
            check_inputs(self.directory, self.task, self.inputs, batch)
            answer = self._serve(
                **{name: tf.constant(column, tf.string) for name, column in batch.items()}
            )
            arrays = {name: output.numpy() for name, output in answer.items()}
            yield from self._read(arrays, self.labels)

    def entities(self, texts: Iterable[str]) -> list[list[Entity]]:
        """Finds the entities of texts.

        Args:
            texts: Any number of any length.

        Returns:
            Those of each text, in their order.

        Raises:
            UsageError: The model is for another task.
        """
        check_task(self.directory, self.task, ENTITIES)
        return [list(cast(Entities, prediction).entities) for prediction in self.stream(texts)]

    def answers(self, pairs: Iterable[tuple[str, str]]) -> list[Answer]:
        """Answers questions with a part of a text each.

        Args:
            pairs: Any number of questions, each with the context that shall have its answer.

        Returns:
            The answer to each, in their order; an empty one where the context has none.

        Raises:
            UsageError: The model is for another task.
        """
        check_task(self.directory, self.task, ANSWERS)
        return cast(list[Answer], self.predict(rows_of_pairs(pairs)))


def _version_directory(directory: str) -> str:
    """`directory` itself if it holds a SavedModel, else its highest version."""
    if tf.io.gfile.exists(os.path.join(directory, "saved_model.pb")):
        return directory
    if not tf.io.gfile.isdir(directory):
        raise RunError(f"{directory}: no such model directory")
    for name in reversed(version_numbers(tf.io.gfile.listdir(directory)).values()):
        if tf.io.gfile.exists(os.path.join(directory, name, "saved_model.pb")):
            return os.path.join(directory, name)
    raise RunError(
        f"{directory} holds no model: neither saved_model.pb nor a version directory such as 1/"
    )
