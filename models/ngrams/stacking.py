"""How much an n-gram classifier counts beside an encoder."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..arrays import softmax
from ..tasks.base import Texts
from ..tasks.calibration import Calibration
from ..tasks.probabilities import log_losses
from ..tasks.text_classification.targets import classes_of
from ..tasks.text_classification.task import TextClassification

FOLDS = 5
# The n-grams' part of the logits is expected to be of about this size, the encoder's being 1;
# like the prior of a stretch in `Calibration` it matters where there are few texts. A smaller part
# than the best one brings most of what there is to be gained, a greater one may cost something: on
# clothing reviews, film and Amazon sentences, 250 or 600 of them, three seeds each, 0.15 brought
# other texts most; 0.1 a twelfth less, 0.25 a sixth and 0.5 three tenths less.
_USUAL_SHARE = 0.15
# Nor is it greater than this: then the n-grams should rather answer alone.
_LARGEST_SHARE = 2.0
# Spread of a weight of which nothing is expected.
_ANY = 10.0
# What is added is not weighed against an encoder that says less than this.
_LEAST = 0.1
_TOLERANCE = 1e-4
# What only says again what the encoder says seems to bring this, by how floats are rounded.
_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Stacking:
    """What the logits of an n-gram classifier are worth beside those of an encoder.

    The log losses are those of texts on which neither weight nor calibration was fitted.

    Attributes:
        weight: They are multiplied by it and added to the encoder's; not negative.
        share: Size of what is so added, that of the encoder's logits being 1.
        log_loss_before: Mean log loss of the encoder alone, calibrated.
        log_loss_after: That of both, calibrated.
        standard_error: Of the difference between the two, whose texts are the same.
    """

    weight: float
    share: float
    log_loss_before: float
    log_loss_after: float
    standard_error: float

    @property
    def helps(self) -> bool:
        """Whether the log loss falls by more than the standard error of its change."""
        return self.log_loss_before - self.log_loss_after > max(self.standard_error, _ROUNDING)


def fit_stacking(
    outputs: np.ndarray, ngram_outputs: np.ndarray, texts: Texts, task: TextClassification
) -> Stacking:
    """Fits how much the n-gram logits count beside the encoder's.

    "Stacking" (Wolpert, "Stacked Generalization", 1992) with one weight, which is not negative
    (Breiman, "Stacked Regressions", 1996): a logistic regression on both logits, regularised
    towards the encoder alone, says how they relate; their sum is then calibrated like those of
    the encoder alone. Whether the weight is worth having is told by cross-fitting: each text is
    judged by the weight and the calibration of the other folds.

    Both models have seen the eval split in the choice of their epoch, which makes both look a
    little better here than they are: by the luck of one choice among a few epochs, less than
    the standard error, and on both sides of what is weighed up. No weight of theirs was learnt
    from it. An n-gram classifier's logits on the texts it was trained on would be another thing:
    they are right nearly always, and the weight would be far too great.

    Args:
        outputs: The encoder's logits, float [n, classes], finite.
        ngram_outputs: Those of the n-gram classifier for the same texts.
        texts: The same texts, on which neither was trained, in an order that has nothing to do
            with their classes, such as `TokenizedTexts.in_canonical_order`: every fifth one is
            in the same fold.
        task: What was learnt.

    Returns:
        The weight, fitted on all of the texts, and what it brings.

    Example:
        >>> labels, random = np.arange(300) % 3, np.random.default_rng(0)
        >>> seen = [2 * (np.eye(3)[labels] + random.normal(size=(300, 3))) for _ in range(2)]
        >>> texts = TokenizedTexts.from_rows([[]] * 300, {"grade": labels})
        >>> fit_stacking(*seen, texts, TextClassification(("bad", "fair", "good"))).helps
        True
    """
    labels = classes_of(texts, task.grades)
    deep, wide = _centered(outputs), _centered(ngram_outputs)
    # As large as the encoder's, so that a share means the same whatever the logits are.
    scale = _size(deep) / (_size(wide) or np.inf)
    wide = wide * scale
    shares = task.shares(labels)
    losses = np.zeros((2, len(labels)))
    folds = np.arange(len(labels)) % FOLDS
    for fold in range(min(FOLDS, len(labels))):
        others, these = folds != fold, folds == fold
        share = _best_share(deep[others], wide[others], labels[others])
        for row, part in enumerate((0.0, share)):
            mixed = deep + part * wide
            calibration = Calibration.fit(mixed[others], labels[others], shares)
            probabilities = calibration.probabilities(mixed[these])
            losses[row, these] = log_losses(probabilities, labels[these])
    before, after = losses.mean(axis=1)
    spread = (losses[1] - losses[0]).std(ddof=1) if len(labels) > 1 else 0.0
    share = _best_share(deep, wide, labels)
    return Stacking(
        weight=float(share * scale),
        share=share,
        log_loss_before=float(before),
        log_loss_after=float(after),
        standard_error=float(spread / np.sqrt(len(labels))),
    )


def _best_share(deep: np.ndarray, wide: np.ndarray, labels: np.ndarray) -> float:
    """How large the wide part shall be beside the deep one, by a logistic regression on both."""
    size = _size(deep) or 1.0
    deep, wide = deep / size, wide / size
    true = np.eye(deep.shape[1])[labels]
    biases = [np.broadcast_to(one, deep.shape) for one in np.eye(deep.shape[1])]
    spreads = np.ones(len(biases))
    alone, *_ = _regress(np.stack([deep, *biases]), true, np.array([_ANY, *spreads]))
    spreads = np.array([_ANY, _USUAL_SHARE * max(alone, _LEAST), *spreads])
    of_deep, of_wide, *_ = _regress(np.stack([deep, wide, *biases]), true, spreads)
    return float(np.clip(of_wide / max(of_deep, 1e-9), 0.0, _LARGEST_SHARE))


def _regress(features: np.ndarray, true: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """Weights [k] of features [k, n, classes] whose sum predicts one-hot classes [n, classes].

    By Newton's method, with a Gaussian prior of these spreads around zero for the weights.
    """

    def loss(weights):
        fitted = softmax(np.tensordot(weights, features, 1))
        return log_losses(fitted, labels).sum() + ((weights / spreads) ** 2).sum() / 2

    labels = true.argmax(axis=1)
    weights = np.zeros(len(features))
    for _ in range(50):
        probabilities = softmax(np.tensordot(weights, features, 1))
        slope = ((probabilities - true) * features).sum(axis=(1, 2)) + weights / spreads**2
        apart = features - (probabilities * features).sum(axis=2, keepdims=True)
        weighted = (probabilities * apart).reshape(len(features), -1)
        curvature = weighted @ apart.reshape(len(features), -1).T + np.diag(spreads**-2)
        step = np.linalg.solve(curvature, slope)
        before = loss(weights)
        while loss(weights - step) > before and np.abs(step).max() > _TOLERANCE:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() < _TOLERANCE:
            break
    return weights


def _centered(logits: np.ndarray) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    return logits - logits.mean(axis=1, keepdims=True)


def _size(centered: np.ndarray) -> float:
    return float(np.sqrt((centered**2).mean())) if centered.size else 0.0
