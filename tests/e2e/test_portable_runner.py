"""The Beam nodes give the same in worker processes, behind a job service, as in our own process."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1500)]

BEAM_NODES = ("review-example-gen", "statistics-gen", "transform", "evaluator")
# What the models learn: whoever writes of a star rating uses these words.
WORDS = ["bad and broken", "poor", "average", "good", "great and wonderful"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, tiny_encoder, reviews) -> Path:
    """A folder with a file of reviews, four of them of no use, and its configuration."""
    folder = tmp_path_factory.mktemp("workspace")
    texts = list(dict.fromkeys(reviews[:597]))
    rows = [[f"{text} {WORDS[i % 5]}", i % 5 + 1, i % 3] for i, text in enumerate(texts)]
    rows += [rows[0], ["", 1, 0], [texts[0], 9, 0], [texts[1], "", 1]]
    with open(folder / "reviews.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "stars", "shop"], *rows])
    config = {
        "name": "tiny",
        "output": "direct",
        "data": {
            "input": "reviews.csv",
            "text": "text",
            "rating": "stars",
            "classes": {"negative": [1, 2], "neutral": 3, "positive": [4, 5]},
            "slices": "shop",
        },
        "encoder": tiny_encoder,
        "model": {"max_tokens": 64},
        "training": {"epochs": 2, "batch_size": 16, "learning_rate": 5e-3},
        # What is faster may differ from run to run, and the answers with it.
        "export": {"precision": "float32"},
        "evaluation": {"min_macro_f1": 0.0, "max_regression": 1.0},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


@contextlib.contextmanager
def running(module: str, *arguments: object, log: Path) -> Iterator[None]:
    """A program of Beam in a process group of its own, which ends with all that it started."""
    # The worker pool starts whatever `python` is on the path.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            # Not the folder of the run: workers elsewhere do not share that either.
            cwd=log.parent,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def beam(tmp_path_factory) -> Iterator[types.SimpleNamespace]:
    """Beam's own job service and a pool of workers: the `options` that lead there, and the logs."""
    folder = tmp_path_factory.mktemp("beam")
    jobs, pool, port_file = folder / "jobs.log", folder / "pool.log", folder / "port"
    pool_port = free_port()
    with (
        running(
            "apache_beam.runners.portability.local_job_service_main",
            f"--port_file={port_file}",
            f"--staging_dir={folder / 'staging'}",
            log=jobs,
        ),
        running(
            "apache_beam.runners.worker.worker_pool_main", f"--service_port={pool_port}", log=pool
        ),
    ):
        wait_for(port_file.exists, jobs)
        wait_for(lambda: listens(pool_port), pool)
        options = {
            "job_endpoint": f"localhost:{port_file.read_text()}",
            "environment_type": "EXTERNAL",
            "environment_config": f"localhost:{pool_port}",
        }
        yield types.SimpleNamespace(
            options=["beam.runner=portable", f"beam.options={json.dumps(options)}"],
            jobs=jobs,
            pool=pool,
        )


@pytest.fixture(scope="module")
def runs(workspace, beam, reviewlens) -> tuple[Path, Path]:
    """The results of the whole pipeline without and with the job service."""
    reviewlens("run", "config.yaml", cwd=workspace)
    reviewlens("run", "config.yaml", "output=portable", *beam.options, cwd=workspace)
    return workspace / "direct", workspace / "portable"


def artifact(output: Path, node: str, name: str) -> Path:
    (folder,) = (output / "pipeline" / node / name).iterdir()
    return folder


def examples(folder: Path) -> dict[str, list[bytes]]:
    import tensorflow as tf

    return {
        split.name: sorted(
            record.numpy()
            for record in tf.data.TFRecordDataset(sorted(map(str, split.iterdir())), "GZIP")
        )
        for split in folder.glob("Split-*")
    }


