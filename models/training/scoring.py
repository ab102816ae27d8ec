"""Outputs of a model for many tokenized texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph_function import graph_function
from .batching import pad_batch, sorted_batches
from .tokenized import TokenizedTexts


class Scorer:
    """Computes the outputs of a model; traces it once and follows its weights.

    Args:
        model: Takes the inputs of its `encoder`, gives a tensor [batch, …], or [batch, width, …].
        batch_size: Texts at a time.
        per_token: Whether the outputs are of tokens; those of the padding are dropped.

    Example:
        >>> Scorer(classifier)(reviews).shape
        (16, 3)
    """

    def __init__(self, model: Any, batch_size: int = 64, per_token: bool = False):
        self._batch_size = batch_size
        self._per_token = per_token
        self._inputs = model.encoder.inputs
        self._infer = graph_function(
            lambda inputs: model(inputs, training=False),
            input_signature=[self._inputs.signature()],
        )

    def __call__(self, texts: TokenizedTexts) -> np.ndarray:
        """Scores the texts, those of similar length together.

        Args:
            texts: Any number of them.

        Returns:
            Outputs in the order of the texts, [n, …], or of their tokens, [total, …].
        """
        output = self._infer.get_concrete_function().structured_outputs
        count = len(texts.tokens) if self._per_token else len(texts)
        features = output.shape[2 if self._per_token else 1 :]
        outputs = np.zeros((count, *features), output.dtype.as_numpy_dtype)
        for rows in sorted_batches(texts.lengths, self._batch_size):
            found = self._infer(pad_batch(texts, rows, self._inputs)).numpy()
            if not self._per_token:
                outputs[rows] = found
                continue
            for row, of_tokens in zip(rows, found, strict=True):
                start, end = texts.row_splits[row : row + 2]
                outputs[start:end] = of_tokens[: end - start]
        return outputs
