"""Batches of concurrent requests, as TensorFlow Serving's session batching makes them.

Each signature of each servable has a queue of its own; all queues share the threads that run
the batches. What happens here that stock TensorFlow Serving does not do: when a batch fails,
its requests run again one by one, so that a bad request fails alone; and a request that was split
gets an answer where its parts have answers of unlike widths, the narrower ones filled up.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import math
import os
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from ..status import Code, ServingError, invalid
from .metrics import Metrics

# Rows that would take more than this when they are filled up to one shape run apart.
_MOST_PADDED_BYTES = 2**28

Run = Callable[[Sequence[np.ndarray], "float | None"], list[np.ndarray]]


@dataclasses.dataclass(frozen=True)
class BatchingSettings:
    """The fields of a batching_parameters_file; names and defaults are TensorFlow Serving's.

    Attributes:
        max_batch_size: Most rows of a batch.
        batch_timeout_micros: How long a batch waits to become full.
        max_enqueued_batches: Most batches that wait in one queue.
        num_batch_threads: Batches that run at the same time.
        allowed_batch_sizes: Sizes that batches are padded to, increasing; empty for any.
        pad_variable_length_inputs: Whether inputs of unlike shapes are padded to the largest.
        enable_large_batch_splitting: Whether requests may be split into several batches.
        max_execution_batch_size: Most rows that run at once, with splitting; 0 for
            `max_batch_size`, which is the most rows of a request.

    Raises:
        ServingError: If the fields contradict each other.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = os.cpu_count() or 1
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    def __post_init__(self):
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise invalid(f"{name} must be positive; was {getattr(self, name)}")
        if self.batch_timeout_micros < 0:
            raise invalid(
                f"batch_timeout_micros must be non-negative; was {self.batch_timeout_micros}"
            )
        sizes = self.allowed_batch_sizes
        if sizes and (sizes[0] < 1 or any(a >= b for a, b in zip(sizes, sizes[1:], strict=False))):
            raise invalid("allowed_batch_sizes entries must be positive and increasing")
        if self.max_execution_batch_size and not self.enable_large_batch_splitting:
            raise invalid(
                "max_execution_batch_size only has an effect with enable_large_batch_splitting"
            )
        if self.max_execution_batch_size > self.max_batch_size:
            raise invalid(
                "max_execution_batch_size must not be larger than max_batch_size; "
                f"was {self.max_execution_batch_size}, expected at most {self.max_batch_size}"
            )
        if sizes and sizes[-1] != self.rows_at_once:
            raise invalid(
                "Last entry in allowed_batch_sizes must match max_batch_size; "
                f"last entry was {sizes[-1]}; expected {self.rows_at_once}"
            )

    @property
    def rows_at_once(self) -> int:
        """Most rows that run together."""
        return self.max_execution_batch_size or self.max_batch_size

    def check_rows(self, rows: int) -> None:
        """Makes sure that a request has not too many rows.

        Args:
            rows: Of the request.

        Raises:
            ServingError: They are more than `max_batch_size` (INVALID_ARGUMENT).
        """
        if rows > self.max_batch_size:
            raise invalid(
                f"Task size {rows} is larger than maximum input batch size {self.max_batch_size}"
            )

    def padded_size(self, rows: int) -> int:
        """The smallest allowed size that has room for `rows`."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)


class BatchScheduler:
    """Threads that run the batches of any number of queues, the oldest due one first.

    Args:
        settings: How batches are made.
        metrics: Told of each batch.

    Example:
        >>> scheduler = BatchScheduler(BatchingSettings(max_batch_size=4), Metrics())
        >>> queue = scheduler.new_queue("double", lambda values, timeout: [2 * values[0]])
        >>> queue.run([np.array([1.0, 2.0])], timeout=None)
        [array([2., 4.])]
        >>> scheduler.close()
    """

    def __init__(self, settings: BatchingSettings, metrics: Metrics):
        self.settings = settings
        self.metrics = metrics
        # Guards the queues and their batches.
        self.changed = threading.Condition()
        self._queues: list[BatchQueue] = []
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-{index}", daemon=True)
            for index in range(settings.num_batch_threads)
        ]
        for thread in self._threads:
            thread.start()

    def new_queue(
        self, model: str, run: Run, settings: BatchingSettings | None = None
    ) -> BatchQueue:
        """Returns a queue of requests that may be run together.

        Args:
            model: Name of the model, for the metrics.
            run: Takes the inputs, each with the same number of rows, and a time-out in
                seconds or None; gives outputs with that number of rows.
            settings: How its batches are made, if not like those of the scheduler.
        """
        queue = BatchQueue(self, model, run, settings or self.settings)
        with self.changed:
            self._queues.append(queue)
        return queue

    def remove(self, queue: BatchQueue) -> None:
        """Forgets a queue in which nothing waits."""
        with self.changed:
            self._queues.remove(queue)

    def close(self) -> None:
        """Stops the threads once what is due has run."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._next():
            batch.queue.execute(batch)

    def _next(self) -> _Batch | None:
        """Waits for a batch that is full or has waited long enough; None at the end."""
        with self.changed:
            while True:
                first = [queue.waiting[0] for queue in self._queues if queue.waiting]
                now = time.monotonic()
                due = [batch for batch in first if batch.closed or batch.due <= now]
                if due:
                    oldest = min(due, key=lambda batch: batch.due)
                    oldest.queue.waiting.popleft()
                    return oldest
                if self._closed and not first:
                    return None
                soonest = min((batch.due for batch in first), default=None)
                self.changed.wait(None if soonest is None else soonest - now)


