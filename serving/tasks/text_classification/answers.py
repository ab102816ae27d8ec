"""From what a classifier answers to predictions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..predictions import Ask, Inputs, Reply, is_list_of

if TYPE_CHECKING:
    import numpy as np

    from ....files.writing import Cell

OUTPUTS = ("label", "probabilities")
# What stands in place of a class that is not probable enough.
UNSURE = "unsure"


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

    def cells(self) -> list[tuple[str, str]]:
        """The label, then three digits of each class."""
        shares = [(name, f"{share:.3f}") for name, share in self.probabilities.items()]
        return [("label", self.label), *shares]

    def shown(self, text: str) -> str:
        """The text as it is."""
        return text

    def rows(self) -> list[dict[str, Cell]]:
        """One row: `predicted_label`, and `probability_CLASS` of each class."""
        row: dict[str, Cell] = {"predicted_label": self.label}
        for name, share in self.probabilities.items():
            row[f"probability_{name}"] = round(float(share), 6)
        return [row]

    def record(self) -> dict[str, Any]:
        """`predicted_label`, and an object `probabilities`."""
        shares = {name: round(share, 6) for name, share in self.probabilities.items()}
        return {"predicted_label": self.label, "probabilities": shares}

    def at_least(self, confidence: float) -> Prediction:
        """The same where the class is as probable as that, else with `unsure` for a class.

        Args:
            confidence: From 0 to 1.

        Example:
            >>> Prediction("good", {"bad": 0.4, "good": 0.6}).at_least(0.7).label
            'unsure'
        """
        if self.probabilities[self.label] >= confidence:
            return self
        return dataclasses.replace(self, label=UNSURE)

    def most_likely(self, count: int) -> MostLikely:
        """The same with the most likely classes alone.

        Args:
            count: How many at most.

        Example:
            >>> shares = {"bad": 0.1, "fair": 0.3, "good": 0.6}
            >>> Prediction("good", shares).most_likely(2).probabilities
            {'good': 0.6, 'fair': 0.3}
        """
        ranked = sorted(self.probabilities.items(), key=lambda share: -share[1])
        return MostLikely(self.label, dict(ranked[:count]))


@dataclasses.dataclass(frozen=True)
class MostLikely(Prediction):
    """The answer for one review where only the most likely classes are told.

    Attributes:
        probabilities: Of these, the most likely one first.
    """

    def cells(self) -> list[tuple[str, str]]:
        """The label, then each class with three digits."""
        ranked = enumerate(self.probabilities.items(), 1)
        told = [(f"top {rank}", f"{name} {share:.3f}") for rank, (name, share) in ranked]
        return [("label", self.label), *told]

    def rows(self) -> list[dict[str, Cell]]:
        """One row: `predicted_label`, and `top_N` and `top_N_probability` of each class."""
        row: dict[str, Cell] = {"predicted_label": self.label}
        for rank, (name, share) in enumerate(self.probabilities.items(), 1):
            row[f"top_{rank}"] = name
            row[f"top_{rank}_probability"] = round(float(share), 6)
        return [row]


def read_arrays(outputs: Mapping[str, np.ndarray], labels: Sequence[str]) -> Iterator[Prediction]:
    """Yields a prediction for each text.

    Args:
        outputs: Of `serving_default`.
        labels: Names of the classes.
    """
    for label, row in zip(outputs["label"], outputs["probabilities"], strict=True):
        yield Prediction(label.decode(), dict(zip(labels, map(float, row), strict=True)))


def make_reader(model: str, ask: Ask, error: Callable[[str], Exception]) -> ClassReader:
    """What reads the answers of a server; see `ClassReader`."""
    return ClassReader(model, ask, error)


class ClassReader:
    """Gives probabilities the names of their classes.

    `serving_default` answers with probabilities in the order of the classes; their names come
    from `classify`, which is asked first and then whenever an answer shows a new version.

    Args:
        model: Name of the model, for messages.
        ask: Asks the server.
        error: Makes an exception of what is wrong with an answer.
    """

    def __init__(self, model: str, ask: Ask, error: Callable[[str], Exception]):
        self._model = model
        self._ask = ask
        self._error = error
        self._classes: list[str] = []
        self._version: int | None = None

    async def read(self, inputs: Inputs, reply: Reply) -> list[Prediction]:
        """Returns a prediction for each text; see `AnswerReader.read`."""
        texts = inputs["text"]
        self._check(reply)
        if not self._is_of_known_classes(reply):
            await self._ask_for_classes()
        if not self._is_of_known_classes(reply):
            # The server went over to another version between the two answers.
            reply = await self._ask("serving_default", inputs)
            self._check(reply)
        labels, rows = reply.tensors["label"], reply.tensors["probabilities"]
        if not self._is_of_known_classes(reply) or not len(texts) == len(labels) == len(rows):
            raise self._error("the answers do not fit the texts or the classes")
        return [
            Prediction(label, dict(zip(self._classes, map(float, row), strict=True)))
            for label, row in zip(labels, rows, strict=True)
        ]

    def _check(self, reply: Reply) -> None:
        labels, rows = (reply.tensors.get(name, ()) for name in OUTPUTS)
        if not (
            is_list_of(str, labels)
            and is_list_of(list, rows)
            and all(_is_share(share) for row in rows for share in row)
        ):
            raise self._error(
                f"the model {self._model} answers with {', '.join(reply.tensors)}; one of "
                "reviewlens has label, string [batch], and probabilities, float [batch, classes]"
            )

    def _is_of_known_classes(self, reply: Reply) -> bool:
        """Whether answers belong to the classes known so far, as far as can be told."""
        return (
            reply.version == self._version
            and set(reply.tensors["label"]) <= set(self._classes)
            and all(len(row) == len(self._classes) for row in reply.tensors["probabilities"])
        )

    async def _ask_for_classes(self) -> None:
        # One serialized tf.Example without features: an empty review.
        reply = await self._ask("classify", {"inputs": [b""]})
        rows = reply.tensors.get("classes", ())
        if not (is_list_of(list, rows) and len(rows) == 1 and is_list_of(str, rows[0])):
            raise self._error("the signature classify does not name the classes")
        self._classes, self._version = rows[0], reply.version


def _is_share(value: Any) -> bool:
    # A proxy that writes JSON anew may leave the point out.
    return isinstance(value, float) or (isinstance(value, int) and value in (0, 1))
