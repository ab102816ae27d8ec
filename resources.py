"""What work takes of the machine, sampled beside it: processors, memory, GPUs.

The work is this process and all that it has started. Samples come from psutil, and those of GPUs
from the driver's own library (NVML), where there is one; where there is no psutil, there are no
samples, and nothing else changes.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

# Seconds between two samples.
EVERY = 0.5


@dataclasses.dataclass(frozen=True)
class Sample:
    """What was taken at one moment.

    Attributes:
        at: When, by `time.monotonic`.
        cpu: Processor time since the sample before, in % of that time; 100 is one core. None in
            the first sample.
        memory: Bytes that the processes have in memory; pages that they share count in each.
        gpu: How busy the GPUs are, in %, on average; None without one.
        gpu_memory: Bytes that are taken of all GPUs, by whoever; None without one.
    """

    at: float
    cpu: float | None
    memory: int
    gpu: float | None = None
    gpu_memory: int | None = None


@contextlib.contextmanager
def sampling(listener: Callable[[Sample], None], every: float = EVERY) -> Iterator[None]:
    """Samples while the enclosed work goes on, and once more at its beginning and its end.

    Args:
        listener: Called with each sample, one at a time, from a thread of its own.
        every: Seconds between two samples.

    Example:
        >>> samples = []
        >>> with sampling(samples.append):
        ...     text = "x" * 1_000_000
        >>> len(samples), samples[0].memory > 1_000_000
        (2, True)
    """
    try:
        sampler = _Sampler()
    except ImportError:
        yield
        return
    over = threading.Event()
    listener(sampler.sample())

    def watch() -> None:
        while not over.wait(every):
            listener(sampler.sample())

    thread = threading.Thread(target=watch, name="resources", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        listener(sampler.sample())


@dataclasses.dataclass
class Peak:
    """The most memory that work took, as far as the samples tell.

    Attributes:
        memory: Bytes, None as long as nothing was sampled.
    """

    memory: int | None = None

    def add(self, sample: Sample) -> None:
        """Takes one more sample into account."""
        self.memory = max(self.memory or 0, sample.memory)


@contextlib.contextmanager
def peak_memory(every: float = EVERY) -> Iterator[Peak]:
    """Finds the most memory that the enclosed work takes, with all that was taken before.

    Args:
        every: Seconds between two samples: what comes and goes within is not seen.

    Yields:
        The peak so far.

    Example:
        >>> with peak_memory() as peak:
        ...     numbers = list(range(1_000_000))
        >>> peak.memory > 8_000_000
        True
    """
    peak = Peak()
    with sampling(peak.add, every):
        yield peak


class _Sampler:
    def __init__(self) -> None:
        import psutil

        self._psutil = psutil
        self._process = psutil.Process()
        self._gpus = _Gpus()
        self._last: tuple[float, float] | None = None

    def sample(self) -> Sample:
        memory, cpu_time = 0, 0.0
        for process in self._processes():
            # Any of them may end at any time.
            with contextlib.suppress(self._psutil.Error, OSError), process.oneshot():
                memory += process.memory_info().rss
                # Those of children that have ended and been waited for are among them.
                cpu_time += sum(process.cpu_times()[:4])
        now, cpu = time.monotonic(), None
        if self._last is not None and now > self._last[0]:
            # It falls where a child has ended and is not waited for yet.
            cpu = max(100 * (cpu_time - self._last[1]) / (now - self._last[0]), 0.0)
        self._last = now, cpu_time
        return Sample(now, cpu, memory, *self._gpus.busy())

    def _processes(self) -> list:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except (self._psutil.Error, OSError):
            return [self._process]


class _Utilization(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class _Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]


class _Gpus:
    """The GPUs that NVML shows, none where it is missing or will not start."""

    def __init__(self) -> None:
        self._devices: list[ctypes.c_void_p] = []
        try:
            self._nvml = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            return
        count = ctypes.c_uint()
        # All of its functions give 0 for success.
        if self._nvml.nvmlInit_v2() or self._nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return
        for index in range(count.value):
            device = ctypes.c_void_p()
            if not self._nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)):
                self._devices.append(device)

    def busy(self) -> tuple[float | None, int | None]:
        """How busy they are, in %, and the bytes taken of their memory."""
        busy, used = [], []
        for device in self._devices:
            utilization, memory = _Utilization(), _Memory()
            failed = self._nvml.nvmlDeviceGetUtilizationRates(device, ctypes.byref(utilization))
            if not failed:
                busy.append(utilization.gpu)
            if not self._nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)):
                used.append(memory.used)
        return (sum(busy) / len(busy) if busy else None), (sum(used) if used else None)
