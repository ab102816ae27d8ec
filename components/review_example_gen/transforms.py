"""The Beam transforms: two passes over the files, with fingerprints settled in between.

Rows never cross a shuffle. The first pass sends 34 bytes of each row to where equal texts
meet, in files where these lie on this machine, as Beam's runner here would hold them in memory,
thrice; the second one reads the files again, leaves out what was decided against, and writes
examples and rejected rows as it goes. So memory holds one row and those bytes, whatever the
runner, and the same input gives the same files in the same order.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import apache_beam as beam
import tensorflow as tf

from ...errors import RunError
from ...files import InputFile, Record, read_records
from ...progress import report as report_progress
from ..spill_files import SpillFile, read_spilled
from .accounting import Report
from .duplicates import FingerprintBuckets, Settled, Verdict, Verdicts, settle
from .example_encoding import ExampleEncoder
from .metering import Metered
from .reviews import Rejection, Review, ReviewMaker, TargetMaker
from .settings import SOFT, SPLITS, TRAIN, DataSettings
from .splitting import Splitter
from .verdicts import CONTRADICTORY, DUPLICATE, MERGED, STAYS, TIED
from .writers import RejectedWriter, ShardWriter

# Files are dealt to workers in runs of about this many bytes.
_TASK_BYTES = 4 << 20

_REPORT_EVERY = 1000

_REJECTED = {
    CONTRADICTORY: Rejection("contradictory", "the same text is of another class elsewhere"),
    TIED: Rejection("tied", "the same text is as often of another class elsewhere"),
}


@dataclasses.dataclass(frozen=True)
class Task:
    """A run of files that one worker reads, one after the other.

    Attributes:
        number: Of the task.
        files: `(number of the file, file)`, in the order of the whole input.
    """

    number: int
    files: tuple[tuple[int, InputFile], ...]


def plan_tasks(files: Sequence[InputFile]) -> list[Task]:
    """Deals files to tasks, in their order.

    Args:
        files: The whole input, in its order.

    Returns:
        Tasks of one file, or of as many as make 4 MiB.
    """
    tasks: list[Task] = []
    run: list[tuple[int, InputFile]] = []
    size = 0
    for number, file in enumerate(files):
        run.append((number, file))
        size += file.size
        if size >= _TASK_BYTES or number == len(files) - 1:
            tasks.append(Task(len(tasks), tuple(run)))
            run, size = [], 0
    return tasks


class LearntTask(NamedTuple):
    """What the examples are for; the parts of a task that workers need.

    Attributes:
        features: Names of the features that it adds.
        kinds: Names of what every split must have rows of.
        grades: The kind of each grade; where kinds have no parts, of each kind.
        contradictory: What becomes of equal texts, see `DataSettings`.
        as_given: Whether texts stay as they are in the files.
        make_maker: What makes the maker of its targets. A function, not the name of the task:
            a worker elsewhere may not know of all tasks.
    """

    features: tuple[str, ...]
    kinds: tuple[str, ...]
    grades: tuple[int, ...]
    contradictory: str
    as_given: bool
    make_maker: Callable[[DataSettings], TargetMaker]


class ReadReviews(beam.PTransform):
    """Reads all files, and writes examples and rejected rows into a folder.

    Args:
        tasks: The whole input, from `plan_tasks`.
        settings: Free of problems.
        learnt: What the examples are for.
        folder: Where the parts are written; must exist. A part's name is its writer's own, so
            that a worker that died and its successor do not meet.

    Returns:
        From `expand`, a collection of one `Report` of each task, as JSON. What is wrong with
        a file stands in there, not in an exception, which runners wrap beyond recognition.
    """

    def __init__(
        self, tasks: Sequence[Task], settings: DataSettings, learnt: LearntTask, folder: str
    ):
        super().__init__()
        self._tasks = tasks
        self._settings = settings
        self._learnt = learnt
        self._folder = folder

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[str]:
        size = sum(file.size for task in self._tasks for _, file in task.files)
        told = (self._settings, self._learnt, size, self._folder)
        tasks = (
            pipeline
            | "Tasks" >> beam.Create([(task.number, task) for task in self._tasks])
            | "ToWorkers" >> beam.Reshuffle()
        )
        verdicts = (
            tasks
            | "Fingerprint" >> beam.ParDo(_Fingerprint(*told))
            | "EqualTexts" >> beam.GroupByKey()
            | "Settle" >> beam.ParDo(_Settle(self._learnt))
        )
        return (
            {"task": tasks, "verdicts": verdicts}
            | "VerdictsOfTask" >> beam.CoGroupByKey()
            | "Write" >> beam.ParDo(_Write(*told))
        )


@beam.typehints.with_output_types(tuple[int, tuple[bytes, bytes]])
class _Settle(beam.DoFn):
    """Between the passes."""

    def __init__(self, learnt: LearntTask):
        self._grades = learnt.grades
        self._contradictory = learnt.contradictory

    def process(self, element: tuple[int, Iterable[Sent]]) -> Iterator[tuple[int, Settled]]:
        found = [
            read_spilled(path, offset, size) if path else content
            for content, path, offset, size in element[1]
        ]
        return settle(b"".join(found), self._grades, self._contradictory)


def _grade_of(review: Review) -> int:
    """What copies of a text are told apart by."""
    targets = review.targets
    return targets.kind if targets.grade is None else targets.grade


class _Reader(beam.DoFn):
    """Reads a task's files row by row.

    Args:
        settings: Free of problems.
        learnt: What the examples are for.
        size: Bytes of the whole input, of which this may be a part.
        note: What it does with the rows.
    """

    def __init__(self, settings: DataSettings, learnt: LearntTask, size: int, note: str):
        self._settings = settings
        self._learnt = learnt
        self._size = size
        self._note = note
        self._done = 0
        self._bytes = 0
        self._begun = 0.0

    def setup(self):
        self._targets = self._learnt.make_maker(self._settings)
        self._maker = ReviewMaker(self._settings, self._targets, self._learnt.as_given)
        self._splitter = Splitter({split: self._settings.splits[split] for split in SPLITS})

    def _read(self, task: Task) -> Iterator[tuple[int, InputFile, Record, Review | Rejection]]:
        columns = self._settings.source_columns()
        self._begun = self._begun or time.monotonic()
        for number, file in task.files:
            metered = Metered(file)
            for record in read_records(metered.file, columns, others=False):
                self._done += 1
                if self._done % _REPORT_EVERY == 0:
                    self._report(metered.bytes)
                yield number, file, record, self._maker.make(file, record)
            self._bytes += file.size

    def _report(self, bytes_of_file: int) -> None:
        """Says of how many rows, if what was read of the files lets one guess."""
        read = self._bytes + bytes_of_file
        about = ""
        if read < self._size and read:
            rows = self._done * self._size / read
            # No more digits than are to be believed.
            about = f"of about {int(float(f'{rows:.2g}')):,} "
        speed = self._done / max(time.monotonic() - self._begun, 1e-3)
        report_progress(self._done, None, f"{about}{self._note}  {speed:,.0f} a second")


# Bytes; or in their place the path, the offset and the size of what `read_spilled` gives.
Sent = tuple[bytes, str, int, int]


@beam.typehints.with_output_types(tuple[int, Sent])
class _Fingerprint(_Reader):
    """The first pass."""

    def __init__(self, settings: DataSettings, learnt: LearntTask, size: int, folder: str):
        super().__init__(settings, learnt, size, "rows checked")
        self._folder = folder

    def process(self, element: tuple[int, Task]) -> Iterator[tuple[int, Sent]]:
        file = SpillFile(self._folder)
        # Whoever asks a server for many small parts of files waits for each of them.
        is_near = "://" not in self._folder
        try:
            for bucket, found in self._fingerprints(element[1]):
                if is_near:
                    yield bucket, (b"", file.path, file.write(found), len(found))
                else:
                    yield bucket, (found, "", 0, 0)
        finally:
            file.close()

    def _fingerprints(self, task: Task) -> Iterator[tuple[int, bytes]]:
        buckets = FingerprintBuckets()
        soft = self._learnt.contradictory == SOFT
        # The second pass meets the same problem and reports it.
        with contextlib.suppress(RunError):
            for number, _, record, made in self._read(task):
                if isinstance(made, Review):
                    place = (task.number, number, record.row)
                    # Nothing can be judged by a text whose classes tie, but learnt from it.
                    teaches = soft and self._splitter.split_of(made.group or made.text) == TRAIN
                    full = buckets.add(
                        made.text, _grade_of(made), place, teaches, made.targets.apart
                    )
                    if full:
                        yield full
        yield from buckets.rest()


@beam.typehints.with_output_types(str)
class _Write(_Reader):
    """The second pass."""

    def __init__(self, settings: DataSettings, learnt: LearntTask, size: int, folder: str):
        super().__init__(settings, learnt, size, "rows written")
        self._folder = folder

    def process(self, element: tuple[int, dict]) -> Iterator[str]:
        (task,) = element[1]["task"]
        report = Report(task.number, kinds={s: [0] * len(self._learnt.kinds) for s in SPLITS})
        verdicts = Verdicts(element[1]["verdicts"])
        prefix = f"{self._folder}/{task.number:06d}-{uuid.uuid4().hex}"
        shards = {split: ShardWriter(f"{prefix}-{split}") for split in SPLITS}
        rejected = RejectedWriter(f"{prefix}-rejected.jsonl")
        try:
            self._write(task, verdicts, shards, rejected, report)
            for shard in shards.values():
                shard.close()
            rejected.close()
        except RunError as error:
            report.problem = str(error)
        except (OSError, tf.errors.OpError) as error:
            report.problem = f"{self._folder}: cannot be written: {error}"
        report.shards = {split: writer.paths for split, writer in shards.items()}
        report.rejected_paths = rejected.paths
        yield report.to_json()

    def _write(
        self,
        task: Task,
        verdicts: Verdicts,
        shards: dict[str, ShardWriter],
        rejected: RejectedWriter,
        report: Report,
    ) -> None:
        encoder = ExampleEncoder(self._settings.slices, self._learnt.features)
        for number, file, record, made in self._read(task):
            report.read += 1
            if isinstance(made, Review):
                verdict = verdicts.of(number, record.row)
                if verdict.what != STAYS:
                    report.settle(verdict.what)
                    if verdict.what in (DUPLICATE, MERGED):
                        continue
                    made = _REJECTED.get(verdict.what) or self._merged(made, verdict)
            if isinstance(made, Rejection):
                row = {
                    "file": file.name,
                    "row": record.row,
                    "reason": made.reason,
                    "detail": made.detail,
                    "raw": record.values,
                }
                rejected.write(row)
                report.reject(made.reason, row)
                continue
            split = self._splitter.split_of(made.group or made.text)
            shards[split].write(encoder.encode(made))
            report.keep(split, made.targets)
        if not verdicts.all_used():
            names = ", ".join(file.name for _, file in task.files)
            raise RunError(f"{names}: changed while being read; run again")

    def _merged(self, review: Review, verdict: Verdict) -> Review:
        """The row that stays, speaking for all rows with its text."""
        if not verdict.copies:
            return review
        return review._replace(targets=self._targets.merge(review.targets, verdict.copies))
