"""Whether the model of one run is better than that of another, on the examples that both have.

Both have answered the same texts, so that what makes a text hard for both of them cancels: the
paired bootstrap gives the interval of a difference, and of classifiers McNemar's test says how
likely it is that so unequal a number of texts is named right by one of them alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ....errors import RunError
from ....models.tasks.differences import Difference
from ....models.tasks.text_classification.comparison import Judged, compare, disagreement
from ....models.tasks.token_classification.comparison import compare_counts
from .answers import CANDIDATE, CLASSES, ENTITIES, Answered, PredictionsFile
from .scores import entities_of_texts, scores_of_answers


@dataclasses.dataclass(frozen=True)
class Paired:
    """How the answers of one run stand to those of another.

    Attributes:
        task: Name of the task of both.
        rows: How many examples of the test splits both have, and tell the same of.
        of_first: How many the test split of the first one has.
        of_second: How many that of the second one has.
        relabelled: How many both have, and tell different things of, such as another class.
        differences: By figure the first one's minus the second one's; none without examples.
        gained: Examples that only the first one names right; None where the task has no classes.
        lost: Those that only the second one does, likewise.
        p_value: Of McNemar's test, likewise.
    """

    task: str
    rows: int
    of_first: int
    of_second: int
    relabelled: int
    differences: Mapping[str, Difference]
    gained: int | None = None
    lost: int | None = None
    p_value: float | None = None


def compare_files(first: str, second: str, model: str = CANDIDATE) -> Paired:
    """Compares what the models of two runs say of the same examples of the test split.

    Examples are the same if their ids are; an id that stands for several is left out. The
    intervals are drawn with a fixed seed: the same files give the same numbers.

    Args:
        first: Path of a `predictions.parquet`.
        second: Of another one.
        model: Which of the models of both files.

    Raises:
        RunError: A file cannot be read, or they are of different tasks or classes.

    Example:
        `compare_files("a/predictions.parquet", "b/predictions.parquet").differences["macro_f1"]`
    """
    files = [PredictionsFile(path) for path in (first, second)]
    tasks, labels = [file.task for file in files], [file.labels for file in files]
    if tasks[0] != tasks[1]:
        raise RunError(f"there is nothing to compare: one is for {tasks[0]}, one for {tasks[1]}")
    if sorted(labels[0]) != sorted(labels[1]):
        names = [", ".join(each) for each in labels]
        raise RunError(f"there is nothing to compare: one has {names[0]}, one has {names[1]}")
    answered = [file.read(models=[model]) for file in files]
    if tasks[0] != CLASSES and labels[0] != labels[1]:
        raise RunError("there is nothing to compare: their types are in different orders")
    one, other = _same(answered[0].ids, answered[1].ids)
    left = _of_rows(answered[0], model, one)
    right = _of_rows(answered[1], model, other)
    if labels[0] != labels[1]:
        right = _renamed(right, labels[1], labels[0])
    same = left["truth"] == right["truth"]
    left, right = ({name: of[same] for name, of in side.items()} for side in (left, right))
    found = {"rows": int(same.sum()), "relabelled": int((~same).sum())}
    counts = {"of_first": len(answered[0]), "of_second": len(answered[1])}
    if not found["rows"]:
        return Paired(tasks[0], **found, **counts, differences={})
    return _compared(tasks[0], left, right, len(labels[0]), {**found, **counts})


def _compared(
    task: str,
    left: dict[str, np.ndarray],
    right: dict[str, np.ndarray],
    classes: int,
    counts: dict[str, int],
) -> Paired:
    truth = left["truth"]
    if task == CLASSES:
        one, other = (Judged(side["probabilities"], side["decided"]) for side in (left, right))
        apart = disagreement(left["decided"], right["decided"], truth)
        return Paired(
            task,
            **counts,
            differences=compare(one, other, truth, classes),
            gained=apart.gained,
            lost=apart.lost,
            p_value=apart.p_value,
        )
    random = np.random.default_rng(0)
    if task == ENTITIES:
        sums = [
            entities_of_texts(side["spans"], truth, classes).sum(axis=1) for side in (left, right)
        ]
        return Paired(
            task, **counts, differences={"f1": compare_counts(sums[0], sums[1], random=random)}
        )
    gains = scores_of_answers(left, truth) - scores_of_answers(right, truth)
    differences = {
        name: Difference.of_mean(gain, random=random)
        for name, gain in zip(("f1", "exact"), gains.T, strict=True)
    }
    return Paired(task, **counts, differences=differences)


def _same(first: pa.Array, second: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The places of what both have, in the order of the first, without what is there twice."""
    places = pc.index_in(first, value_set=second)
    once = [_once(ids) for ids in (first, second)]
    found = places.fill_null(-1).to_numpy(zero_copy_only=False)
    one = np.flatnonzero((found >= 0) & once[0])
    one = one[once[1][found[one]]]
    return one, found[one]


def _once(ids: pa.Array) -> np.ndarray:
    """Whether each stands there once."""
    codes = ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return np.bincount(codes)[codes] == 1 if len(codes) else np.zeros(0, bool)


def _of_rows(answered: Answered, model: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    of_model = {name: values[rows] for name, values in answered.of[model].items()}
    return {"truth": answered.truth[rows], **of_model}


def _renamed(
    side: dict[str, np.ndarray], names: tuple[str, ...], wanted: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """The same with classes in another order."""
    place = np.array([wanted.index(name) for name in names])
    return {
        "truth": place[side["truth"]],
        "decided": place[side["decided"]],
        "probabilities": side["probabilities"][:, np.argsort(place)],
    }
