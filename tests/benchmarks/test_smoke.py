"""Every benchmark on a few rows: whether it runs, not how fast anything is.

Peers take part where their environment has been made; elsewhere they are left out.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

PEERS_ARE_THERE = Path(__file__).parents[2] / "benchmarks" / "peers" / ".venv" / ".installed"
NONE_OF_THEIRS = [] if PEERS_ARE_THERE.exists() else ["--peers"]
# All systems on a few rows; `{work}` is a folder that the scripts share.
ARGUMENTS = {
    "exports": ["--epochs=1", "--work={work}"],
    "ingest": ["--rows", "1000"],
    "pipeline": ["--rows", "1000", "--starts=1", "--model={work}/models/float32"],
    "tokenization": ["--rows=64", "--repeats=1", *NONE_OF_THEIRS],
    "finetune": ["--steps=10", "--repeats=1", "--work={work}", *NONE_OF_THEIRS],
    "score": [
        *("--rows=64", "--repeats=1"),
        *("--model=float32={work}/models/float32", "--model=bfloat16={work}/models/bfloat16"),
        *(NONE_OF_THEIRS and ["--peers", "keras-nlp, float32", "keras-nlp, bfloat16"]),
    ],
    "mfu": [
        *("--steps=10", "--rows=64", "--repeats=1", "--work={work}"),
        "--model=float32={work}/models/float32",
    ],
    "serving": [
        *("--clients", "2", "--seconds=0.5", "--model={work}/models/float32"),
        *NONE_OF_THEIRS,
    ],
}
# What is in the table, and the name of the file that keeps it.
SAYS = {
    "exports": "trained for 1 epochs",
    "ingest": "| 1,000 |",
    "pipeline": "| reviewlens predict, first answer |",
    "tokenization": "reviewlens, WordpieceTokenizer in a graph",
    "finetune": "| reviewlens, bfloat16, batches of similar lengths |",
    "score": "| keras-nlp, bfloat16 |",
    "mfu": "| scoring, reviewlens, float32 |",
    "serving": "the largest difference from the model in process",
}
