"""What work takes of the machine."""

from __future__ import annotations

import subprocess
import sys

from reviewlens import resources

# Takes 200 MB, works a little and waits until it is told to end.
CHILD = "x = b'x' * 200_000_000; sum(range(3_000_000)); print('there', flush=True); input()"


def test_the_memory_and_the_time_of_children_count():
    samples = []
    with resources.sampling(samples.append, every=0.02):
        command = [sys.executable, "-c", CHILD]
        with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as child:
            child.stdout.readline()
            while samples[-1].memory < samples[0].memory + 200_000_000:
                pass
            child.communicate("\n")

    assert samples[0].cpu is None
    assert all(sample.cpu >= 0 for sample in samples[1:]) and max(s.cpu for s in samples[1:]) > 10
    assert [sample.at for sample in samples] == sorted(sample.at for sample in samples)


def test_the_peak_is_what_was_taken_in_between():
    with resources.peak_memory(every=0.01) as peak:
        before = peak.memory
        taken = bytearray(100_000_000)
        taken[::4096] = b"x" * len(taken[::4096])
        while peak.memory < before + 90_000_000:
            pass
        del taken
    assert peak.memory >= before + 90_000_000


def test_without_psutil_nothing_is_sampled_and_the_work_goes_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    with resources.peak_memory() as peak:
        done = 1
    assert done and peak.memory is None


class Driver:
    """NVML with two GPUs, of which the second does not tell how busy it is."""

    def __init__(self, path):
        assert path == "libnvidia-ml.so.1"

    def nvmlInit_v2(self):
        return 0

    def nvmlDeviceGetCount_v2(self, count):
        count._obj.value = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index, device):
        device._obj.value = index
        return 0

    def nvmlDeviceGetUtilizationRates(self, device, rates):
        rates._obj.gpu = 70
        return 3 if device.value else 0

    def nvmlDeviceGetMemoryInfo(self, device, memory):
        memory._obj.used = 1_000_000
        return 0


def test_gpus_are_sampled_where_there_are_some(monkeypatch):
    samples = []
    monkeypatch.setattr(resources.ctypes, "CDLL", Driver)
    with resources.sampling(samples.append):
        pass
    assert (samples[0].gpu, samples[0].gpu_memory) == (70, 2_000_000)
