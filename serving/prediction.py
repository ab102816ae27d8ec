"""What a served model says of one review."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The answer for one review.

    Attributes:
        label: The class decided for; with a decision tuned for macro-F1 it is not always
            the most probable one.
        probabilities: Calibrated probability of each class by its name; they sum to 1.
    """

    label: str
    probabilities: dict[str, float]
