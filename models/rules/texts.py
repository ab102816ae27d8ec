"""Rules that look at what a training reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .finding import Found
from .rule import Facts, Rule, Steps

# What is said of a vocabulary that does not cover the texts, and what to do about it.
HARDLY_READ = "it has hardly read the language of the reviews"
OTHER_ENCODER = "an encoder that has (`reviewlens encoders list`), or model.algorithm=ngrams"


@dataclasses.dataclass
class ClassImbalance(Rule):
    """A class that the training split has far fewer texts of than of another."""

    name = "class_imbalance"
    ratio: float = 50.0
    texts: int = 500

    def begin(self, facts: Facts) -> str | None:
        if facts.classes is None:
            return "texts have no class"
        total = int(facts.classes.sum())
        return f"{total} texts are fewer than {self.texts}" if total < self.texts else None

    def facts(self, facts: Facts) -> Iterable[Found]:
        counts = facts.classes
        if counts is not None and counts.max() > self.ratio * max(counts.min(), 1):
            least = int(counts.argmin())
            yield Found(
                f"class {least}",
                f"it has {int(counts[least])} texts, while another has {int(counts.max())}",
                "training.class_weight=balanced, or more texts of it",
            )


@dataclasses.dataclass
class UnknownPieces(Rule):
    """Pieces of the texts that the encoder's vocabulary does not have, such as foreign letters."""

    name = "unknown_pieces"
    share: float = 0.05

    def begin(self, facts: Facts) -> str | None:
        known = facts.reading.unknown is not None
        return None if known else "it is not known which pieces the vocabulary has"

    def facts(self, facts: Facts) -> Iterable[Found]:
        unknown = facts.reading.unknown or 0.0
        if unknown > self.share:
            yield Found(
                "vocabulary",
                f"the vocabulary of the encoder does not know {unknown:.0%} of the pieces: "
                f"{HARDLY_READ}",
                OTHER_ENCODER,
            )


@dataclasses.dataclass
class UnreadTokens(Rule):
    """Tokens behind what is read of a text, or questions that are not read to their ends."""

    name = "unread_tokens"
    share: float = 0.1

    def begin(self, facts: Facts) -> str | None:
        known = facts.reading.unread is not None
        return None if known else "all of a text is read, or how much is not known"

    def facts(self, facts: Facts) -> Iterable[Found]:
        if (facts.reading.unread or 0.0) > self.share:
            yield Found("texts", facts.reading.told, facts.reading.advice)


@dataclasses.dataclass
class Padding(Rule):
    """Batches that are padding for the most part."""

    name = "padding"
    remembers = ("_read", "_room", "_seen")
    share: float = 0.6
    steps_judged: int = 50

    def begin(self, facts: Facts) -> str | None:
        self._read = self._room = self._seen = 0
        if facts.total_steps < self.steps_judged:
            return f"{facts.total_steps} steps are fewer than {self.steps_judged}"
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        if self._seen >= self.steps_judged:
            return
        self._seen += len(steps.numbers)
        self._read += int(steps.tokens.sum())
        self._room += int((steps.rows * steps.widths).sum())
        if self._seen >= self.steps_judged and self._read < (1 - self.share) * self._room:
            yield Found(
                "batches",
                f"{1 - self._read / self._room:.0%} of what the first {self._seen} steps computed "
                "was padding",
                "a smaller training.batch_size, or fewer model.max_tokens",
            )
