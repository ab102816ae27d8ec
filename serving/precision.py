"""Which number format a trained classifier is served in, by its speed and its decisions."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import keras
import numpy as np

from ..errors import RunError
from ..models.frozen import FrozenClassifier
from ..models.memory import give_back_memory
from ..models.precision import resolve_precision, with_precision
from ..models.tasks.base import Task
from ..models.tasks.differences import binomial_tail
from ..models.training.scoring import Scorer
from ..models.training.tokenized import TokenizedTexts
from .text_models.encoder import CHUNK

# What bfloat16 may cost, if it cost that for certain: it is refused where the eval split says
# that it costs more, by more than chance explains. It has to decide like float32 on this share,
MIN_AGREEMENT = 0.99
# not to lower the task's metric by more than this,
MAX_METRIC_LOST = 0.003
# nor to raise the log loss, where the task has one, by more; a hundredth of a usual one.
MAX_LOG_LOSS_GAINED = 0.005
# How likely chance has to be for an explanation; with it the ends of a 95 % interval count.
_CHANCE = 0.025
_TIMED_REVIEWS = 4 * CHUNK
_ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class ServedPrecision:
    """A classifier in the format that it is served in.

    Attributes:
        classifier: Holds its weights in that format.
        logits: What it says of the evaluation split, float32 [n, classes].
        facts: `precision`; `reason`; and by name `candidates`, each with `reviews_per_second`
            and, where it was compared with float32, what `compare_rounded` gives.
    """

    classifier: keras.Model
    logits: np.ndarray
    facts: dict


def check_precision(encoder: keras.layers.Layer, requested: str) -> None:
    """Raises where a classifier cannot be served in the format that was asked for.

    Args:
        encoder: The one that it is built on.
        requested: `auto`, `float32` or `bfloat16`.

    Raises:
        RunError: If it is bfloat16 and the encoder does not offer that.
    """
    if requested == "bfloat16" and requested not in encoder.precisions:
        raise RunError(
            "export.precision: is bfloat16, but an encoder that is fine-tuned as it was saved "
            "computes in float32; choose auto or float32"
        )


def choose_precision(
    task: Task,
    classifier: keras.Model,
    requested: str,
    evaluation: TokenizedTexts,
    decide_for: str,
) -> ServedPrecision:
    """Brings a trained classifier into the format that it shall be served in.

    `auto` takes bfloat16 if it is faster here than float32, measured in turn on some of the
    reviews, unless the reviews say that it is worse; see `compare_rounded`.

    Args:
        task: What it was trained for.
        classifier: A model of the task that computes in float32.
        requested: `auto`, `float32` or `bfloat16`.
        evaluation: Texts it was not trained on, at least one.
        decide_for: The figure that its decision shall be tuned for.

    Returns:
        The classifier, its logits and why it is in this format.

    Raises:
        RunError: See `check_precision`.
    """
    check_precision(classifier.encoder, requested)
    formats = list(_candidates(classifier, requested))
    models = {
        name: classifier if name == "float32" else with_precision(classifier, name)
        for name in formats
    }
    scorers = {
        name: Scorer(FrozenClassifier(model), batch_size=CHUNK, per_token=task.per_token)
        for name, model in models.items()
    }
    speeds = _speeds(scorers, evaluation)
    facts = {name: {"reviews_per_second": speed} for name, speed in speeds.items()}
    logits = {name: scorer(evaluation) for name, scorer in scorers.items()}
    precision, reason = formats[0], "the configuration asks for it"
    if requested == "auto" and len(formats) == 1:
        reason = "neither this machine nor this encoder offers another"
    elif requested == "auto":
        exact, rounded = logits["float32"], logits["bfloat16"]
        comparison, objection = compare_rounded(task, exact, rounded, evaluation, decide_for)
        facts["bfloat16"] |= comparison
        precision, reason = _choose(facts, objection)
    chosen = models[precision]
    # What the candidates were traced to holds their weights several times.
    del models, scorers
    give_back_memory()
    return ServedPrecision(
        chosen,
        logits[precision],
        {"precision": precision, "reason": reason, "candidates": facts},
    )


def _candidates(classifier: keras.Model, requested: str) -> Iterator[str]:
    if requested != "auto":
        yield requested
        return
    yield "float32"
    if "bfloat16" in classifier.encoder.precisions and resolve_precision("auto") == "bfloat16":
        yield "bfloat16"


def _speeds(scorers: dict[str, Scorer], reviews: TokenizedTexts) -> dict[str, float]:
    """Reviews per second of each; in turn, as the machine may have other work as well."""
    count = min(len(reviews), _TIMED_REVIEWS)
    rows = np.linspace(0, len(reviews) - 1, count).astype(int)
    sample = reviews.take(rows)
    for scorer in scorers.values():
        scorer(sample)
    best = dict.fromkeys(scorers, np.inf)
    for _ in range(_ROUNDS):
        for name, scorer in scorers.items():
            start = time.perf_counter()
            scorer(sample)
            best[name] = min(best[name], time.perf_counter() - start)
    # Of a review that is read in parts, each of these is a row.
    parts = reviews.parts
    share = 1 if parts is None else len(np.unique(parts)) / len(parts)
    return {name: share * count / seconds for name, seconds in best.items()}


def compare_rounded(
    task: Task,
    exact: np.ndarray,
    rounded: np.ndarray,
    texts: TokenizedTexts,
    decide_for: str,
) -> tuple[dict, str | None]:
    """Whether a model that computes in bfloat16 is worse than the same one in float32.

    Both are judged under the decision that was fitted for float32, so that nothing but rounding
    tells them apart. One review of a small split that is decided otherwise is no reason to
    serve at half the speed, nor is a difference that is certain but tiny: rounding is refused
    where, by a test or an interval on these texts, it is certain that it costs more than is
    allowed, as in a test of equivalence whose burden of proof lies with float32.

    Args:
        task: What the model was trained for.
        exact: What it says in float32, see `Task.fit_decision`.
        rounded: What it says in bfloat16.
        texts: Those the outputs are of, at least one.
        decide_for: The figure that its decision shall be tuned for.

    Returns:
        `agreement`, the share decided alike; `differing`, how many are not; `changes`, by
        figure the `value`, `low`, `high` and `standard_error` of the difference; the change of
        the task's metric once more, such as `macro_f1_change`. Then what speaks against
        bfloat16, None for nothing. Without finite numbers that is all there is to say.
    """
    if not np.isfinite(rounded).all():
        return {}, "bfloat16 gives numbers that are not finite"
    decision = task.fit_decision(exact, texts, decide_for)
    one, other = (task.decided(outputs, texts, decision) for outputs in (exact, rounded))
    differs = one != other
    agreement, differing = float(1 - differs.mean()), int(differs.sum())
    changes = task.compare(rounded, exact, texts, decision)
    facts = {
        "agreement": agreement,
        "differing": differing,
        f"{task.metric}_change": changes[task.metric].value,
        "changes": {name: dataclasses.asdict(change) for name, change in changes.items()},
    }
    if binomial_tail(differing, len(differs), 1 - MIN_AGREEMENT) < _CHANCE:
        return facts, f"bfloat16 decides like it on {agreement:.2%} of the eval split only"
    worse = [task.metric] if changes[task.metric].high < -MAX_METRIC_LOST else []
    if "log_loss" in changes and changes["log_loss"].low > MAX_LOG_LOSS_GAINED:
        worse.append("log_loss")
    for name in worse:
        value, low, high = (getattr(changes[name], key) for key in ("value", "low", "high"))
        return facts, (
            f"bfloat16 changes {name} of the eval split by {value:+.4f} ({low:+.4f} to {high:+.4f})"
        )
    return facts, None


def _choose(facts: dict[str, dict], objection: str | None) -> tuple[str, str]:
    if objection is not None:
        return "float32", objection
    ratio = facts["bfloat16"]["reviews_per_second"] / facts["float32"]["reviews_per_second"]
    if ratio <= 1:
        return "float32", f"bfloat16 is {ratio:.2f} times as fast here"
    return (
        "bfloat16",
        f"{ratio:.2f} times as fast as float32 here, decides like it on "
        f"{facts['bfloat16']['agreement']:.2%} of eval",
    )
