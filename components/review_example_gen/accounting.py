"""Where every row went, and whether that is good enough to go on."""

from __future__ import annotations

import collections
import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import RunError
from ..task_registry import TASKS
from .reviews import Targets
from .settings import SPLITS, DataSettings
from .verdicts import DUPLICATE, MERGED, OF_MAJORITY, UNDECIDED

# Such a row can be read; that others disagree with it is no fault of the file.
READABLE = ("contradictory", "tied")

# The property of the artifacts that tells, as JSON, how many examples of each kind a split has.
KINDS = "kinds"

# Fewer examples, or examples of a kind, tell little.
_FEW = 50
_FEW_OF_KIND = 10

_SHOWN_REASONS = 3
_SHOWN_TEXT = 70


@dataclasses.dataclass
class Report:
    """What became of the rows of one task, or of all of them.

    Attributes:
        task: Number of the task.
        read: Rows that are not blank.
        kept: Rows that became an example.
        duplicates: Rows left out because the example of a row with the same text stands for them.
        merged: `texts`: examples that stand for a text of several classes; `rows`: duplicates
            that went into them; `ties`: those examples of whose classes none is the most frequent.
        reasons: Reason -> rejected rows.
        examples: Reason -> the first rejected row: file, row, detail and raw.
        splits: Split -> examples in it.
        kinds: Split -> examples of each kind, such as each class, in the order of the task.
        shards: Split -> paths of the files of examples, in the order of the rows.
        rejected_paths: Paths of the files of rejected rows.
        problem: Why the task could not be finished, or "".
    """

    task: int = 0
    read: int = 0
    kept: int = 0
    duplicates: int = 0
    merged: dict[str, int] = dataclasses.field(
        default_factory=lambda: {"texts": 0, "rows": 0, "ties": 0}
    )
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)
    examples: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    splits: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    kinds: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    shards: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    rejected_paths: list[str] = dataclasses.field(default_factory=list)
    problem: str = ""

    @property
    def rejected(self) -> int:
        """Rows that could not become an example."""
        return sum(self.reasons.values())

    @property
    def unreadable(self) -> int:
        """Those of them that could not, whatever the other rows say."""
        return sum(count for reason, count in self.reasons.items() if reason not in READABLE)

    def keep(self, split: str, targets: Targets) -> None:
        """Counts a row that became an example."""
        self.kept += 1
        self.splits[split] += 1
        for kind in (targets.kind,) if targets.shows is None else targets.shows:
            self.kinds[split][kind] += 1

    def settle(self, verdict: int) -> None:
        """Counts what was decided about a row that can be read."""
        self.duplicates += verdict in (DUPLICATE, MERGED)
        self.merged["rows"] += verdict == MERGED
        self.merged["texts"] += verdict in (OF_MAJORITY, UNDECIDED)
        self.merged["ties"] += verdict == UNDECIDED

    def reject(self, reason: str, rejected: dict[str, Any]) -> None:
        """Counts a rejected row and keeps the first one of its reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self.examples.setdefault(reason, rejected)

    def to_json(self) -> str:
        """Writes the report as one line for `from_json`."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Report:
        """Reads what `to_json` wrote."""
        return cls(**json.loads(line))

    def counts(self) -> dict[str, int]:
        """Returns the numbers that the artifacts carry: totals, splits, `merged:…`, `reason:…`."""
        return {
            "read": self.read,
            "kept": self.kept,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            **{f"merged:{what}": count for what, count in self.merged.items()},
            **{split: self.splits[split] for split in SPLITS},
            **{f"reason:{reason}": count for reason, count in sorted(self.reasons.items())},
        }


def add_up(reports: Iterable[Report], kinds: int) -> Report:
    """Adds the reports of all tasks.

    Args:
        reports: One of each task, in any order.
        kinds: How many kinds of examples there are.

    Returns:
        The sums, with the files and the first problem in the order of the tasks.
    """
    total = Report(
        kinds={split: [0] * kinds for split in SPLITS}, shards={split: [] for split in SPLITS}
    )
    reasons: collections.Counter[str] = collections.Counter()
    for report in sorted(reports, key=lambda report: report.task):
        total.read += report.read
        total.kept += report.kept
        total.duplicates += report.duplicates
        for what, count in report.merged.items():
            total.merged[what] += count
        reasons.update(report.reasons)
        total.examples = report.examples | total.examples
        for split, counts in report.kinds.items():
            total.splits[split] += report.splits[split]
            sums = total.kinds[split]
            total.kinds[split] = [a + b for a, b in zip(sums, counts, strict=True)]
            total.shards[split] += report.shards.get(split, [])
        total.rejected_paths += report.rejected_paths
        total.problem = total.problem or report.problem
    total.reasons = dict(reasons)
    return total


def check_complete(report: Report) -> None:
    """Makes sure that no row was lost or counted twice.

    Args:
        report: Of all tasks.

    Raises:
        RunError: A task could not be finished.
        RunError: The numbers do not add up.
    """
    if report.problem:
        raise RunError(report.problem)
    in_splits = sum(report.splits.values())
    accounted = report.kept + report.duplicates + report.rejected
    if report.read != accounted or report.kept != in_splits:
        raise RunError(
            f"rows were lost: {report.read:,} read, but {report.kept:,} kept ({in_splits:,} in "
            f"splits), {report.duplicates:,} duplicates and {report.rejected:,} rejected; "
            "this is a bug in reviewlens, please report it"
        )


