"""Every benchmark on a few rows: whether it runs, not how fast anything is.

Peers take part where `make bench-peers` has made their environment; elsewhere they are left out.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

# With the peers, and other work on the machine.
pytestmark = pytest.mark.timeout(1500)
FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
# `--peers` without a name leaves all of them out.
PEERS = [] if (FOLDER / "peers" / ".venv" / ".installed").exists() else ["--peers"]
# That one runs in the project's environment.
KERAS_NLP = [*PEERS, "keras-nlp, float32", "keras-nlp, bfloat16"] if PEERS else []
FLOAT32 = "--model=float32={work}/models/float32"
BFLOAT16 = "--model=bfloat16={work}/models/bfloat16"
# Arguments, in which `{work}` is the folder of `exports.py`, and what is then in the table.
TRIALS = {
    "delimiters": (["--rows=3", "--seeds=1"], ["reviewlens", "csv.Sniffer"]),
    "contradictions": (["--draws=2"], ["`soft`", "`majority`", "`reject`"]),
    "pipeline": (
        ["--rows", "1000", "--starts=1", "--model={work}/models/float32"],
        ["reviewlens predict, first answer", "1,000"],
    ),
    "finetune": (
        ["--steps=10", "--repeats=1", "--work={work}", *PEERS],
        ["reviewlens, bfloat16, batches of similar lengths"],
    ),
    "ngrams": (
        ["--rows=400", "--seeds=1", "--scale=500", "--files=amazon", *PEERS],
        ["reviewlens, n-grams"],
    ),
    "pretrain": (
        ["--steps=10", "--batch-size=2", "--repeats=1", "--work={work}/pretrain", *PEERS],
        ["reviewlens, float32", "reviewlens, bfloat16"],
    ),
    "segments": (["--megabytes", "1"], ["text-example-gen", "transform"]),
    "report": (["--rows", "500"], ["500"]),
    "debug": (
        ["--steps=12", "--batch-size=2", "--rounds=1", "--work={work}/debug"],
        ["nobody", "rules", "rules and profiler"],
    ),
    "memory": (
        ["--steps=2", "--precision=bfloat16", "--word-pieces=256", "--work={work}", *PEERS],
        ["reviewlens, bfloat16", "reviewlens, bfloat16, 8 at a time"],
    ),
    "run_memory": (
        ["--rows=600", "--word-pieces=256"],
        ["start", "trainer", "evaluator", "**all**"],
    ),
    "mfu": (
        ["--steps=10", "--rows=64", "--repeats=1", "--work={work}", FLOAT32],
        ["training, bfloat16", "scoring, reviewlens, float32"],
    ),
    "task_speed": (
        ["--rows=64", "--repeats=1", "--work={work}"],
        ["text-classification", "token-classification", "question-answering"],
    ),
    "serving": (
        ["--clients", "2", "--seconds=0.5", "--model={work}/models/float32", *PEERS],
        ["2", "reviewlens serve"],
    ),
}
SCRIPTS_WITH_PEERS = ("finetune", "memory", "ngrams", "pretrain", "serving")
# How far a system's probabilities may be from ours in float32.
TOLERANCES = {
    "reviewlens, bfloat16": 0.05,
    "transformers, pipeline, float32": 1e-4,
    "transformers, pipeline, bfloat16": 0.05,
    "ONNX Runtime, float32": 1e-4,
    "ONNX Runtime, int8": 0.4,
    # Another GELU than that which the encoder was trained with.
    "keras-nlp, float32": 0.02,
    "keras-nlp, bfloat16": 0.05,
}


def first_cells(output: str) -> list[str]:
    """The first cell of each row of the tables."""
    return [line.split("|")[1].strip() for line in output.splitlines() if line.startswith("|")]


def test_all_benchmarks_are_tried(scripts):
    run_all = importlib.import_module("run_all")

    others = {"exports", "ingest", "ingest_entities", "tokenization", "score", "quality", "tasks"}
    # What it draws and says is tested; the pre-training and the fine-tuning are `reviewlens`'s own.
    others.add("domain")
    assert set(run_all.ARGUMENTS) == others | set(TRIALS)


@pytest.mark.slow
def test_ingest_on_a_few_rows(benchmark):
    assert "1,000" in first_cells(benchmark("ingest.py", "--rows", "1000"))
    formats = first_cells(benchmark("ingest_entities.py", "--rows", "400"))
    assert {"JSON Lines", "CoNLL's columns", "SemEval's XML"} <= set(formats)


@pytest.mark.slow
def test_tokenization_on_a_few_rows_says_who_was_left_out(benchmark, results):
    printed = benchmark("tokenization.py", "--rows=64", "--repeats=1", "--peers")

    for ours, peer in (("Wordpiece", "BertTokenizerFast"), ("BytePair", "RobertaTokenizer")):
        assert f"reviewlens, {ours}Tokenizer in a graph" in first_cells(printed)
        left_out = f"transformers, {peer}; tokenizers, encode_batch_fast"
        assert f"Left out: {left_out}." in printed.splitlines()
    # Not among those that tell of real runs.
    runs = json.loads((results / "tokenization.json").read_text())
    assert [run["rows"] for run in runs] == [64, 64]


@pytest.fixture(scope="module")
def work(benchmark, tmp_path_factory) -> Path:
    """The folder that `exports.py` leaves."""
    folder = tmp_path_factory.mktemp("work")
    assert "trained" in benchmark("exports.py", "--epochs=1", f"--work={folder}")
    return folder


@pytest.mark.slow
def test_exports_are_made_once(benchmark, work):
    assert "is there" in benchmark("exports.py", "--epochs=1", f"--work={work}")


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIALS)
def test_runs_on_a_few_rows(benchmark, work, name):
    arguments, rows = TRIALS[name]

    printed = benchmark(f"{name}.py", *(argument.format(work=work) for argument in arguments))

    assert set(rows) <= set(first_cells(printed)), printed
    assert ("Left out: " in printed) == bool(PEERS and name in SCRIPTS_WITH_PEERS), printed


@pytest.mark.slow
def test_all_systems_score_alike_on_a_few_rows(benchmark, work, results):
    models = [argument.format(work=work) for argument in (FLOAT32, BFLOAT16)]

    printed = benchmark("score.py", "--rows=64", "--repeats=1", *models, *KERAS_NLP)

    (run,) = json.loads((results / "score.json").read_text())
    found = {system["system"]: system["largest_difference"] for system in run["systems"]}
    assert ("Left out: " in printed) == bool(PEERS), printed
    assert len(found) == (4 if PEERS else 8)
    for system, difference in found.items():
        assert difference <= TOLERANCES.get(system, 0), system


@pytest.mark.slow
def test_whole_trainings_on_a_few_rows(benchmark, work):
    printed = benchmark("finetune.py", "--full", "--rows=64", f"--work={work}", *PEERS)

    assert "reviewlens, float32, batches of similar lengths" in first_cells(printed)


@pytest.mark.slow
@pytest.mark.skipif(bool(PEERS), reason="needs make bench-peers")
def test_tokenization_with_its_peers(benchmark):
    printed = benchmark("tokenization.py", "--rows=64", "--repeats=1")

    assert first_cells(printed).count("tokenizers, encode_batch_fast") == 2


@pytest.mark.slow
def test_quality_on_a_few_rows_is_measured_once(benchmark, results, tmp_path):
    arguments = ["--files", "amazon", "tweets", "--rows=150", "--seeds=1", f"--work={tmp_path}"]
    arguments += [
        f"--packages={tmp_path}",
        *([*PEERS, "TF-IDF, logistic regression"] if PEERS else []),
    ]

    printed = [benchmark("quality.py", *arguments) for _ in range(2)]

    rows = ["reviewlens, defaults", "reviewlens, encoder alone", "reviewlens, n-grams alone"]
    assert set(rows) <= set(first_cells(printed[0])), printed[0]
    assert first_cells(printed[0]).count("Amazon sentences") == 5
    assert "No package for: tweets; make bench-data." in printed[0].splitlines()
    first, second = json.loads((results / "quality.json").read_text())
    assert first["files"] == second["files"]
    assert first["files"]["amazon"]["compared"] == "reviewlens, defaults"
    defaults = first["files"]["amazon"]["systems"]["reviewlens, defaults"]
    assert 0 < defaults["accuracy"]["value"] < 1 and defaults["processor_seconds"][0] > 1


@pytest.mark.slow
def test_tasks_on_a_few_rows_are_measured_once(benchmark, results, tmp_path):
    files = ("conll2003", "mams", "disflqa")
    arguments = ["--files", *files, "--rows=60", "--seeds=1", "--epochs=1"]
    peers = ["transformers, run_ner", "transformers, run_qa"]
    arguments += [f"--work={tmp_path}", *(PEERS or ["--peers", *peers])]

    printed = [benchmark("tasks.py", *arguments) for _ in range(2)]

    assert first_cells(printed[0]).count("CoNLL-2003") == (1 if PEERS else 2), printed[0]
    assert first_cells(printed[0]).count("reviewlens") == 2
    assert "Not found: MAMS; name their folder with --data." in printed[0].splitlines()
    first, second = json.loads((results / "tasks.json").read_text())
    assert first["files"] == second["files"]
    for name in ("conll2003", "disflqa"):
        ours = first["files"][name]["systems"]["reviewlens"]
        assert 0 <= ours["f1"]["value"] < 1 and ours["processor_seconds"][0] > 0
