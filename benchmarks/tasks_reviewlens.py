"""Runs the pipeline of a task and asks the model that it pushes, as `tasks.py` asks."""

from __future__ import annotations

import argparse
import os
import time

from peers.worker import answer
from quality_splits import examples_of

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def kept(config: str) -> dict[str, list[str]]:
    """Runs the pipeline up to its first node.

    Args:
        config: Path of the configuration.

    Returns:
        Ids of the rows of each split that are not the duplicate of another.
    """
    return {
        split: [row["id"].bytes_list.value[0].decode() for row in rows]
        for split, rows in examples_of(config).items()
    }


def entities(config: str, settings: list[str], texts: list[str]) -> dict:
    """Trains a model that finds entities, and asks it.

    Args:
        config: Path of the configuration.
        settings: Over it, as on the command line.
        texts: Any.

    Returns:
        `spans` of each text, as start, end and label; `test_f1`, that of the test split in the
        run's own words; of the node `trainer` the `seconds` on the clock and the
        `processor_seconds`, None where an earlier run had trained.
    """
    from reviewlens.pipeline import load_config, run
    from reviewlens.serving import LocalModel

    config = load_config(config, settings)
    # What the libraries take to load does not count.
    run(config, to_node="transform")
    started, used = time.perf_counter(), time.process_time()
    trained = run(config, to_node="trainer").states["trainer"] == "done"
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - used
    summary = run(config).summary
    found = LocalModel(summary["pushed_to"]).predict(texts)
    return {
        "spans": [[(e.start, e.end, e.label) for e in each.entities] for each in found],
        "test_f1": summary["metrics"]["test"]["f1"],
        "training": summary["training"],
        "seconds": seconds if trained else None,
        "processor_seconds": processor_seconds if trained else None,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    threads = parser.parse_args().threads
    # TensorFlow reads them when it is imported.
    os.environ |= dict.fromkeys(_THREADS, str(threads))
    answer(kept=kept, entities=entities)