@dataclasses.dataclass
class _Task:
    """Rows of one request that run in the same batch."""

    values: list[np.ndarray]
    expires: float
    enqueued: float = dataclasses.field(default_factory=time.monotonic)
    answer: concurrent.futures.Future = dataclasses.field(default_factory=concurrent.futures.Future)

    @property
    def rows(self) -> int:
        return len(self.values[0])

    @property
    def kind(self) -> tuple:
        """Equal for tasks that can be concatenated."""
        return tuple((value.dtype, value.shape[1:]) for value in self.values)


@dataclasses.dataclass
class _Batch:
    queue: BatchQueue
    due: float
    tasks: list[_Task] = dataclasses.field(default_factory=list)
    rows: int = 0
    closed: bool = False


class BatchQueue:
    """Requests to one signature of one servable; made by `BatchScheduler.new_queue`.

    Attributes:
        waiting: Batches in the order in which they will run; guarded by the scheduler.
    """

    def __init__(self, scheduler: BatchScheduler, model: str, run: Run, settings: BatchingSettings):
        self.waiting: collections.deque[_Batch] = collections.deque()
        self._scheduler = scheduler
        self._settings = settings
        self._model = model
        self._run = run

    def run(self, values: Sequence[np.ndarray], timeout: float | None) -> list[np.ndarray]:
        """Runs a request together with others; blocks until it is done.

        Args:
            values: Inputs, each with the same number of rows, at least one.
            timeout: Seconds after which to give up, or None.

        Returns:
            The outputs for these rows.

        Raises:
            ServingError: The rows are uneven or too many, the queue is full (UNAVAILABLE),
                time is up (DEADLINE_EXCEEDED), or the model fails.
        """
        rows = _count_rows(values)
        self._settings.check_rows(rows)
        most = self._settings.rows_at_once
        expires = float("inf") if timeout is None else time.monotonic() + timeout
        tasks = [
            _Task([value[start : start + most] for value in values], expires)
            for start in range(0, rows, most)
        ]
        self._enqueue(tasks)
        try:
            parts = [
                task.answer.result(None if timeout is None else expires - time.monotonic())
                for task in tasks
            ]
        except concurrent.futures.TimeoutError:
            raise _too_late() from None
        if len(parts) == 1:
            return parts[0]
        return [_concatenate(columns) for columns in zip(*parts, strict=True)]

    def close(self) -> None:
        """Takes the queue from its scheduler; nothing may wait in it."""
        self._scheduler.remove(self)

    def _enqueue(self, tasks: Sequence[_Task]) -> None:
        settings = self._settings
        with self._scheduler.changed:
            last = self.waiting[-1] if self.waiting else None
            open_rows = last.rows if last and not last.closed else settings.rows_at_once
            fits = open_rows + tasks[0].rows <= settings.rows_at_once
            needed = len(tasks) - fits
            if len(self.waiting) + needed > settings.max_enqueued_batches:
                raise ServingError(
                    Code.UNAVAILABLE,
                    "The batch scheduling queue to which this task was submitted is full; "
                    f"currently {len(self.waiting)} batches enqueued and "
                    f"max_enqueued_batches is {settings.max_enqueued_batches}",
                )
            for task in tasks:
                self._append(task)
            self._scheduler.changed.notify_all()

    def _append(self, task: _Task) -> None:
        most = self._settings.rows_at_once
        if self.waiting and self.waiting[-1].rows + task.rows > most:
            self.waiting[-1].closed = True
        if not self.waiting or self.waiting[-1].closed:
            due = task.enqueued + self._settings.batch_timeout_micros * 1e-6
            self.waiting.append(_Batch(self, due))
        batch = self.waiting[-1]
        batch.tasks.append(task)
        batch.rows += task.rows
        batch.closed = batch.rows == most

    def execute(self, batch: _Batch) -> None:
        """Runs a batch and gives each of its requests its answer; never raises."""
        now = time.monotonic()
        groups: dict[tuple, list[_Task]] = {}
        for task in batch.tasks:
            self._scheduler.metrics.queued(self._model, (now - task.enqueued) * 1e6)
            if task.expires <= now:
                task.answer.set_exception(_too_late())
                continue
            kind = () if self._settings.pad_variable_length_inputs else task.kind
            groups.setdefault(kind, []).append(task)
        for tasks in groups.values():
            self._execute(tasks)

    def _execute(self, tasks: list[_Task]) -> None:
        try:
            rows = [task.rows for task in tasks]
            padding = self._settings.padded_size(sum(rows)) - sum(rows)
            columns = zip(*(task.values for task in tasks), strict=True)
            values = [_concatenate(parts, padding) for parts in columns]
            # The last one to give up: until then somebody wants the answer.
            left = max(task.expires for task in tasks) - time.monotonic()
            outputs = self._run(values, None if left == float("inf") else max(left, 1e-3))
            if any(output.shape[:1] != (sum(rows) + padding,) for output in outputs):
                raise ServingError(
                    Code.FAILED_PRECONDITION,
                    "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                    "dimension sizes of the input tensors",
                )
            self._scheduler.metrics.batch(self._model, rows, padding)
            ends = np.cumsum(rows)
            for task, start, end in zip(tasks, ends - rows, ends, strict=True):
                task.answer.set_result([output[start:end] for output in outputs])
        except Exception as error:
            if len(tasks) == 1:
                tasks[0].answer.set_exception(error)
                return
            for task in tasks:
                self._execute([task])


