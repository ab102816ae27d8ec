"""What tensors of a training were like, kept for who looks at it afterwards."""

from __future__ import annotations

import io
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...graph_function import graph_function
from ...settings import COLLECTIONS
from ..watching import ELEMENTS, SQUARES, StepSeen, Watched, Watcher

LOSSES, GRADIENTS, WEIGHTS = COLLECTIONS
# Of the weights; gradients have the root mean square alone, which the step computes anyway.
FIGURES = ("rms", "mean", "least", "greatest")


class SavedTensors(Watcher):
    """Keeps figures of tensors every few steps, and writes them when the training ends.

    The file is NumPy's `.npz` with, of each collection, `COLLECTION/steps` int64 [looks] and
    `COLLECTION/FIGURE` float32 [looks, variables], beside the `names` of the variables; of
    `losses` there is `losses/value` [looks]. Looking at all weights takes some 4 % of a step, at
    the others nothing. Of a training that was gone on with the file has what came after.

    Args:
        path: Of the file.
        collections: Of `losses`, `gradients` and `weights` those that are kept.
        every: Steps between two looks.

    Example:
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> settings = TrainingSettings(epochs=1)
        >>> saved = SavedTensors("tensors.npz", ["losses", "weights"], every=50)
        >>> record = train(
        ...     classifier, training, evaluation, settings, task=task, watchers=[saved]
        ... )
    """

    name = "saved"

    def __init__(self, path: str, collections: tuple[str, ...] | list[str], every: int = 10):
        self._path, self._collections, self._every = path, tuple(collections), every
        self._steps: list[int] = []
        self._looks: dict[str, list[Any]] = {name: [] for name in self._collections}

    def begin(self, watched: Watched) -> None:
        """Takes up the names of the variables."""
        self._names = watched.variables
        self._figures = _figures(watched.model.trainable_variables)

    def step(self, seen: StepSeen) -> None:
        """Looks, if it is time."""
        if seen.number % self._every:
            return
        self._steps.append(seen.number)
        if LOSSES in self._looks:
            self._looks[LOSSES].append(float(seen.loss))
        if GRADIENTS in self._looks:
            statistics = seen.statistics.numpy()
            sizes = np.maximum(statistics[:, ELEMENTS], 1)
            self._looks[GRADIENTS].append(np.sqrt(statistics[:, SQUARES] / sizes))
        if WEIGHTS in self._looks:
            self._looks[WEIGHTS].append(self._figures().numpy())

    def end(self) -> None:
        """Writes the file."""
        if not self._steps:
            return
        arrays: dict[str, np.ndarray] = {"names": np.array(self._names)}
        for name, looks in self._looks.items():
            arrays[f"{name}/steps"] = np.array(self._steps)
            seen = np.array(looks, np.float32)
            if name == WEIGHTS:
                columns = np.moveaxis(seen, -1, 0)
                arrays |= {
                    f"{name}/{figure}": column
                    for figure, column in zip(FIGURES, columns, strict=True)
                }
            else:
                arrays[f"{name}/{'value' if name == LOSSES else FIGURES[0]}"] = seen
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        with tf.io.gfile.GFile(self._path, "wb") as file:
            file.write(buffer.getvalue())


def _figures(variables: list[keras.Variable]) -> tf.types.experimental.PolymorphicFunction:
    @graph_function
    def look():
        rows = []
        for variable in variables:
            value = tf.cast(tf.convert_to_tensor(variable), tf.float32)
            rms = tf.sqrt(tf.reduce_mean(tf.square(value)))
            mean, least, most = (
                reduce(value) for reduce in (tf.reduce_mean, tf.reduce_min, tf.reduce_max)
            )
            rows.append(tf.stack([rms, mean, least, most]))
        return tf.stack(rows)

    return look
