"""Reads which review the pipeline puts in which split, as `quality.py` asks.

Here TFX is loaded once for all files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from peers.worker import answer

# TensorFlow says what it has no use for, and at the end of every file that it has ended.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def split(config: str, target: str) -> dict[str, int]:
    """Runs the pipeline up to its first node, and writes what that leaves.

    Args:
        config: Path of the configuration.
        target: File of JSON for `ids`, `texts` and `labels` of each split, sorted by id.

    Returns:
        How many reviews each split has.
    """
    splits = {}
    for name, examples in examples_of(config).items():
        rows = []
        for features in examples:
            (key,), (text,) = (features[key].bytes_list.value for key in ("id", "text"))
            rows.append((int(key), text.decode(), features["label"].int64_list.value[0]))
        columns = zip(*sorted(rows), strict=True)
        splits[name] = dict(zip(("ids", "texts", "labels"), columns, strict=True))
    Path(target).write_text(json.dumps(splits), encoding="utf-8")
    return {name: len(found["ids"]) for name, found in splits.items()}


def examples_of(config: str) -> dict[str, Iterator[Mapping[str, Any]]]:
    """Runs the pipeline up to its first node.

    Args:
        config: Path of the configuration.

    Returns:
        Of each split the features of its examples.
    """
    from reviewlens.pipeline import load_config, run

    settings = load_config(config)
    run(settings, to_node="review-example-gen")
    versions = Path(settings.output, "pipeline", "review-example-gen", "examples").iterdir()
    newest = max(versions, key=lambda version: int(version.name))
    return {name: _features(newest / f"Split-{name}") for name in settings.data.splits}


def _features(folder: Path) -> Iterator[Mapping[str, Any]]:
    import tensorflow as tf

    paths = sorted(map(str, folder.iterdir()))
    for record in tf.data.TFRecordDataset(paths, compression_type="GZIP").as_numpy_iterator():
        yield tf.train.Example.FromString(record).features.feature


if __name__ == "__main__":
    answer(split=split)
