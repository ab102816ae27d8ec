"""Running the components of the pipeline for real, one at a time."""

from __future__ import annotations

import dataclasses
import glob
import itertools
import json
import random
import sys
import types
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from reviewlens.components.review_example_gen.settings import DataSettings, to_json

# A first call may import TensorFlow, and other work may share the machine.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

BEAM_ARGS = ["--runner=FnApiRunner", "--sdk_container_image=unused"]


@dataclasses.dataclass
class Ingested:
    """What `review-example-gen` left behind: counts, examples of each split, rejected rows."""

    examples: Any
    folder: Path
    counts: dict[str, int]
    splits: dict[str, list[dict[str, Any]]]
    rejected: list[dict[str, Any]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Examples of all splits."""
        return [row for rows in self.splits.values() for row in rows]


@pytest.fixture
def beam_args():
    """Flags for Beam on this machine; the program's own arguments are kept from absl."""
    return list(BEAM_ARGS)


@pytest.fixture(scope="session")
def tiny_model(served) -> str:
    """Directory of an exported model."""
    return served.directory


@pytest.fixture(scope="session")
def artifacts_in():
    """Gives, for a folder, what makes artifacts in it: of a given type and with properties."""

    def within(parent):
        numbers = iter(range(1000))

        def make(kind, **properties):
            artifact = kind()
            folder = parent / f"{kind.__name__}-{next(numbers)}"
            folder.mkdir()
            artifact.uri = str(folder)
            for name, value in properties.items():
                setattr(artifact, name, value)
            return artifact

        return make

    return within


@pytest.fixture
def make_artifact(artifacts_in, tmp_path):
    """Makes artifacts of a given type, each with a folder of its own and the given properties."""
    return artifacts_in(tmp_path)


@pytest.fixture(scope="session")
def evaluator_on(artifacts_in, tmp_path_factory):
    """Gives, for rows of a test split and their task, what runs the evaluator on them.

    Rows are by name of a feature its text or number, and get their place as the id. There may be
    some of an eval split beside them, whose places come after those.
    """
    import tensorflow as tf
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import schema_pb2
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import standard_artifacts
    from tfx.utils import proto_utils

    from reviewlens.components.evaluator.component import Executor
    from reviewlens.components.evaluator.eval_config import build_eval_config

    def write(folder, rows):
        Path(folder).mkdir(parents=True)
        path = f"{folder}/data_tfrecord-00000-of-00001.gz"
        with tf.io.TFRecordWriter(path, "GZIP") as writer:
            for row in rows:
                example = tf.train.Example()
                for name, value in row.items():
                    feature = example.features.feature[name]
                    if isinstance(value, str):
                        feature.bytes_list.value.append(value.encode())
                    else:
                        feature.int64_list.value.append(value)
                writer.write(example.SerializeToString())

    def within(rows, task, task_config, slices, eval_rows=()):
        tmp_path = tmp_path_factory.mktemp("evaluator")
        make_artifact = artifacts_in(tmp_path)
        splits = {"test": list(rows), **({"eval": list(eval_rows)} if eval_rows else {})}
        examples = make_artifact(standard_artifacts.Examples, split_names=json.dumps([*splits]))
        places = itertools.count()
        for split, of_split in splits.items():
            with_ids = [{"id": str(next(places)), **row} for row in of_split]
            write(f"{examples.uri}/Split-{split}", with_ids)
        schema = make_artifact(standard_artifacts.Schema)
        proto = schema_pb2.Schema()
        for name, value in {"id": "", **rows[0]}.items():
            kind = schema_pb2.BYTES if isinstance(value, str) else schema_pb2.INT
            feature = proto.feature.add(name=name, type=kind)
            feature.presence.min_fraction = 1.0
            feature.shape.dim.add(size=1)
        tfdv.write_schema_text(proto, f"{schema.uri}/schema.pbtxt")

        def model(directory):
            artifact = make_artifact(standard_artifacts.Model)
            if directory:
                Path(artifact.uri, "Format-Serving").symlink_to(directory)
            return artifact

        def run(settings, candidate, baseline=None, ngrams=()):
            """Returns the folder of the results, and the blessing; "" is a model without files."""
            evaluation = make_artifact(standard_artifacts.ModelEvaluation)
            blessing = make_artifact(standard_artifacts.ModelBlessing)
            config = build_eval_config(task, task_config, settings, slices)
            context = BaseBeamExecutor.Context(
                beam_pipeline_args=BEAM_ARGS, tmp_dir=str(tmp_path), unique_id="1"
            )
            Executor(context).Do(
                {
                    "examples": [examples],
                    "schema": [schema],
                    "model": [model(candidate)],
                    "baseline_model": [] if baseline is None else [model(baseline)],
                    "ngrams": list(ngrams),
                },
                {"evaluation": [evaluation], "blessing": [blessing]},
                {
                    "eval_config": proto_utils.proto_to_json(config),
                    "example_splits": '["test"]',
                    "module_path": "reviewlens.components.evaluator.extractors",
                    "settings": json.dumps(vars(settings)),
                },
            )
            return Path(evaluation.uri), blessing

        return run

    return within


@pytest.fixture
def ingest(tmp_path, monkeypatch, beam_args):
    """Runs the executor of `review-example-gen` on settings and reads what it wrote."""
    from tfx.types import standard_artifacts

    from reviewlens.components.review_example_gen.artifacts import RejectedRows
    from reviewlens.components.review_example_gen.executor import Executor

    monkeypatch.setattr(sys, "argv", sys.argv[:1])
    runs = iter(range(1000))

    def run(
        settings: DataSettings, rejected_dir: str = "", task: str = "text-classification"
    ) -> Ingested:
        folder = tmp_path / f"ingest-{next(runs)}"
        examples, rejected = standard_artifacts.Examples(), RejectedRows()
        examples.uri, rejected.uri = str(folder / "examples"), str(folder / "rejected")
        Executor(Executor.Context(beam_pipeline_args=beam_args)).Do(
            {},
            {"examples": [examples], "rejected": [rejected]},
            {
                "input": settings.input,
                "settings": to_json(settings),
                "task": task,
                "rejected_dir": rejected_dir,
            },
        )
        counts = {
            name: examples.get_int_custom_property(name)
            for name, value in examples.mlmd_artifact.custom_properties.items()
            if value.HasField("int_value")
        }
        splits = {
            split: read_examples(f"{examples.uri}/Split-{split}/*.gz") for split in examples.splits
        }
        lines = [
            json.loads(line)
            for path in sorted((folder / "rejected").glob("*.jsonl"))
            for line in path.read_text().splitlines()
        ]
        return Ingested(examples, folder, counts, splits, lines)

    return run


def read_examples(pattern: str) -> list[dict[str, Any]]:
    """Feature -> text or number of each example, or several, in the order of the files."""
    import tensorflow as tf

    found = []
    for record in tf.data.TFRecordDataset(sorted(glob.glob(pattern)), "GZIP"):
        example = tf.train.Example.FromString(record.numpy())
        row = {}
        for name, feature in example.features.feature.items():
            values = feature.bytes_list.value or feature.int64_list.value
            if shares := feature.float_list.value:
                row[name] = list(shares)
            else:
                plain = [v.decode() if isinstance(v, bytes) else v for v in values]
                row[name] = plain[0] if len(plain) == 1 else plain
        found.append(row)
    return found


@pytest.fixture(scope="session")
def task():
    """Classes that a tiny encoder can learn: by the words "the" and "it".

    Reviews that say "the" are of one grade if they also say "it", and of another if not.
    """

    def label_of(text: str) -> int:
        words = text.lower().split()
        return 1 if "the" in words else 2 if "it" in words else 0

    def grade_of(text: str) -> int:
        words = text.lower().split()
        return [0, 1, 3][label_of(text)] + ("the" in words and "it" in words)

    labels, grades = ["without", "with the", "with it"], [0, 1, 1, 2]
    return types.SimpleNamespace(
        name="text-classification",
        config={"labels": labels, "grades": grades},
        labels=labels,
        grades=grades,
        label_of=label_of,
        grade_of=grade_of,
    )


@pytest.fixture(scope="session")
def split(tiny_vocabulary, task, tmp_path_factory):
    """Writes transformed examples of some reviews; gives the pattern of their files."""
    import tensorflow as tf

    from reviewlens.components.tokenized_examples import TOKENS_FEATURE
    from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
    from reviewlens.models.encoders.truncation import UNCUT

    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)

    def integers(values):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    def shares(grade):
        values = [float(grade == other) for other in range(len(task.grades))]
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    def write(texts, seed=None):
        directory = tmp_path_factory.mktemp("split")
        texts = list(texts)
        if seed is not None:
            random.Random(seed).shuffle(texts)
        rows = tokenizer(tf.constant(texts, tf.string)).to_list()
        for shard in range(2):
            path = str(directory / f"transformed-{shard:05d}-of-00002.gz")
            with tf.io.TFRecordWriter(path, options="GZIP") as writer:
                for text, row in list(zip(texts, rows, strict=True))[shard::2]:
                    feature = {
                        TOKENS_FEATURE: integers(row),
                        "text": tf.train.Feature(
                            bytes_list=tf.train.BytesList(value=[text.encode()])
                        ),
                        "label": integers([task.label_of(text)]),
                        "grade": shares(task.grade_of(text)),
                    }
                    example = tf.train.Example(features=tf.train.Features(feature=feature))
                    writer.write(example.SerializeToString())
        return [str(directory / "*")]

    return write