def check_rejected(report: Report, max_fraction: float) -> None:
    """Makes sure that not too many rows were rejected that cannot be read.

    Args:
        report: Of all tasks, with at least one row.
        max_fraction: Share of such rows above which the data is not good enough.

    Raises:
        RunError: There are more; the message shows the three most frequent reasons.
    """
    unreadable = report.unreadable
    if unreadable / report.read <= max_fraction:
        return
    lines = [
        f"{unreadable:,} of {report.read:,} rows were rejected "
        f"({unreadable / report.read:.1%}), more than data.max_reject_fraction "
        f"({max_fraction:g}) allows; the most frequent reasons:"
    ]
    by_count = sorted(report.reasons.items(), key=lambda item: (-item[1], item[0]))
    by_count = [item for item in by_count if item[0] not in READABLE]
    for reason, count in by_count[:_SHOWN_REASONS]:
        example = report.examples[reason]
        lines.append(
            f"  {reason}: {count:,} rows, such as {example['file']} row {example['row']} "
            f"({example['detail']}): {_shortened(example['raw'])}"
        )
    raise RunError("\n".join(lines))


def check_kept(report: Report) -> None:
    """Makes sure that there is something to learn from.

    Args:
        report: Of all tasks.

    Raises:
        RunError: No row became an example.
    """
    if not report.kept:
        raise RunError(f"none of the {report.read:,} rows is left to learn from")


def check_kinds_of_task(task: str, report: Report, settings: DataSettings) -> None:
    """Makes sure that every kind can be learnt, by the rule of the task or that of classes.

    Args:
        task: Name of a registered one.
        report: Of all tasks, with at least one example.
        settings: Of the data.

    Raises:
        RunError: Something lacks in a split.
    """
    data = TASKS.load(task, "data")
    if not hasattr(data, "lacking"):
        check_kinds(report, data.kinds(settings), settings)
    elif problem := data.lacking(settings, report.kinds):
        raise RunError(problem)


def check_kinds(report: Report, names: Sequence[str], settings: DataSettings) -> None:
    """Makes sure that every class can be learnt, tuned and tested.

    Args:
        report: Of all tasks, with at least one example.
        names: Of the kinds of examples; a single one need only be in every split.
        settings: Name the column that tells the kinds apart.

    Raises:
        RunError: All rows are of one class, or a class lacks in a split.
    """
    totals = [sum(report.kinds[split][index] for split in SPLITS) for index in range(len(names))]
    used = [name for name, total in zip(names, totals, strict=True) if total]
    if len(used) == 1 and len(names) > 1:
        raise RunError(
            f"all {report.kept:,} rows are of the class {used[0]!r}; a classifier needs rows of "
            f"{', '.join(map(repr, names))} (see data.classes and data.{_kind(settings)})"
        )
    for index, (name, total) in enumerate(zip(names, totals, strict=True)):
        empty = [split for split in SPLITS if not report.kinds[split][index]]
        if empty:
            spread = ", ".join(f"{split} {report.kinds[split][index]:,}" for split in SPLITS)
            raise RunError(
                f"the class {name!r} has no rows in {' and '.join(empty)} ({spread}; {total:,} in "
                "all); bring more of its rows, or give that split more in data.splits"
            )


def named_kinds(report: Report, kinds: Sequence[str]) -> dict[str, dict[str, int]]:
    """Counts the examples of each kind by its name, for each split.

    Args:
        report: Of rows.
        kinds: Names of the kinds.
    """
    return {split: dict(zip(kinds, report.kinds[split], strict=True)) for split in SPLITS}


def small_splits(splits: Mapping[str, int], kinds: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Finds splits of which little can be learnt.

    Args:
        splits: Split -> its examples.
        kinds: Split -> of each kind, such as each class, its examples.

    Returns:
        A sentence for the split eval if a decision that is fitted on it may be chance, and one
        for the split test if its figures may be: with fewer than 50 examples, of which a share of
        80 % is known to 11 points, or with fewer than 10 of some kind.

    Example:
        >>> small_splits({"eval": 40, "test": 400}, {"eval": {"a": 31, "b": 9}, "test": {}})
        ['the split eval has 40 examples, 9 of them of b: few to choose and calibrate a model by; \
bring more rows, or give it more in data.splits']
    """
    told = []
    for split, purpose in (("eval", "choose and calibrate a model by"), ("test", "judge it by")):
        few = [
            f"{count:,} of them of {name}"
            for name, count in kinds.get(split, {}).items()
            if count < _FEW_OF_KIND
        ]
        if split in splits and (few or splits[split] < _FEW):
            told.append(
                f"the split {split} has {', '.join([f'{splits[split]:,} examples', *few])}: few to "
                f"{purpose}; bring more rows, or give it more in data.splits"
            )
    return told


def _kind(settings: DataSettings) -> str:
    return "rating" if settings.rating else "label"


def _shortened(raw: dict[str, str] | str) -> str:
    """The row on one line, without its empty cells."""
    if isinstance(raw, dict):
        raw = ", ".join(f"{name}={value}" for name, value in raw.items() if value)
    line = " ".join(raw.split())
    return line if len(line) <= _SHOWN_TEXT else f"{line[: _SHOWN_TEXT - 1]}…"
