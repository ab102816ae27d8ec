"""A training that is over is not lost, wherever the process is killed before it is recorded."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import signal
import subprocess
import sys

import pytest
import tensorflow as tf

from reviewlens.components.encoder_facts import FACTS_FILE
from reviewlens.components.tokenized_examples import TOKENS_FEATURE
from reviewlens.components.trainer import TrainedWeights
from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.training.checkpoint import CheckpointFile

pytestmark = pytest.mark.faults

SCRIPT = pathlib.Path(__file__).with_name("trainer_run.py")
SAVE = "reviewlens.components.trainer.trained_model.TrainedWeights.save"
PUBLISH = "tfx.orchestration.portable.execution_publish_utils.publish_succeeded_execution"
# 160 reviews in batches of 16, twice.
STEPS = 20


@pytest.fixture(scope="module")
def train():
    spec = importlib.util.spec_from_file_location("trainer_run", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.train


@pytest.fixture(scope="module")
def inputs(tiny_encoder, tiny_vocabulary, reviews, tmp_path_factory):
    """A folder with what the trainer takes."""
    folder = tmp_path_factory.mktemp("inputs")
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=48)
    for split, texts in (("train", reviews[:160]), ("eval", reviews[160:240])):
        directory = folder / "examples" / f"Split-{split}"
        directory.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(directory / "part.gz"), options="GZIP") as writer:
            for row in tokenizer(tf.constant(texts)).to_list():
                example = tf.train.Example()
                example.features.feature[TOKENS_FEATURE].int64_list.value.extend(row)
                label = int(len(row) > 20)
                example.features.feature["label"].int64_list.value.append(label)
                example.features.feature["grade"].float_list.value.extend([1 - label, label])
                writer.write(example.SerializeToString())
    (folder / "encoder").mkdir()
    (folder / "encoder" / "Format-Serving").symlink_to(tiny_encoder)
    (folder / "encoder" / FACTS_FILE).write_text('{"name": "tiny"}')
    return folder


@pytest.fixture
def steps_of(inputs):
    """Counts the steps of training in what it calls."""

    def count(work, *arguments):
        (inputs / "steps").write_text("")
        work(*arguments)
        return len((inputs / "steps").read_text().splitlines())

    return count


def killed(inputs, output, place):
    outcome = subprocess.run(
        [sys.executable, str(SCRIPT), str(inputs), str(output), place],
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == -signal.SIGKILL, outcome.stdout + outcome.stderr


def trained(inputs, output):
    """The weights and the record of the one model of a run."""
    (model,) = (output / "pipeline" / "trainer" / "trained_model").iterdir()
    encoder = str(inputs / "encoder" / "Format-Serving")
    weights = TrainedWeights.load(str(model)).build(str(model), encoder).get_weights()
    record = output / "pipeline" / "trainer" / "model_run" / model.name / "training.json"
    return weights, json.loads(record.read_text())


def test_a_kill_after_the_last_step_costs_no_step(inputs, train, steps_of, tmp_path):
    assert steps_of(killed, inputs, tmp_path, SAVE) == STEPS
    (file,) = (tmp_path / "checkpoints").iterdir()
    content = file.read_bytes()
    fingerprint = file.stem.removeprefix("training-")
    arrays, record = CheckpointFile(str(file.parent), fingerprint).load()

    assert steps_of(killed, inputs, tmp_path, PUBLISH) == 0
    assert file.read_bytes() == content
    assert steps_of(train, str(inputs), str(tmp_path)) == 0

    assert list(file.parent.iterdir()) == []
    weights, facts = trained(inputs, tmp_path)
    kept = {weight.tobytes() for weight in weights}
    assert {array.tobytes() for array in arrays.values()} <= kept
    for key in ("history", "steps", "best_epoch", "seconds"):
        assert facts[key] == record[key]

    # A kill between what ML Metadata writes and what is removed then.
    file.write_bytes(content)
    assert steps_of(train, str(inputs), str(tmp_path)) == 0
    assert list(file.parent.iterdir()) == []
