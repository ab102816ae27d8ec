"""The reliability diagram."""

from __future__ import annotations

from ...analysis.calibration import Reliability
from ..blocks import Figure, Group
from ..plots import Line, lines


def reliability_diagram(found: Reliability, what: str) -> Group:
    """Shows whether a model is right as often as it says.

    Args:
        found: How often it is.
        what: Of which it says how sure it is, such as `an entity`.
    """
    bins = found.bins
    curve = Line(
        [each.confidence for each in bins],
        [each.accuracy.value for each in bins],
        [each.accuracy.low for each in bins],
        [each.accuracy.high for each in bins],
        marked=True,
    )
    svg = lines(
        {"model": curve},
        f"how sure the model is of {what}",
        "how often it is right",
        diagonal=True,
        limits=(0.0, 1.0),
        square=True,
    )
    told = "; ".join(
        f"{each.accuracy.value:.0%} right of {each.examples:,} that it is {each.confidence:.0%} "
        "sure of"
        for each in bins
    )
    caption = (
        "Reliability. On the dashed line a model is right as often as it says, below it less "
        "often. The shade is the interval of what was counted in each of the "
        f"{len(bins)} groups of equally sure answers."
    )
    title = "Is it as sure as it should be?"
    return Group(title, (Figure(svg, caption, f"Reliability diagram: {told}."),))
