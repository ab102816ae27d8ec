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
from ..models.training.scoring import Scorer
from ..models.training.tokenized import TokenizedTexts
from .text_models.encoder import CHUNK

# bfloat16 has to name the class that float32 names for this share of the reviews,
MIN_AGREEMENT = 0.99
# and to change the task's metric by less than this.
MAX_CHANGE = 0.003
_TIMED_REVIEWS = 4 * CHUNK
_ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class ServedPrecision:
    """A classifier in the format that it is served in.

    Attributes:
        classifier: Holds its weights in that format.
        logits: What it says of the evaluation split, float32 [n, classes].
        facts: `precision`; `reason`; and by name `candidates`, each with `reviews_per_second`
            and, where it was compared with float32, `agreement` and the change of
            the task's metric, such as `macro_f1_change`.
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
    reviews, and decides like it on all of them: both under the decision that was fitted for
    float32, so that nothing but rounding tells them apart.

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
        facts["bfloat16"] |= _comparison(task, logits, evaluation, decide_for)
        precision, reason = _choose(facts, task.metric)
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
    return {name: count / seconds for name, seconds in best.items()}


def _comparison(
    task: Task, outputs: dict[str, np.ndarray], texts: TokenizedTexts, decide_for: str
) -> dict:
    """How far bfloat16 is from float32."""
    exact, rounded = outputs["float32"], outputs["bfloat16"]
    decision = task.fit_decision(exact, texts, decide_for)
    scores = [task.evaluate(of, texts, decision)[task.metric] for of in (exact, rounded)]
    return {
        "agreement": float((decision.decided(exact) == decision.decided(rounded)).mean()),
        f"{task.metric}_change": float(scores[1] - scores[0]),
    }


def _choose(facts: dict[str, dict], metric: str) -> tuple[str, str]:
    ratio = facts["bfloat16"]["reviews_per_second"] / facts["float32"]["reviews_per_second"]
    agreement, change = (facts["bfloat16"][key] for key in ("agreement", f"{metric}_change"))
    if agreement < MIN_AGREEMENT:
        return "float32", f"bfloat16 decides like it on {agreement:.2%} of the eval split only"
    if abs(change) >= MAX_CHANGE:
        return "float32", f"bfloat16 changes {metric} of the eval split by {change:+.4f}"
    if ratio <= 1:
        return "float32", f"bfloat16 is {ratio:.2f} times as fast here"
    return (
        "bfloat16",
        f"{ratio:.2f} times as fast as float32 here, same class on {agreement:.2%} of eval",
    )
