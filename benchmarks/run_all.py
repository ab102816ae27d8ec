"""Runs all benchmarks, one after the other, each for a few minutes.

    python benchmarks/run_all.py womens_clothing_reviews.csv

trains a model as `configs/womens-clothing.yaml` has it first, unless that is done. Each prints
its own tables; in the end there is how long each took. Whole trainings, `finetune.py --full`,
are not among them. Needs `make bench-peers`.
"""

from __future__ import annotations

import argparse
import os
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
# In this order; some need models, which `exports.py` leaves. With their defaults all would take a
# day on two cores; these are fewer steps, turns, rows and files, of every system alike.
ARGUMENTS = {
    "exports": ["--epochs=1", "--rows=2000"],
    "delimiters": [],
    "ingest": [],
    "ingest_entities": [],
    "segments": ["--megabytes", "1", "10", "100"],
    "report": ["--rows", "10000", "100000"],
    "pipeline": [*FLOAT32, "--starts=3"],
    "tokenization": ["--repeats=3"],
    "score": [*BOTH, "--rows=256", "--repeats=2"],
    "mfu": [*BOTH, "--steps=10", "--rows=256", "--repeats=2"],
    "serving": [*FLOAT32, "--seconds=3"],
    "finetune": ["--steps=10", "--repeats=1"],
    "pretrain": ["--steps=5", "--batch-size=16", "--repeats=1"],
    "task_speed": ["--rows=320", "--repeats=1"],
    "memory": ["--steps=5", "--precision=float32"],
    "run_memory": ["--rows=600"],
    "debug": ["--steps=30", "--batch-size=8", "--rounds=2"],
    "contradictions": [],
    "ngrams": ["--seeds=1", "--scale=100000"],
    "tasks": ["--files=conll2003", "--rows=600", "--seeds=1"],
    "quality": ["--files=amazon", "--rows=500", "--seeds=1"],
    "domain": ["--files=amazon", "--labels=500", "--seeds=1"],
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
    # As the command line has it, for the scripts that train or score in their own process. What
    # TensorFlow says of the machine as it starts would hide the tables.
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for name, command in commands.items():
        print(f"\n## {name}\n", flush=True)
        started = time.perf_counter()
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        rows.append((name, f"{time.perf_counter() - started:,.0f}", str(code)))
    print()
    print_table(("benchmark", "seconds", "exit code"), rows)
    if any(code != "0" for _, _, code in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