def _concatenate(parts: Sequence[np.ndarray], padding: int = 0) -> np.ndarray:
    """All rows, those of unlike shape filled up with zeros, and copies of one to fill the batch."""
    shapes = [part.shape[1:] for part in parts]
    if len(set(shapes)) > 1:
        if len({len(shape) for shape in shapes}) > 1:
            raise invalid("tensors of different rank cannot be padded to the same shape")
        largest = np.max(shapes, axis=0)
        rows = sum(len(part) for part in parts)
        if rows * math.prod(largest.tolist()) * parts[0].itemsize > _MOST_PADDED_BYTES:
            raise invalid("tensors of too different shapes cannot be padded to the same shape")
        parts = [_pad(part, largest) for part in parts]
    if padding:
        parts = [*parts, np.repeat(parts[-1][:1], padding, axis=0)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _pad(part: np.ndarray, shape: np.ndarray) -> np.ndarray:
    widths = [(0, 0), *((0, more) for more in shape - part.shape[1:])]
    nothing = b"" if part.dtype == object else 0
    return np.pad(part, widths, constant_values=nothing)


def _count_rows(values: Sequence[np.ndarray]) -> int:
    if not values:
        raise invalid("Batching Run() must have at least one input tensor")
    if any(value.ndim == 0 for value in values):
        raise invalid("Batching Run() input tensors must have at least one dimension")
    if len({len(value) for value in values}) > 1:
        raise invalid("Batching Run() input tensors must have equal 0th-dimension size")
    return len(values[0])


def _too_late() -> ServingError:
    return ServingError(Code.DEADLINE_EXCEEDED, "Timed out waiting for the batch to run")
