"""What a rule has found in a training."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Found:
    """What a rule says of what it looked at.

    Attributes:
        subject: What it is about, such as the path of a variable.
        message: What was seen, in a clause.
        advice: What to try, in a clause.
        step: At which step it was seen; None for the last that was looked at.
    """

    subject: str
    message: str
    advice: str
    step: int | None = None


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found, when, and what follows.

    Attributes:
        rule: Name of the rule.
        step: At which step, from 1; 0 before the first.
        epoch: In which epoch, from 1.
        subject: What it is about, such as the path of a variable.
        message: What was seen.
        advice: What to try.
        action: What the rule is set to do about it: `warn`, `stop` or `fail`.

    Example:
        >>> finding = Finding("overfit", 20, 2, "loss", "it rose", "fewer epochs", "warn")
        >>> str(finding)
        'overfit, step 20: it rose; try fewer epochs'
    """

    rule: str
    step: int
    epoch: int
    subject: str
    message: str
    advice: str
    action: str

    def __str__(self) -> str:
        return f"{self.rule}, step {self.step}: {self.message}; try {self.advice}"

    def to_dict(self) -> dict[str, Any]:
        """Returns it as values that JSON can hold."""
        return dataclasses.asdict(self)
