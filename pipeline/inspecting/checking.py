"""Whether rows become examples as the settings have it, tried on the first of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...components.review_example_gen.accounting import (
    Report,
    check_kept,
    check_kinds_of_task,
    check_rejected,
    named_kinds,
    small_splits,
)
from ...components.review_example_gen.finding import settled_files
from ...components.review_example_gen.label_classes import with_classes
from ...components.review_example_gen.reviews import Rejection, ReviewMaker
from ...components.review_example_gen.settings import SPLITS, DataSettings
from ...components.review_example_gen.splitting import Splitter
from ...components.task_registry import TASKS, text_as_given
from ...errors import RunError
from ...files import InputFile, Record, read_records

# Read in a second or two.
MOST_ROWS = 20_000
# Of an input of many files, those whose columns are looked at.
_MOST_FILES = 100


class Checked(NamedTuple):
    """What was found in the files.

    Attributes:
        problems: `(key, what is wrong and what would be right)`, what a run would fail for.
        lines: What else a person should know, a sentence each.
        report: What became of the rows that were looked at; None where none could be.
        whole: Whether that were all rows.
    """

    problems: list[tuple[str, str]]
    lines: list[str]
    report: Report | None = None
    whole: bool = False


def check_files(settings: DataSettings, task: str | None) -> Checked:
    """Looks at the columns of the files, and at what becomes of their first 20,000 rows.

    Args:
        settings: Where the files are, and which columns mean what.
        task: What the rows shall become examples of; None where something is wrong with the
            settings, so that the columns alone can be looked at.

    Example:
        >>> with open("reviews.csv", "w") as file:
        ...     print("text,stars", "Fits.,5", sep="\\n", file=file)
        >>> settings = DataSettings("reviews.csv", ("comment",), rating="stars", classes={})
        >>> [(key, problem)] = check_files(settings, None).problems
        >>> key, problem[:43]
        ('input', "reviews.csv: has no column 'comment', which")
    """
    try:
        files, lines = settled_files(settings)
        for file in files[:_MOST_FILES]:
            next(read_records(file, settings.source_columns(), others=False), None)
    except RunError as error:
        return Checked([("input", str(error))], [])
    if task is None:
        return Checked([], lines)
    if settings.label and not settings.classes:
        try:
            settings, told = with_classes(settings)
        except RunError as error:
            return Checked([("label", str(error))], lines)
        lines = [*lines, told]
    try:
        report, whole = _try_rows(files, settings, task)
    except RunError as error:
        return Checked([("input", str(error))], lines)
    return Checked(
        [("input", problem) for problem in _problems(report, whole, settings, task)],
        [*lines, _told(report, whole), *(_few(report, settings, task) if whole else ())],
        report,
        whole,
    )


def _try_rows(files: Sequence[InputFile], settings: DataSettings, task: str) -> tuple[Report, bool]:
    """What a run makes of the first rows, and whether these are all."""
    data, examples = TASKS.load(task, "data"), TASKS.load(task, "examples")
    maker = ReviewMaker(settings, examples.make_maker(settings), text_as_given(task))
    splitter = Splitter({split: settings.splits[split] for split in SPLITS})
    kinds = len(data.kinds(settings))
    report = Report(kinds={split: [0] * kinds for split in SPLITS})
    seen: set[bytes] = set()
    for file, record in _rows(files, settings):
        if report.read == MOST_ROWS:
            return report, False
        report.read += 1
        made = maker.make(file, record)
        if isinstance(made, Rejection):
            row = {"file": file.name, "row": record.row, "detail": made.detail}
            report.reject(made.reason, {**row, "raw": record.values})
            continue
        text = f"{made.targets.apart}\0{made.text}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=16).digest()
        if digest in seen:
            report.duplicates += 1
            continue
        seen.add(digest)
        report.keep(splitter.split_of(made.group or made.text), made.targets)
    return report, True


def _rows(files: Sequence[InputFile], settings: DataSettings) -> Iterator[tuple[InputFile, Record]]:
    for file in files:
        for record in read_records(file, settings.source_columns(), others=False):
            yield file, record


def _problems(report: Report, whole: bool, settings: DataSettings, task: str) -> Iterator[str]:
    """What a run of these rows alone would fail for."""
    if not report.read:
        yield f"{settings.input}: has no rows"
        return
    which = "" if whole else f"of the first {report.read:,} rows alone: "
    try:
        check_rejected(report, settings.max_reject_fraction)
        check_kept(report)
        if whole:
            check_kinds_of_task(task, report, settings)
    except RunError as error:
        yield f"{which}{error}"


def _told(report: Report, whole: bool) -> str:
    which = "" if whole else "the first "
    told = (
        f"{which}{report.read:,} rows: {report.kept:,} to learn from and to judge by, "
        f"{report.duplicates:,} duplicates, {report.rejected:,} rejected"
    )
    reasons = [
        f"{reason} {count:,} ({report.examples[reason]['detail']})"
        for reason, count in sorted(report.reasons.items(), key=lambda item: -item[1])
    ]
    return f"{told}: {', '.join(reasons)}" if reasons else told


def _few(report: Report, settings: DataSettings, task: str) -> list[str]:
    names = TASKS.load(task, "data").kinds(settings)
    return small_splits(report.splits, named_kinds(report, names))
