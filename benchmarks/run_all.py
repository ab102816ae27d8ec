"""Runs all benchmarks, one after the other, with their defaults.

    python benchmarks/run_all.py womens_clothing_reviews.csv

trains the model of `configs/womens-clothing.yaml` first, unless that has been done. Each prints
its own tables; in the end there is how long each took. Whole trainings, `finetune.py --full`,
are not among them. Needs `make bench-peers`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tables import print_table

HERE = Path(__file__).parent
ROOT = HERE.parent
MODELS = ROOT / "runs" / "benchmarks" / "models"
FLOAT32 = ["--model", str(MODELS / "float32")]
BOTH = [f"--model={name}={MODELS / name}" for name in ("float32", "bfloat16")]
# In this order; some need models, which `exports.py` leaves.
ARGUMENTS = {
    "exports": [],
    "delimiters": [],
    "ingest": [],
    "ingest_entities": [],
    "segments": ["--megabytes", "1", "10", "100"],
    "report": ["--rows", "10000", "100000"],
    "debug": [],
    "pipeline": FLOAT32,
    "tokenization": [],
    "contradictions": [],
    "ngrams": [],
    "finetune": [],
    # The whole takes hours.
    "quality": ["--rows=500", "--seeds=1"],
    "tasks": ["--files=conll2003", "--rows=2000", "--seeds=1"],
    "pretrain": [],
    # All of it takes hours, as does `scratch.py`.
    "domain": ["--files=amazon", "--seeds=1"],
    "memory": [],
    "run_memory": [],
    "score": BOTH,
    "mfu": BOTH,
    "task_speed": [],
    "serving": FLOAT32,
}


def main() -> None:
    """Runs them all; fails in the end if one did."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    path = str(Path(parser.parse_args().csv).resolve())
    commands = {
        f"{name}.py": [sys.executable, str(HERE / f"{name}.py"), path, *arguments]
        for name, arguments in ARGUMENTS.items()
    }
    rows = []
    for name, command in commands.items():
        print(f"\n## {name}\n", flush=True)
        started = time.perf_counter()
        code = subprocess.run(command, cwd=ROOT).returncode
        rows.append((name, f"{time.perf_counter() - started:,.0f}", str(code)))
    print()
    print_table(("benchmark", "seconds", "exit code"), rows)
    if any(code != "0" for _, _, code in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
