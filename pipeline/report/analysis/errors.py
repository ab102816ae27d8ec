"""The examples that a person should read: what a model is most wrong about, and wrong labels."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import numpy as np

from .answers import CANDIDATE, CLASSES, ENTITIES, Answered, PredictionsFile
from .classes import worst_first
from .label_errors import LabelErrors, find_label_errors
from .scores import entities_of_texts, scores_of_answers


@dataclasses.dataclass(frozen=True)
class Example:
    """An example, with what is said of it.

    Attributes:
        id: As the file of the reviews has it.
        split: Which it is in.
        text: Its text.
        truth: What is true of it by its label; a class, or entities or answers.
        said: What the model says, likewise.
        score: How sure the model is of that, where it says how sure.
        believed: Of a classifier, the probability that it gives to the label.
        question: What was asked, "" where nothing is.
    """

    id: str
    split: str
    text: str
    truth: str
    said: str
    score: float | None = None
    believed: float | None = None
    question: str = ""


@dataclasses.dataclass(frozen=True)
class Errors:
    """What a model is wrong about.

    Attributes:
        examples: How many examples were looked at.
        wrong: How many of them the model is wrong about, at least in part.
        worst: Those that it is most wrong about, in that order.
    """

    examples: int
    wrong: int
    worst: tuple[Example, ...]


def worst_errors(file: PredictionsFile, most: int = 30) -> Errors:
    """Finds what the candidate is most wrong about, on the test split.

    Of classes that is what it believes least of the label; of entities, the texts with the most
    that were missed or should not have been found; of answers, those that have least in common
    with a right one, the surest first.

    Args:
        file: With what it says.
        most: How many examples are told.
    """
    answered = file.read(models=[CANDIDATE])
    said = answered.of[CANDIDATE]
    truth = answered.truth
    if file.task == CLASSES:
        wrong = np.flatnonzero(said["decided"] != truth)
        order = worst_first(said["probabilities"], truth, wrong)
    elif file.task == ENTITIES:
        counts = entities_of_texts(said["spans"], truth, len(file.labels)).sum(axis=1)
        missed = counts[:, 1] + counts[:, 2] - 2 * counts[:, 0]
        wrong = np.flatnonzero(missed)
        order = wrong[np.argsort(-missed[wrong], kind="stable")]
    else:
        scores = scores_of_answers(said, truth)
        wrong = np.flatnonzero(scores[:, 1] < 1)
        order = wrong[np.lexsort((-said["score"][wrong], scores[wrong, 0]))]
    return Errors(len(answered), len(wrong), tuple(_examples(file, answered, order[:most])))


@dataclasses.dataclass(frozen=True)
class WrongLabels:
    """Labels that are probably wrong.

    Attributes:
        examples: How many examples were looked at.
        found: What confident learning says of them.
        worst: Those that are most probably wrong, in that order, each with the class that it
            probably is of in `said`.
    """

    examples: int
    found: LabelErrors
    worst: tuple[Example, ...]


def wrong_labels(file: PredictionsFile, most: int = 30) -> WrongLabels | None:
    """Finds labels that are probably wrong among the examples that nothing was learnt from.

    Args:
        file: With what a model says of the splits eval and test.
        most: How many examples are told.

    Returns:
        None where examples have no classes.
    """
    if file.task != CLASSES:
        return None
    answered = file.read(("eval", "test"), [CANDIDATE])
    probabilities = answered.of[CANDIDATE]["probabilities"]
    found = find_label_errors(probabilities, answered.truth)
    examples = _examples(file, answered, found.rows[:most])
    told = tuple(
        dataclasses.replace(
            example, said=file.labels[suggested], score=float(probabilities[row, suggested])
        )
        for example, row, suggested in zip(
            examples, found.rows[:most], found.suggested[:most], strict=True
        )
    )
    return WrongLabels(len(answered), found, told)


def _examples(file: PredictionsFile, answered: Answered, places: np.ndarray) -> list[Example]:
    """Some rows, with their texts."""
    rows = answered.rows[places]
    texts, questions = file.texts(rows), file.texts(rows, "question")
    said = answered.of[CANDIDATE]
    told = []
    for place, row, text, question in zip(places, rows, texts, questions, strict=True):
        of_row: dict = {}
        if file.task == CLASSES:
            label, decided = int(answered.truth[place]), int(said["decided"][place])
            of_row["truth"], of_row["said"] = file.labels[label], file.labels[decided]
            of_row["score"] = float(said["probabilities"][place, decided])
            of_row["believed"] = float(said["probabilities"][place, label])
        elif file.task == ENTITIES:
            of_row["truth"] = _entities(answered.truth[place], text, file.labels)
            of_row["said"] = _entities(said["spans"][place], text, file.labels)
        else:
            of_row["truth"] = " | ".join(json.loads(answered.truth[place]))
            of_row["said"] = said["answer"][place]
            of_row["score"] = float(said["score"][place])
        name = answered.ids[int(place)].as_py().decode(errors="replace")
        told.append(Example(name, str(file.splits[row]), text, question=question, **of_row))
    return told


def _entities(line: str, text: str, labels: Sequence[str]) -> str:
    """Entities as a person reads them."""
    found = []
    for span in line.split():
        start, end, kind = map(int, span.split(":"))
        name = labels[kind] if kind < len(labels) else str(kind)
        found.append(f"{text[start:end]} ({name})")
    return ", ".join(found)
