"""Where the time of a training goes, what each width costs, and what it takes of the machine."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from ....resources import Sample, sampling
from ..watching import StepSeen, Watched, Watcher
from .series import Series

# Steps of a width before one can be told to last too long, and how long that is: more standard
# deviations than this, and more than this many times the mean.
_KNOWN, _DEVIATIONS, _TIMES = 10, 4.0, 1.5
# Of the steps that lasted too long, so many of the longest are named.
_NAMED = 10
_PARTS = ("forward", "backward", "optimizer")
# Steps whose clocks are read at once.
_READ_EVERY = 10


@dataclasses.dataclass
class _Width:
    """The steps of one width but for the first, which makes the step ready for it."""

    steps: int = 0
    seconds: float = 0.0
    tokens: int = 0
    # Sum of the squared differences from the mean.
    squares: float = 0.0
    first: float | None = None

    @property
    def mean(self) -> float:
        return self.seconds / self.steps if self.steps else 0.0

    @property
    def making(self) -> float:
        """What the first step took longer than another."""
        return max((self.first or 0.0) - self.mean, 0.0)

    def add(self, seconds: float, tokens: int) -> None:
        # By Welford, so that nothing is kept of a step.
        before = self.mean
        self.steps, self.seconds = self.steps + 1, self.seconds + seconds
        self.tokens += tokens
        self.squares += (seconds - before) * (seconds - self.mean)

    def is_too_long(self, seconds: float) -> bool:
        if self.steps < _KNOWN:
            return False
        deviation = math.sqrt(self.squares / self.steps)
        return seconds > max(self.mean + _DEVIATIONS * deviation, _TIMES * self.mean)

    def told(self, width: int) -> dict[str, Any]:
        speed = self.tokens / self.seconds if self.seconds else 0.0
        return {
            "width": width,
            "steps": self.steps,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "tokens_per_second": speed,
            "squares": self.squares,
        }


class Profiler(Watcher):
    """Tells where the time of a training goes.

    Of a step the clock is read when its loss is there and when its gradients are: what comes
    before the one is `forward`, what comes before the other `backward`, and the rest `optimizer`.
    With `micro_batch` texts go forward and backward in turn, and on a GPU the clock does not wait
    for what has only begun: there all of it is `step`. The first step of a width makes the step
    ready for it; what it takes longer than the others of that width is `compile`.

    Processors, memory and GPUs are sampled twice a second in a thread. When there are more than
    300 samples, neighbours are put together: the mean of how busy something is, the greater of
    what is taken of the memory.

    What it tells, all times in seconds: `seconds` by what they were spent on, and `all`, up to the
    last checkpoint, of which it is a part; `widths`,
    for each number of tokens that batches are padded to its steps, how long they took and the
    tokens per second, first steps left out; `outliers`, how many steps lasted more than their
    width says by 4 standard deviations and by half, with the longest of them; and `samples`, each
    a list, the memory in MB.

    Example:
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> settings = TrainingSettings(epochs=1)
        >>> record = train(
        ...     classifier, training, evaluation, settings, task=task, watchers=[Profiler()]
        ... )
        >>> list(record.watched["profile"])
        ['seconds', 'widths', 'outliers', 'samples']
    """

    name = "profile"

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._before: dict[str, float] = {}
        self._took: dict[str, tuple[float, float]] = {}
        self._widths: dict[int, _Width] = {}
        self._parts = [0.0, 0.0, 0.0]
        self._clocks: list[tuple[float, float, tf.Tensor]] = []
        self._too_long: list[dict[str, Any]] = []
        self._too_long_in_all = 0
        self._series = Series()
        self._sampling = contextlib.ExitStack()
        self._began = time.monotonic()

    def begin(self, watched: Watched) -> None:
        self._on_gpu = bool(tf.config.list_physical_devices("GPU"))
        self._began = time.monotonic()
        self._sampling.enter_context(sampling(self._sampled))

    def resume(self, told: Mapping[str, Any]) -> None:
        self._before = dict(told["seconds"])
        for one in told["widths"]:
            known = {key: one[key] for key in ("steps", "seconds", "tokens", "squares")}
            self._widths[one["width"]] = _Width(**known)
        self._too_long_in_all = told["outliers"]["steps"]
        self._too_long = list(told["outliers"]["longest"])
        self._series = Series.of(told["samples"])

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        wall, started = time.time(), time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self._seconds[name] = self._seconds.get(name, 0.0) + took
            self._took[name] = wall, took

    def step(self, seen: StepSeen) -> None:
        began, took = self._took["step"]
        width = self._widths.setdefault(seen.width, _Width())
        if width.first is None:
            width.first = took
            return
        if width.is_too_long(took):
            self._too_long_in_all += 1
            told = {"step": seen.number, "width": seen.width, "seconds": took, "mean": width.mean}
            longest = sorted([*self._too_long, told], key=lambda one: -one["seconds"])
            self._too_long = longest[:_NAMED]
        width.add(took, seen.tokens)
        if not self._on_gpu:
            self._clocks.append((began, took, seen.clock))
        if len(self._clocks) >= _READ_EVERY:
            self._read_clocks()

    def told(self) -> dict[str, Any]:
        self._read_clocks()
        seconds = dict(self._seconds)
        making = sum(width.making for width in self._widths.values())
        steps = max(seconds.pop("step", 0.0) - making, 0.0)
        if sum(self._parts):
            # The first steps are divided as the others are.
            divided = [steps * part / sum(self._parts) for part in self._parts]
            seconds |= dict(zip(_PARTS, divided, strict=True))
        else:
            seconds["step"] = steps
        seconds["compile"] = making
        seconds["all"] = time.monotonic() - self._began
        seconds["other"] = max(2 * seconds["all"] - sum(seconds.values()), 0.0)
        for name, before in self._before.items():
            seconds[name] = seconds.get(name, 0.0) + before
        return {
            "seconds": seconds,
            "widths": [width.told(size) for size, width in sorted(self._widths.items())],
            "outliers": {"steps": self._too_long_in_all, "longest": self._too_long},
            "samples": self._series.told(),
        }

    def end(self) -> None:
        self._sampling.close()

    def _sampled(self, sample: Sample) -> None:
        self._series.add(self._before.get("all", 0.0) + sample.at - self._began, sample)

    def _read_clocks(self) -> None:
        for began, took, clock in self._clocks:
            forward, backward = (float(at) - began for at in clock)
            # Neither is known where they take turns.
            if 0 <= forward <= backward <= took:
                parts = forward, backward - forward, took - backward
                self._parts = [sum(both) for both in zip(self._parts, parts, strict=True)]
        self._clocks.clear()
