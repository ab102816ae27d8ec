"""Keeps what the benchmarks measured, with the machine and the versions it was measured with."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import re
from pathlib import Path

RESULTS = Path(os.environ.get("BENCHMARK_RESULTS") or Path(__file__).parent / "results")
PEERS = Path(__file__).parent / "peers"
# Of a processor, what makes matrix products fast or slow.
_INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
_OURS = ("reviewlens", "tensorflow", "tensorflow-text", "keras", "grpcio", "uvicorn", "httpx")


def append_record(name: str, figures: dict) -> Path:
    """Appends a run to `results/NAME.json`, a list of runs, and says on what machine it was.

    The environment's `BENCHMARK_RESULTS` is a folder that takes the place of `results`.

    Args:
        name: Of the benchmark.
        figures: What it measured; anything JSON can hold.

    Returns:
        The file.
    """
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    runs = json.loads(path.read_text()) if path.exists() else []
    now, here = datetime.datetime.now(datetime.timezone.utc), machine()
    date = now.isoformat(timespec="seconds")
    runs.append({"date": date, "machine": here, "versions": versions(), **figures})
    path.write_text(json.dumps(runs, indent=1) + "\n")
    processor = " with ".join(filter(None, (here["processor"], ", ".join(here["instructions"]))))
    print(f"\n{here['cores']} cores of {processor}, {now:%-d %B %Y}.")
    return path


def machine() -> dict:
    """Processor, cores, memory and Python of this machine."""
    file = Path("/proc/cpuinfo")
    info = file.read_text() if file.exists() else ""
    model = re.search(r"^model name\s*: (.*)", info, re.M)
    flags = re.search(r"^flags\s*: (.*)", info, re.M)
    known = flags[1].split() if flags else []
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "instructions": [name for name in _INSTRUCTIONS if name in known],
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Versions of what is compared: ours as installed, the peers' as pinned."""
    pins = re.findall(r"^([\w-]+)==(\S+)", (PEERS / "requirements.txt").read_text(), re.M)
    ours = {package: importlib.metadata.version(package) for package in _OURS}
    return {**{f"peer {package}": version for package, version in pins}, **ours}
