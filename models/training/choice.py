"""Which epoch of a training is kept."""

from __future__ import annotations

import math

import numpy as np


class EpochChoice:
    """Keeps the last epoch that is not surely worse than the best one.

    By a hundred texts the epoch of the least log loss is often only the luckiest. So a later one,
    whose weights are the average of a longer path, is kept unless its loss is higher by more than
    the standard error of their difference, text by text: the rule of one standard error (Breiman et
    al., "Classification and Regression Trees", 1984, section 3.4.3), which prefers what is better
    for other reasons. Where the losses of the texts are not told, the best epoch is kept.

    Args:
        best: What the best epoch until now is worth, such as minus its log loss.
        losses: Of each text in that epoch, float [n]; None where they are not told.

    Example:
        >>> choice = EpochChoice()
        >>> of_epochs = np.array([[0.4, 0.2], [0.1, 0.3], [0.3, 0.2], [0.4, 0.5]])
        >>> [choice.keeps(-losses.mean(), losses) for losses in of_epochs]
        [True, True, True, False]
    """

    def __init__(self, best: float = -math.inf, losses: np.ndarray | None = None):
        self.best = best
        self.losses = losses

    def keeps(self, worth: float, losses: np.ndarray | None) -> bool:
        """Whether an epoch is kept rather than any before it.

        Args:
            worth: The higher the better.
            losses: Of the same texts each time.
        """
        if worth > self.best:
            self.best, self.losses = worth, losses
            return True
        if self.losses is None or losses is None:
            return False
        more = losses - self.losses
        return bool(more.mean() < more.std() / math.sqrt(len(more)))
