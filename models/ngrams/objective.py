"""What training makes small, and how: logistic regression over the grades, few passes."""

from __future__ import annotations

import collections
from collections.abc import Iterator

import numpy as np

from ..arrays import softmax
from .products import TextProducts

# Steps that a direction is made of. More take memory and bring nothing in so few passes.
_REMEMBERED = 5
# Of the slope along a direction, how much may be left at the end of a step.
_LEFT = 0.1


class NgramRegression:
    """Multinomial logistic regression on normalised rows of n-grams.

    The penalty of a weight is half its square, and more for an n-gram of many texts, as if
    features were dropped at random while training (Wager, Wang and Liang, "Dropout Training as
    Adaptive Regularization", NIPS 2013). That penalty, and what the losses add to it, are known
    beforehand well enough to scale each weight's steps; L-BFGS (Nocedal and Wright, "Numerical
    Optimization", algorithm 7.4) does the rest. A step takes one pass over the texts: products of
    the texts with a direction say what the loss is anywhere along it.

    Args:
        texts: To train on.
        idf: What the counts of each n-gram are multiplied by, float32 [columns].
        scale: What each row is multiplied by after that, float32 [n].
        wanted: What the probabilities of the grades shall be, float32 [n, grades].
        penalty: Weight of the penalty beside the sum of the losses.
        dropout: Share of the features that are as if dropped, in [0, 1).
    """

    def __init__(
        self,
        texts: TextProducts,
        idf: np.ndarray,
        scale: np.ndarray,
        wanted: np.ndarray,
        penalty: float,
        dropout: float,
    ):
        self._texts = texts
        # As wide as what they are multiplied with: NumPy takes far longer to stretch a column.
        self._idf, self._scale = (
            np.repeat(column[:, None], wanted.shape[1], 1) for column in (idf, scale)
        )
        self._wanted = wanted
        prior = (wanted.sum(0) + 1) / (len(wanted) + wanted.shape[1])
        self.bias = np.log(prior).astype(np.float32)
        self.weights = np.zeros((len(idf), len(prior)), np.float32)
        # The second derivatives, as the first guess of the probabilities has them.
        uncertainty = np.float32((prior * (1 - prior)).mean())
        curvature = uncertainty * self._idf**2 * texts.transposed_times(scale[:, None] ** 2)
        self._penalty = np.float32(penalty) + np.float32(dropout / (1 - dropout)) * curvature
        of_bias = np.full_like(self.bias[None], uncertainty * max(len(wanted), 1))
        self._curvature = np.concatenate([self._penalty + curvature, of_bias])
        self._logits = np.repeat(self.bias[None], len(wanted), 0)

    def steps(self) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
        """Takes step after step, until there is nothing to gain.

        Yields:
            The table and the bias now, to be multiplied with the rows of other texts, and the mean
            loss of the texts trained on.
        """
        residuals = softmax(self._logits) - self._wanted
        gradient = self.gradient(residuals)
        memory: collections.deque = collections.deque(maxlen=_REMEMBERED)
        while True:
            direction = _direction(gradient, self._curvature, memory)
            slope = _dot(gradient, direction)
            if not slope < 0:
                return
            moved = self._times(direction)
            size, residuals = self._search(direction, moved, residuals, slope)
            step = size * direction
            self.weights += step[:-1]
            self.bias = self.bias + step[-1]
            self._logits += size * moved
            yield self._idf * self.weights, self.bias, self._loss()
            before, gradient = gradient, self.gradient(residuals)
            change = gradient - before
            bend = _dot(step, change)
            # Where the loss bends no more, what is left is rounding.
            if not bend > 0:
                return
            memory.append((step, change, 1 / bend))

    def _times(self, direction: np.ndarray) -> np.ndarray:
        return self._scale * self._texts.times(self._idf * direction[:-1]) + direction[-1]

    def gradient(self, residuals: np.ndarray) -> np.ndarray:
        """The gradient of the losses and the penalty.

        Args:
            residuals: Probabilities of the grades less those wanted, float32 [n, grades].

        Returns:
            float32 [columns + 1, grades]: of the weights, and in the last row of the bias.
        """
        of_weights = self._idf * self._texts.transposed_times(self._scale * residuals)
        of_weights += self._penalty * self.weights
        return np.concatenate([of_weights, residuals.sum(0, keepdims=True)])

    def _search(
        self, direction: np.ndarray, moved: np.ndarray, residuals: np.ndarray, slope: float
    ) -> tuple[np.float32, np.ndarray]:
        """How far to go, by Newton's method within what is known to be too near and too far."""
        weighted = self._penalty * direction[:-1]
        linear, square = _dot(weighted, self.weights), _dot(weighted, direction[:-1])
        first, near, far, size = slope, 0.0, np.inf, 0.0
        for _ in range(20):
            probabilities = residuals + self._wanted
            means = (probabilities * moved).sum(1, keepdims=True)
            curvature = _dot(probabilities, (moved - means) ** 2) + square
            near, far = (size, far) if slope < 0 else (near, size)
            to = size - slope / curvature if curvature > 0 else np.inf
            if not near < to < far:
                to = 2 * size + 1 if far == np.inf else (near + far) / 2
            size = float(np.float32(to))
            residuals = softmax(self._logits + np.float32(size) * moved) - self._wanted
            slope = _dot(residuals, moved) + linear + size * square
            if abs(slope) <= _LEFT * abs(first):
                break
        return np.float32(size), residuals

    def _loss(self) -> float:
        return mean_loss(self._logits, self._wanted)


def mean_loss(logits: np.ndarray, wanted: np.ndarray) -> float:
    """Mean cross-entropy, 0 for no rows.

    Args:
        logits: float32 [n, k].
        wanted: Probabilities, float32 [n, k].
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - (shifted * wanted).sum(axis=1)
    return float(losses.sum(dtype=np.float64) / max(len(wanted), 1))


def _direction(
    gradient: np.ndarray, curvature: np.ndarray, memory: collections.deque
) -> np.ndarray:
    towards = gradient.copy()
    shares = []
    for step, change, factor in reversed(memory):
        shares.append(factor * _dot(step, towards))
        towards -= np.float32(shares[-1]) * change
    towards /= -curvature
    if memory:
        step, change, factor = memory[-1]
        towards *= np.float32(1 / (factor * _dot(change, change / curvature)))
    for (step, change, factor), share in zip(memory, reversed(shares), strict=True):
        towards -= np.float32(share + factor * _dot(change, towards)) * step
    return towards


def _dot(one: np.ndarray, other: np.ndarray) -> float:
    """Added up pair by pair, in an order that does not depend on the threads, as BLAS' does."""
    return float((one * other).sum())
