"""How likely logits find the right places, at the temperature that suits them."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...arrays import rows_of
from ..base import Texts
from ..calibration import COLDEST, HOTTEST
from .targets import ANSWERED, ANSWERS, HERE, NOWHERE


def log_losses(outputs: np.ndarray, texts: Texts, temperature: float) -> np.ndarray:
    """The log loss of where the answer begins and ends, as `SpanLoss` has it.

    Args:
        outputs: Logits of start and end, float [total, 2].
        texts: As `prepare` gives them.
        temperature: What the logits are divided by.

    Returns:
        The mean of the two, float64 [rows].
    """
    losses = [side.losses(1 / temperature) for side in _sides(outputs, texts)]
    return np.mean(losses, axis=0)


def fit_temperature(outputs: np.ndarray, texts: Texts) -> float:
    """The temperature of the least log loss.

    With every epoch a model is surer of all that it says. Whether it also knows more is seen once
    that is made up for (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).

    Args:
        outputs: Logits of start and end of texts that were not trained on, float [total, 2].
        texts: As `prepare` gives them.

    Returns:
        A number in [0.05, 20]; 1 where the logits say nothing.

    Example:
        >>> texts = TokenizedTexts.from_rows([[1, 5, 2, 7, 8, 2]] * 4, {
        ...     "answers": [[-1, -1, -1, 1, 0, -1]] * 4, "answered": [1] * 4}, ["answers"], [3] * 4)
        >>> doubtful = np.tile([[0, 0], [0, 0], [0, 0], [9, 9], [8, 8], [0, 0]], (4, 1))
        >>> round(fit_temperature(doubtful, texts), 2)
        0.05
    """
    sides = _sides(outputs, texts)
    # The loss is convex in the scale 1 / T, so that Newton's method finds its minimum.
    scale = 1.0
    for _ in range(100):
        slope, curvature = np.sum([side.derivatives(scale) for side in sides], axis=0)
        if not curvature > 0:
            break
        # No further than by half or twice: far from the minimum its parabola is another one.
        wanted = np.clip(scale - slope / curvature, scale / 2, scale * 2)
        before, scale = scale, float(np.clip(wanted, 1 / HOTTEST, 1 / COLDEST))
        if abs(scale - before) < 1e-9:
            break
    return 1 / scale


@dataclasses.dataclass(frozen=True)
class _Side:
    """The start, or the end: logits [n] of all tokens that compete, where those of each row begin
    among them, the row of each, and which one of each row is right."""

    logits: np.ndarray
    begins: np.ndarray
    rows: np.ndarray
    right: np.ndarray

    def losses(self, scale: float) -> np.ndarray:
        if not len(self.begins):
            return np.zeros(0)
        scores = scale * self.logits
        top = np.maximum.reduceat(scores, self.begins)
        powers = np.add.reduceat(np.exp(scores - top[self.rows]), self.begins)
        return top + np.log(powers) - scores[self.right]

    def derivatives(self, scale: float) -> tuple[float, float]:
        """Of the sum of the losses by the scale, the first and the second one."""
        if not len(self.begins):
            return 0.0, 0.0
        scores = scale * self.logits
        powers = np.exp(scores - np.maximum.reduceat(scores, self.begins)[self.rows])
        likely = powers / np.add.reduceat(powers, self.begins)[self.rows]
        means, squares = (
            np.add.reduceat(likely * self.logits**power, self.begins) for power in (1, 2)
        )
        return float((means - self.logits[self.right]).sum()), float((squares - means**2).sum())


def _sides(outputs: np.ndarray, texts: Texts) -> tuple[_Side, _Side]:
    answers, begins = texts.targets[ANSWERS], texts.row_splits[:-1]
    compete = answers != NOWHERE
    compete[begins] = True
    (tokens,) = np.nonzero(compete)
    rows = rows_of(texts.row_splits)[tokens]
    is_here = texts.targets[ANSWERED] == HERE
    of_answer = (answers > 0) & (answers % 2 == 1)
    (found,) = np.nonzero(of_answer[tokens] & is_here[rows])
    begins = np.searchsorted(tokens, begins)
    sides = []
    # The first token of the answer, and from behind the last one.
    for column, order in enumerate((found, found[::-1])):
        right = begins.copy()
        of_row, first = np.unique(rows[order], return_index=True)
        right[of_row] = order[first]
        sides.append(_Side(outputs[tokens, column].astype(np.float64), begins, rows, right))
    return sides[0], sides[1]