def test_every_beam_node_ran_in_worker_processes(runs, beam):
    assert beam.jobs.read_text().count("with state DONE") >= len(BEAM_NODES)
    assert beam.pool.read_text().count("Starting worker with command") >= len(BEAM_NODES)


def test_the_examples_are_the_same_bytes(runs):
    direct, portable = (examples(artifact(run, "review-example-gen", "examples")) for run in runs)

    assert set(direct) == {"Split-train", "Split-eval", "Split-test"}
    assert all(direct.values())
    assert direct == portable


def test_the_same_rows_are_rejected(runs):
    direct, portable = (
        sorted(line for file in (run / "rejected").iterdir() for line in file.open())
        for run in runs
    )

    assert len(direct) == 3
    assert direct == portable


def test_the_statistics_are_the_same(runs):
    from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

    direct, portable = (
        {
            file.parent.name: DatasetFeatureStatisticsList.FromString(file.read_bytes())
            for file in artifact(run, "statistics-gen", "statistics").glob("*/FeatureStats.pb")
        }
        for run in runs
    )

    assert "Split-train" in direct
    assert direct == portable


def test_the_transformed_examples_are_the_same(runs):
    import tensorflow as tf

    def canonical(record: bytes) -> bytes:
        # In a serialized map the order of the entries is anybody's.
        return tf.train.Example.FromString(record).SerializeToString(deterministic=True)

    direct, portable = (
        {
            split: sorted(map(canonical, records))
            for split, records in examples(
                artifact(run, "transform", "transformed_examples")
            ).items()
        }
        for run in runs
    )

    assert direct["Split-train"]
    assert direct == portable


def test_the_evaluation_is_the_same(runs):
    direct, portable = (
        json.loads((artifact(run, "evaluator", "evaluation") / "metrics.json").read_text())
        for run in runs
    )

    assert direct["test"]["examples"] > 0
    assert direct["ngram_baseline"].pop("sentence")
    # It tells the seconds of the training.
    del portable["ngram_baseline"]["sentence"]
    # Beam cuts batches by the time they take, and the last bits of a float32 probability depend on
    # its batch. A single review that is decided otherwise would be a thousand times this.
    assert flat(portable) == pytest.approx(flat(direct), abs=1e-6)
    assert all(json.loads((run / "summary.json").read_text())["pushed_to"] for run in runs)


def test_the_predictions_are_the_same(runs):
    import pyarrow.parquet as pq

    direct, portable = (
        pq.read_table(artifact(run, "evaluator", "evaluation") / "predictions.parquet").to_pylist()
        for run in runs
    )

    assert {"candidate_decided", "ngrams_decided"} < set(direct[0])
    assert len(portable) == len(direct)
    assert flat(portable) == pytest.approx(flat(direct), abs=1e-6)


def flat(value: object, key: str = "") -> dict[str, object]:
    """Every number of nested JSON by its path."""
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else None
    )
    if children is None:
        return {key: value}
    return {
        path: leaf
        for name, child in children
        for path, leaf in flat(child, f"{key}/{name}").items()
    }


def test_what_a_worker_finds_wrong_reaches_the_user(workspace, beam, reviewlens):
    output = reviewlens(
        "run",
        "config.yaml",
        "output=wrong",
        "data.text=txt",
        *beam.options,
        cwd=workspace,
        expect=1,
    )

    (error,) = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "reviews.csv: has no column 'txt', which data.text names" in error
    assert "Traceback" not in output


def test_a_job_service_that_is_not_there_is_told_at_once(workspace, reviewlens):
    started = time.monotonic()
    output = reviewlens(
        "run",
        "config.yaml",
        "output=nobody",
        "beam.runner=portable",
        f"beam.options={{job_endpoint: 'localhost:{free_port()}', environment_type: LOOPBACK}}",
        cwd=workspace,
        expect=1,
    )

    assert output.startswith("error: beam.options.job_endpoint: nobody can be reached at localhost")
    assert output.count("\n") == 1
    assert time.monotonic() - started < 60
