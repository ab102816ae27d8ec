"""How a pre-trained encoder stands to the one that it started from: in figures and in words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from ...models.tasks.differences import Difference
from ...models.tasks.masked_language_model.comparison import PERPLEXITY_RATIO
from .settings import EncoderEvaluationSettings

# What was done for a head of the encoder at the start, and how that is told.
OWN, FITTED, FRESH = "own", "fitted", "fresh"


@dataclasses.dataclass(frozen=True)
class Start:
    """The encoder that another one started from, on the same segments.

    Attributes:
        name: As the catalog or its source has it.
        heads: By objective whether its head is its `own`, was `fitted` while the encoder stayed as
            it was, or is `fresh`, as all of the encoder is.
        head_steps: In how many steps it was fitted.
        figures: See `pretraining_report`.
        gain: What the pre-trained one has more, or of a ratio times as much.
    """

    name: str
    heads: Mapping[str, str]
    head_steps: int
    figures: Mapping[str, float]
    gain: Mapping[str, Difference]

    def facts(self) -> dict[str, Any]:
        """What `metrics.json` says of it."""
        gain = {
            name: {"value": found.value, "low": found.low, "high": found.high}
            for name, found in self.gain.items()
        }
        fitted = {"head_steps": self.head_steps} if FITTED in self.heads.values() else {}
        return {
            "name": self.name,
            "heads": dict(self.heads),
            **fitted,
            **self.figures,
            "gain": gain,
        }


def sentence(start: Start) -> str:
    """Says what the pre-training has brought.

    Args:
        start: The encoder before, and what was gained over it.

    Returns:
        A sentence, in which is what head that encoder was asked with, too.
    """
    told = []
    if PERPLEXITY_RATIO in start.gain:
        found = start.gain[PERPLEXITY_RATIO]
        told.append(f"perplexity is {_times(found)} that at the start")
    if "nsp_accuracy" in start.gain:
        found = start.gain["nsp_accuracy"]
        told.append(f"the accuracy of telling pairs changed by {_changed(found, 3)}")
    told.append(f"the encoder at the start {_asked(start)}.")
    return told[0][0].upper() + "; ".join(told)[1:]


def refusals(
    settings: EncoderEvaluationSettings,
    figures: Mapping[str, float],
    counts: Mapping[str, int],
    start: Start | None,
) -> list[str]:
    """Says why a pre-trained encoder is not blessed.

    Args:
        settings: The thresholds.
        figures: Its own, see `pretraining_report`.
        counts: Of what there was to guess, see `guess_counts`.
        start: The encoder that it started from; None if nothing was compared.

    Returns:
        A line for each reason; none where it is as good as that encoder, or better, as far as
        the test split tells.
    """
    told = [
        f"{name} is {value}, which is no finite number"
        for name, value in figures.items()
        if not math.isfinite(value)
    ]
    told += [
        f"the test split has no {name.replace('_', ' ')} to judge it by"
        for name, count in counts.items()
        if not count
    ]
    if told or start is None:
        return told
    allowed = f"more than evaluation.max_regression={settings.max_regression:g} allows"
    ratio = start.gain.get(PERPLEXITY_RATIO)
    if ratio and ratio.value > 1 + settings.max_regression and ratio.low > 1:
        told.append(
            f"perplexity is {figures['perplexity']:.4g}, {_times(ratio)} that of the encoder that "
            f"it started from, which {_asked(start)}, {allowed}"
        )
    pairs = start.gain.get("nsp_accuracy")
    if pairs and pairs.value < -settings.max_regression and pairs.high < 0:
        told.append(
            f"nsp_accuracy changed by {_changed(pairs, 4)} against the encoder that it started "
            f"from, which {_asked(start)}, {allowed}"
        )
    return told


def _times(found: Difference) -> str:
    return f"{found.value:.3f} times ({found.low:.3f} to {found.high:.3f})"


def _changed(found: Difference, digits: int) -> str:
    value, low, high = (f"{one:+.{digits}f}" for one in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def _asked(start: Start) -> str:
    ways = {
        OWN: "its own head",
        FITTED: f"a head fitted in {start.head_steps} steps while it stayed as it was",
        FRESH: "a head of random weights, as all of it was",
    }
    by_way: dict[str, list[str]] = {}
    for objective, way in start.heads.items():
        by_way.setdefault(way, []).append(objective)
    if len(by_way) == 1:
        return f"had {ways[next(iter(by_way))]}"
    parts = (f"{ways[way]} for {' and '.join(names)}" for way, names in by_way.items())
    return f"had {', '.join(parts)}"
