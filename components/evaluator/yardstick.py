"""What a candidate brings over other models: in figures, in one sentence, and for its blessing.

Differences are those of the test split, each with the interval that holds the true one in 95 of
100 cases. Nothing is decided on a difference that a few other reviews could have turned around.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ...models.tasks.differences import Difference
from ..task_registry import TASKS
from .eval_config import BASELINE, CANDIDATE
from .predictions import Predictions
from .recording import NGRAMS
from .settings import EvaluationSettings

_CALLED = {"macro_f1": "macro-F1", "accuracy": "accuracy", "f1": "F1"}
# Two models that differ by less are as good as each other.
_ALIKE = 0.02


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How a candidate stands to other models, each part empty where there is no such model.

    Attributes:
        baseline: What `metrics.json` says of the last blessed model beside its own figures:
            `gain`, with `value`, `low` and `high` of each difference, and `sentence`.
        ngram_baseline: Figures of the n-gram classifier, and the same.
        refusals: Why the candidate is not blessed, as far as that depends on the others.
    """

    baseline: dict[str, Any] = dataclasses.field(default_factory=dict)
    ngram_baseline: dict[str, Any] | None = None
    refusals: tuple[str, ...] = ()


def compare_models(
    predictions: Predictions,
    task: str,
    labels: Sequence[str],
    settings: EvaluationSettings,
    *,
    ngram_seconds: float = 0.0,
    wide: bool = False,
) -> Comparison:
    """Compares the candidate with whatever else has answered the same examples.

    Args:
        predictions: Of all of them.
        task: Name of the candidate's task.
        labels: Names of its classes.
        settings: The thresholds of the blessing, and the figure that counts.
        ngram_seconds: How long the n-gram classifier has trained; 0 if that is not known.
        wide: Whether n-grams answer in the candidate, too.
    """
    evaluation = TASKS.load(task, "evaluation")
    metric = evaluation.METRIC
    gains: dict[str, dict[str, Difference]] = {
        name: evaluation.differences(
            predictions.of[CANDIDATE], predictions.of[name], predictions.truth, labels
        )
        for name in (NGRAMS, BASELINE)
        if name in predictions.of
    }
    baseline, ngram_baseline = {}, None
    if BASELINE in gains:
        gain = gains[BASELINE]
        baseline = {"gain": _facts(gain), "sentence": compared_with_baseline(gain, metric)}
    if NGRAMS in gains:
        gain = gains[NGRAMS]
        figure = settings.decide_for if settings.decide_for in gain else metric
        ngram_baseline = {
            **evaluation.figures(predictions.of[NGRAMS], predictions.truth, labels),
            "gain": _facts(gain),
            "sentence": compared_with_ngrams(gain, figure, len(predictions), ngram_seconds, wide),
        }
    refused = refusals(settings, metric, gains.get(BASELINE), gains.get(NGRAMS))
    return Comparison(baseline, ngram_baseline, tuple(refused))


def _facts(gain: dict[str, Difference]) -> dict[str, dict[str, float]]:
    return {
        figure: {"value": found.value, "low": found.low, "high": found.high}
        for figure, found in gain.items()
    }


def compared_with_ngrams(
    gain: dict[str, Difference],
    figure: str,
    reviews: int,
    seconds: float = 0.0,
    wide: bool = False,
) -> str:
    """Says whether an encoder is worth it.

    Args:
        gain: By figure, the candidate's minus that of the n-gram classifier.
        figure: The one that counts, `macro_f1` or `accuracy`.
        reviews: On how many they were compared.
        seconds: How long the n-gram classifier has trained; 0 if that is not known.
        wide: Whether n-grams answer in the candidate, too.

    Returns:
        One sentence, with what to do.

    Example:
        >>> gain = {"macro_f1": Difference(0.06, low=0.03, high=0.09, standard_error=0.015)}
        >>> compared_with_ngrams(gain, "macro_f1", reviews=800)
        'The encoder is ahead of the n-grams by 0.060 macro-F1 (0.030 to 0.090): keep it.'
    """
    found, called = gain[figure], _CALLED[figure]
    encoder = "encoder with n-grams beside it" if wide else "encoder"
    ngrams = "n-grams alone" if wide else "n-grams"
    train = f"they train in {max(seconds, 1):.0f} s" if seconds else "they train in seconds"
    gains = f"it gains {found.value:+.3f} {called}, {found.low:+.3f} to {found.high:+.3f}"
    # Where no review is decided otherwise, the interval is empty, however few reviews there are.
    alike = max(-found.low, found.high, 3 / reviews) <= _ALIKE
    if found.high < 0:
        return (
            f"The {ngrams} are ahead of the {encoder} by {-found.value:.3f} {called} "
            f"({-found.high:.3f} to {-found.low:.3f}): {train}; use model.algorithm=ngrams."
        )
    if alike:
        return (
            f"The {ngrams} are as good as the {encoder} ({gains}): "
            f"{train}; try model.algorithm=ngrams."
        )
    if found.low > 0:
        return (
            f"The {encoder} is ahead of the {ngrams} by {found.value:.3f} {called} "
            f"({found.low:.3f} to {found.high:.3f}): keep it."
        )
    return (
        f"On {reviews:,} test reviews the {encoder} is not surely ahead of the {ngrams} "
        f"({gains}): {train}; try model.algorithm=ngrams, or test on more reviews."
    )


def compared_with_baseline(gain: dict[str, Difference], metric: str) -> str:
    """Says how a candidate stands to the last blessed model.

    Args:
        gain: By figure, the candidate's minus that of the last blessed model.
        metric: The figure that counts.
    """
    found = gain[metric]
    told = f"{_CALLED[metric]} {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    if found.is_certain:
        return f"Against the last blessed model: {told}."
    return f"Against the last blessed model: {told}, which may be chance."


def refusals(
    settings: EvaluationSettings,
    metric: str,
    over_baseline: dict[str, Difference] | None,
    over_ngrams: dict[str, Difference] | None,
) -> list[str]:
    """Says why a candidate is not blessed, as far as that depends on other models.

    Args:
        settings: The thresholds.
        metric: The figure that counts.
        over_baseline: What it gains over the last blessed model, if there is one.
        over_ngrams: What it gains over the n-gram classifier, if there is one.

    Returns:
        A line for each threshold that was missed.

    Example:
        >>> worse = {"macro_f1": Difference(-0.05, low=-0.08, high=-0.02, standard_error=0.015)}
        >>> len(refusals(EvaluationSettings(max_regression=0.01), "macro_f1", worse, None))
        1
    """
    told = []
    if over_baseline:
        change = over_baseline[metric]
        if change.value < -settings.max_regression and change.high < 0:
            told.append(
                f"{metric} changed by {change.value:+.4f} ({change.low:+.4f} to "
                f"{change.high:+.4f}) against the last blessed model, more than "
                f"evaluation.max_regression={settings.max_regression:g} allows"
            )
    if over_ngrams and settings.min_gain is not None:
        gain = over_ngrams[metric]
        if gain.low < settings.min_gain:
            told.append(
                f"{metric} gains {gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) over "
                f"the n-grams, at the lower end below evaluation.min_gain={settings.min_gain:g}"
            )
    return told
