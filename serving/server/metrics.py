"""What the server counts and measures, as a page that Prometheus reads."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections.abc import Iterator, Sequence

# TensorFlow Serving's bounds: up to about 20 minutes in microseconds, and powers of two.
_MICROSECONDS = tuple(10 * 1.8**power for power in range(33))
_QUEUEING_MICROSECONDS = tuple(100 * 1.2**power for power in range(52))
_EXAMPLES = tuple(2.0**power for power in range(15))
_ROWS = tuple(2.0**power for power in range(14))
# A client that makes up model names must not fill the memory.
_MOST_SERIES = 1000


class Metrics:
    """The counters and histograms of TensorFlow Serving that this server can fill.

    Safe to use from any number of threads. Names, labels, bounds and text form are those of
    TensorFlow Serving's Prometheus page, whose dashboards and alerts work here too; the
    metrics of the batching session have the model's name as a label of their own.

    Example:
        >>> metrics = Metrics()
        >>> metrics.request("reviews", "OK", "predict", "REST", microseconds=1500.0)
        >>> ':request_count{model_name="reviews",status="OK"} 1' in metrics.render()
        True
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._request_count = _Counter("request_count", ["model_name", "status"])
        self._request_latency = _Histogram(
            "request_latency", ["model_name", "API", "entrypoint"], _MICROSECONDS
        )
        self._runtime_latency = _Histogram(
            "runtime_latency", ["model_name", "API", "runtime"], _MICROSECONDS
        )
        self._example_counts = _Histogram("request_example_counts", ["model"], _EXAMPLES)
        self._example_total = _Counter("request_example_count_total", ["model"])
        self._warmup_latency = _Histogram(
            "model_warmup_latency", ["model_path", "status"], _MICROSECONDS
        )
        self._warmup_records = _Counter("model_warmup_records_read", ["model_path", "status"])
        self._queuing_latency = _Histogram(
            "batching_session:queuing_latency", ["model_name"], _QUEUEING_MICROSECONDS
        )
        self._run_count = _Counter("batching_session:wrapped_run_count", ["model_name"])
        self._input_size = _Histogram("batching_session:input_batch_size", ["model_name"], _ROWS)
        self._batch_size = _Histogram(
            "batching_session:processed_batch_size", ["model_name"], _ROWS
        )
        self._padding_size = _Histogram(
            "batching_session:padding_size", ["model_name", "execution_batch_size"], _ROWS
        )

    def request(
        self, model: str, status: str, api: str, entrypoint: str, microseconds: float
    ) -> None:
        """Counts a request; its time counts only if it went well, as in TensorFlow Serving.

        Args:
            model: Name of the model as the client gave it; may be empty.
            status: Name of the status code, such as "OK" or "NOT_FOUND".
            api: "predict", "classify" or "regress" for REST, "Predict" and so on for gRPC, or
                empty.
            entrypoint: "REST" or "GRPC".
            microseconds: From its arrival to the answer.
        """
        with self._lock:
            self._request_count.add([model, status], 1)
            if status == "OK":
                self._request_latency.add([model, api, entrypoint], microseconds)

    def runtime(self, model: str, api: str, microseconds: float) -> None:
        """Records how long TensorFlow ran for a request or a batch."""
        with self._lock:
            self._runtime_latency.add([model, api, "TF1"], microseconds)

    def examples(self, model: str, count: int) -> None:
        """Records how many examples a request had."""
        with self._lock:
            self._example_counts.add([model], count)
            self._example_total.add([model], count)

    def warmup(self, path: str, status: str, microseconds: float, records: int) -> None:
        """Records the warm-up of a version.

        Args:
            path: Directory of the version.
            status: Name of the status code it ended with.
            microseconds: How long it took.
            records: Warm-up requests that were read.
        """
        with self._lock:
            self._warmup_latency.add([path, status], microseconds)
            self._warmup_records.add([path, status], records)

    def queued(self, model: str, microseconds: float) -> None:
        """Records how long a request waited for its batch."""
        with self._lock:
            self._queuing_latency.add([model], microseconds)

    def batch(self, model: str, rows: Sequence[int], padding: int) -> None:
        """Records a batch that ran.

        Args:
            model: Name of the model.
            rows: Of each request in the batch.
            padding: Rows added to reach an allowed size.
        """
        size = sum(rows) + padding
        with self._lock:
            self._run_count.add([model], 1)
            self._batch_size.add([model], size)
            self._padding_size.add([model, str(size)], padding)
            for count in rows:
                self._input_size.add([model], count)

    def render(self) -> str:
        """Returns the page: the metrics in the order of their names, one sample a line."""
        with self._lock:
            families = [value for value in vars(self).values() if isinstance(value, _Counter)]
            lines = [
                line
                for family in sorted(families, key=lambda family: family.name)
                for line in family.lines()
            ]
        return "".join(line + "\n" for line in lines)


class _Counter:
    """A number for each set of label values."""

    type = "counter"

    def __init__(self, name: str, labels: Sequence[str]):
        self.name = f":tensorflow:serving:{name}"
        self._labels = labels
        self._series: dict[tuple[str, ...], list[float]] = {}

    def add(self, values: Sequence[str], amount: float) -> None:
        self._numbers(values)[0] += amount

    def lines(self) -> Iterator[str]:
        yield f"# TYPE {self.name} {self.type}"
        for values, numbers in self._series.items():
            labels = ",".join(
                f'{label}="{_escape(value)}"'
                for label, value in zip(self._labels, values, strict=True)
            )
            yield from self._samples(labels, numbers)

    def _numbers(self, values: Sequence[str]) -> list[float]:
        key = tuple(values)
        if key not in self._series and len(self._series) >= _MOST_SERIES:
            key = ("",) * len(key)
        return self._series.setdefault(key, self._empty())

    def _empty(self) -> list[float]:
        return [0]

    def _samples(self, labels: str, numbers: list[float]) -> Iterator[str]:
        yield f"{self.name}{{{labels}}} {numbers[0]}"


class _Histogram(_Counter):
    """How many values lie below each bound, and their sum, for each set of label values."""

    type = "histogram"

    def __init__(self, name: str, labels: Sequence[str], bounds: Sequence[float]):
        super().__init__(name, labels)
        self._bounds = bounds

    def add(self, values: Sequence[str], amount: float) -> None:
        numbers = self._numbers(values)
        numbers[0] += amount
        numbers[1 + bisect.bisect_left(self._bounds, amount)] += 1

    def _empty(self) -> list[float]:
        return [0] * (len(self._bounds) + 2)

    def _samples(self, labels: str, numbers: list[float]) -> Iterator[str]:
        total, *counts = numbers
        bounds = [*(f"{bound:.6g}" for bound in self._bounds), "+Inf"]
        for bound, count in zip(bounds, itertools.accumulate(counts), strict=True):
            yield f'{self.name}_bucket{{{labels},le="{bound}"}} {count}'
        yield f"{self.name}_sum{{{labels}}} {total:.15g}"
        yield f"{self.name}_count{{{labels}}} {sum(counts)}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
