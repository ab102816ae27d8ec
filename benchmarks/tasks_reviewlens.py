"""Runs the pipeline of a task and asks the model that it pushes, as `tasks.py` asks."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from peers.worker import answer
from quality_splits import examples_of

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def kept(config: str, feature: str | None) -> dict[str, dict[str, str | None]]:
    """Runs the pipeline up to its first node.

    Args:
        config: Path of the configuration.
        feature: Of the examples, one with a text; None for none.

    Returns:
        For each split ids of the rows that are not the duplicate of another, and what is in the
        feature.
    """
    return {
        split: {_text(row, "id"): None if feature is None else _text(row, feature) for row in rows}
        for split, rows in examples_of(config).items()
    }


def entities(config: str, settings: list[str], asked: list[str]) -> dict[str, Any]:
    """Trains a model that finds entities, and asks it; see `_ask` for more of what it returns.

    Args:
        config: Path of the configuration.
        settings: Over it, as on the command line.
        asked: Texts.

    Returns:
        `answers`: the entities of each text, as start, end and label.
    """

    def ask(model):
        found = model.entities(asked)
        return [[(one.start, one.end, one.label) for one in each] for each in found]

    return _ask(ask, config, settings)


def questions(config: str, settings: list[str], asked: list[list[str]]) -> dict[str, Any]:
    """Trains a model that answers questions, and asks it; see `_ask`.

    Args:
        config: Path of the configuration.
        settings: Over it, as on the command line.
        asked: Questions, each with its context.

    Returns:
        `answers`: one to each, "" for none.
    """

    def ask(model):
        return [one.text for one in model.answers([(*pair,) for pair in asked])]

    return _ask(ask, config, settings)


def _ask(ask: Callable[[Any], list], config: str, settings: list[str]) -> dict[str, Any]:
    """Runs the pipeline, and asks the model that it pushes.

    Returns:
        `answers`; `test_f1`, that of the test split in the run's own words; of the node `trainer`
        the `seconds` on the clock and the `processor_seconds`, None where an earlier run had
        trained; `training`, of the summary.
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
    return {
        "answers": ask(LocalModel(summary["pushed_to"])),
        "test_f1": summary["metrics"]["test"]["f1"],
        "training": summary["training"],
        "seconds": seconds if trained else None,
        "processor_seconds": processor_seconds if trained else None,
    }


def _text(features: Mapping[str, Any], name: str) -> str:
    (text,) = features[name].bytes_list.value or (b"",)
    return text.decode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    threads = parser.parse_args().threads
    # TensorFlow reads them when it is imported.
    os.environ |= dict.fromkeys(_THREADS, str(threads))
    answer(kept=kept, **{"token-classification": entities, "question-answering": questions})
