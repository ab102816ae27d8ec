"""Samples of a machine over any time, in a list of bounded length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....resources import Sample

# Points at most.
LONGEST = 300
_MEANS, _PEAKS = ("cpu", "gpu"), ("memory", "gpu_memory")
_MB = 1e6


class Series:
    """Samples, of which neighbours are put together when they get too many.

    Example:
        >>> series = Series()
        >>> for second in range(1000):
        ...     series.add(second, Sample(at=second, cpu=50.0, memory=second * 1_000_000))
        >>> told = series.told()
        >>> len(told["seconds"]), told["memory"][-1]
        (250, 999.0)
    """

    def __init__(self) -> None:
        self._points: list[dict[str, float | None]] = []
        # Samples that a point is made of, and those of the next one.
        self._each = 1
        self._next: list[dict[str, float | None]] = []

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Series:
        """The series that told so much of itself, to be gone on with.

        Args:
            told: What `told` gave.
        """
        series = cls()
        names = ("seconds", *_MEANS, *_PEAKS)
        series._each = told["each"]
        columns = [told[name] for name in names]
        series._points = [
            dict(zip(names, point, strict=True)) for point in zip(*columns, strict=True)
        ]
        return series

    def add(self, seconds: float, sample: Sample) -> None:
        """Takes one more.

        Args:
            seconds: Since the beginning.
            sample: What was taken then.
        """
        gpu_memory = None if sample.gpu_memory is None else sample.gpu_memory / _MB
        self._next.append(
            {
                "seconds": seconds,
                "cpu": sample.cpu,
                "gpu": sample.gpu,
                "memory": sample.memory / _MB,
                "gpu_memory": gpu_memory,
            }
        )
        if len(self._next) < self._each:
            return
        self._points.append(_one_of(self._next))
        self._next = []
        if len(self._points) > LONGEST:
            pairs = zip(self._points[::2], self._points[1::2], strict=False)
            self._points, rest = [_one_of(pair) for pair in pairs], self._points[-1:]
            self._each *= 2
            # An odd one is half of the next point.
            self._next = rest

    def told(self) -> dict[str, Any]:
        """Its points, by what was sampled, and `each`, the samples that one is made of.

        `seconds` since the beginning; `cpu` and `gpu` in %; `memory` and `gpu_memory` in MB. What
        was not sampled is None.
        """
        names = ("seconds", *_MEANS, *_PEAKS)
        points = [*self._points, _one_of(self._next)] if self._next else self._points
        columns = {name: [_rounded(point[name]) for point in points] for name in names}
        return {"each": self._each, **columns}


def _one_of(points: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    one: dict[str, float | None] = {"seconds": points[0]["seconds"]}
    for name in (*_MEANS, *_PEAKS):
        known = [value for point in points if (value := point[name]) is not None]
        together = max(known, default=None) if name in _PEAKS else None
        one[name] = sum(known) / len(known) if known and name in _MEANS else together
    return one


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