@pytest.fixture(scope="session")
def segment_files(tmp_path_factory):
    """Writes segments as the second graph's `transform` does; gives the pattern of their files.

    A segment is its token ids, how many are before its second part (0 for none) and whether that
    is from another document (-1 for none).
    """
    import tensorflow as tf

    def write(segments, directory=None, shards=2, seed=None):
        directory = directory or tmp_path_factory.mktemp("segments")
        directory.mkdir(exist_ok=True)
        segments = list(segments)
        if seed is not None:
            random.Random(seed).shuffle(segments)
        for shard in range(shards):
            path = str(directory / f"segments-{shard:05d}-of-{shards:05d}.gz")
            with tf.io.TFRecordWriter(path, options="GZIP") as writer:
                for tokens, second, random_next in segments[shard::shards]:
                    feature = {
                        name: tf.train.Feature(int64_list=tf.train.Int64List(value=values))
                        for name, values in (
                            ("tokens", tokens),
                            ("second", [second]),
                            ("random_next", [random_next]),
                        )
                    }
                    example = tf.train.Example(features=tf.train.Features(feature=feature))
                    writer.write(example.SerializeToString())
        return [str(directory / "*")]

    return write


@pytest.fixture(scope="session")
def pairs(tiny_vocabulary):
    """Makes segments of texts: each and the next one, of every other the second from elsewhere."""
    import tensorflow as tf

    from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer

    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=24)

    def make(texts):
        rows = tokenizer(tf.constant(texts, tf.string)).to_list()
        segments = []
        for place, row in enumerate(rows):
            other = place % 2
            second = rows[(place + 1 + other * len(rows) // 2) % len(rows)][1:]
            segments.append((row + second, len(row), other))
        return segments

    return make
