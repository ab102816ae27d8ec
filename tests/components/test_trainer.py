from __future__ import annotations

import dataclasses
import json
import os
import random
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.components.trainer import fn_args_utils
from tfx.types import Channel, standard_artifacts

from reviewlens import progress
from reviewlens.components.encoder_fetcher import FACTS_FILE
from reviewlens.components.trainer import (
    TOKENS_FEATURE,
    remove_replaced_checkpoint,
    run_fn,
)
from reviewlens.components.trainer.component import Executor, ReviewTrainer
from reviewlens.errors import RunError
from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tasks.text_classification.metrics import macro_f1
from reviewlens.serving import LocalModel
from reviewlens.serving.settings import ExportSettings

LABELS = ["without", "with the", "with it"]
# Reviews that say "the" are of one grade if they also say "it", and of another if not.
GRADES = [0, 1, 1, 2]
TRAINING = TrainingSettings(epochs=2, batch_size=16, learning_rate=2e-2, precision="float32")
# Long enough for any tiny encoder, however its random weights fell out, to learn.
LONG = dataclasses.replace(TRAINING, epochs=12, learning_rate=5e-3, patience=12)
KINDS = {
    "examples": standard_artifacts.Examples,
    "transform_graph": standard_artifacts.TransformGraph,
    "schema": standard_artifacts.Schema,
    "encoder": standard_artifacts.Model,
}


def label_of(text: str) -> int:
    """A class that a tiny encoder can learn."""
    words = text.lower().split()
    return 1 if "the" in words else 2 if "it" in words else 0


def grade_of(text: str) -> int:
    words = text.lower().split()
    return [0, 1, 3][label_of(text)] + ("the" in words and "it" in words)


@pytest.fixture(scope="module")
def split(tiny_vocabulary, reviews, tmp_path_factory):
    """Writes transformed examples of some reviews; gives the pattern of their files."""
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=48)

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
                        TOKENS_FEATURE: tf.train.Feature(int64_list=tf.train.Int64List(value=row)),
                        "label": tf.train.Feature(
                            int64_list=tf.train.Int64List(value=[label_of(text)])
                        ),
                        "grade": tf.train.Feature(
                            int64_list=tf.train.Int64List(value=[grade_of(text)])
                        ),
                    }
                    example = tf.train.Example(features=tf.train.Features(feature=feature))
                    writer.write(example.SerializeToString())
        return [str(directory / "*")]

    return write


@pytest.fixture
def arguments(tiny_encoder, split, reviews, tmp_path):
    """The arguments TFX would give; a name of its own for each run's outputs."""
    patterns = split(reviews[:320]), split(reviews[320:480])

    def make(name="run", training=TRAINING, model=None, files=patterns, precision="float32"):
        return fn_args_utils.FnArgs(
            base_model=tiny_encoder,
            train_files=files[0],
            eval_files=files[1],
            serving_model_dir=str(tmp_path / name / "Format-Serving"),
            model_run_dir=str(tmp_path / name / "model_run"),
            custom_config={
                "model": dataclasses.asdict(model or ModelSettings(max_tokens=48)),
                "training": dataclasses.asdict(training),
                "export": {"precision": precision},
                "decide_for": "macro_f1",
                "labels": LABELS,
                "grades": GRADES,
                "encoder": "tiny",
                "checkpoints": str(tmp_path / "checkpoints"),
                "tensorboard": str(tmp_path / name / "tensorboard"),
                "code": "1",
            },
        )

    return make


def facts(args) -> dict:
    with open(os.path.join(args.model_run_dir, "training.json"), encoding="utf-8") as file:
        return json.load(file)


def without_times(record: dict) -> dict:
    speeds = ("seconds", "examples_per_second", "export")
    return {key: value for key, value in record.items() if key not in speeds}


def test_trains_exports_and_reports_what_the_export_does(arguments, reviews):
    args = arguments(training=LONG)
    run_fn(args)
    record = facts(args)
    assert set(record) == {
        *("epochs", "steps", "examples_per_second", "seconds", "best_epoch", "precision"),
        *("export", "history", "temperature", "stretch", "biases", "offsets"),
        *("ece_before", "ece_after", "eval"),
    }
    assert record["epochs"] == 12 and record["steps"] == 12 * 20
    assert record["precision"] == "float32"
    # A head that learned nothing decides by chance, which is below a third.
    assert record["eval"]["macro_f1"] > 0.4
    assert sum(of["support"] for of in record["eval"]["per_class"].values()) == 160

    predictions = LocalModel(args.serving_model_dir).predict(reviews[320:480])
    predicted = [LABELS.index(prediction.label) for prediction in predictions]
    true = [label_of(text) for text in reviews[320:480]]
    assert macro_f1(true, predicted, 3) == pytest.approx(record["eval"]["macro_f1"])
    (kept,) = os.listdir(args.custom_config["checkpoints"])
    remove_replaced_checkpoint(args.model_run_dir)
    assert os.listdir(args.custom_config["checkpoints"]) == [], kept
    assert os.listdir(args.custom_config["tensorboard"])


def test_an_interrupted_run_goes_on_and_file_order_does_not_matter(arguments, split, reviews):
    whole, resumed = arguments("whole"), arguments("resumed")
    run_fn(whole)
    # Or the same training would be over at once.
    remove_replaced_checkpoint(whole.model_run_dir)

    def stop(done, total, note):
        if done >= 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), progress.reporting_to(stop):
        run_fn(resumed)
    assert not os.path.exists(resumed.serving_model_dir)
    shuffled = split(reviews[:320], seed=1), split(reviews[320:480], seed=2)
    resumed = arguments("resumed", files=shuffled)
    seen = []
    with progress.reporting_to(lambda done, total, note: seen.append(done)):
        run_fn(resumed)
    assert min(seen) > 30
    assert without_times(facts(resumed)) == without_times(facts(whole))


def test_fine_tunes_a_saved_model_as_it_is(arguments):
    args = arguments(
        training=dataclasses.replace(TRAINING, epochs=1),
        model=ModelSettings(max_tokens=48, native=False),
        precision="auto",
    )
    run_fn(args)
    assert facts(args)["steps"] == 20
    assert facts(args)["export"]["precision"] == "float32"
    assert LocalModel(args.serving_model_dir).predict(["Works."])[0].label in LABELS


@pytest.mark.parametrize(
    ("trained", "asked"), [("bfloat16", "float32"), ("float32", "bfloat16"), ("float32", "auto")]
)
def test_trains_in_one_precision_and_serves_in_another(arguments, reviews, trained, asked):
    training = dataclasses.replace(LONG, precision=trained)
    args = arguments(training=training, precision=asked)
    run_fn(args)
    record = facts(args)
    assert record["precision"] == trained
    chosen = record["export"]["precision"]
    assert chosen == asked or asked == "auto"
    assert record["export"]["candidates"][chosen]["reviews_per_second"] > 0
    card = Path(args.serving_model_dir, "assets.extra", "model.json")
    assert json.loads(card.read_text())["export"] == record["export"]
    saved = tf.train.load_checkpoint(os.path.join(args.serving_model_dir, "variables/variables"))
    kinds = set(saved.get_variable_to_dtype_map().values())
    assert (tf.bfloat16 in kinds) == (chosen == "bfloat16")
    # Evaluated, and hence calibrated and decided, as it is served.
    predictions = LocalModel(args.serving_model_dir).predict(reviews[320:480])
    predicted = [LABELS.index(prediction.label) for prediction in predictions]
    true = [label_of(text) for text in reviews[320:480]]
    assert macro_f1(true, predicted, 3) == pytest.approx(record["eval"]["macro_f1"], abs=1e-6)


def test_what_computes_as_it_was_saved_is_not_asked_for_bfloat16(arguments):
    model = ModelSettings(max_tokens=48, native=False)
    with pytest.raises(RunError, match="export.precision: is bfloat16, .* choose auto or float32"):
        run_fn(arguments(model=model, precision="bfloat16"))


@pytest.mark.parametrize("empty", [0, 1], ids=["train", "eval"])
def test_an_empty_split_is_named(arguments, split, reviews, empty):
    files = [split(reviews[:40]), split(reviews[40:60])]
    files[empty] = split([])
    with pytest.raises(RunError, match=f"the {['train', 'eval'][empty]} split is empty"):
        run_fn(arguments(files=files))


def test_an_impossible_setting_is_named(arguments):
    with pytest.raises(RunError, match="training.epochs: is 0; it is a whole number from 1"):
        run_fn(arguments(training=dataclasses.replace(TRAINING, epochs=0)))


def test_the_epochs_are_those_of_the_run_and_the_encoder_is_the_one_that_was_fetched(
    make_artifact, tiny_encoder, split, reviews
):
    examples = make_artifact(standard_artifacts.Examples, split_names='["train", "eval"]')
    for name, texts in (("train", reviews[:160]), ("eval", reviews[160:240])):
        os.rename(os.path.dirname(split(texts)[0]), os.path.join(examples.uri, f"Split-{name}"))
    encoder = make_artifact(standard_artifacts.Model)
    os.symlink(tiny_encoder, os.path.join(encoder.uri, "Format-Serving"))
    Path(encoder.uri, FACTS_FILE).write_text('{"name": "tiny"}')
    inputs = {"examples": examples, "base_model": encoder}
    outputs = {
        "model": make_artifact(standard_artifacts.Model),
        "model_run": make_artifact(standard_artifacts.ModelRun),
    }
    node = ReviewTrainer(
        **{key: Channel(type=kind) for key, kind in KINDS.items()},
        model=ModelSettings(max_tokens=48),
        training=dataclasses.replace(TRAINING, epochs=5),
        export=ExportSettings(),
        epochs=1,
        decide_for="accuracy",
        labels=LABELS,
        grades=GRADES,
    )
    Executor().Do(
        {key: [artifact] for key, artifact in inputs.items()},
        {key: [artifact] for key, artifact in outputs.items()},
        node.exec_properties,
    )

    record = json.loads(Path(outputs["model_run"].uri, "training.json").read_text())
    assert record["epochs"] == 1
    assert any("tfevents" in name for name in os.listdir(outputs["model_run"].uri))
    details = Path(outputs["model"].uri, "Format-Serving", "assets.extra", "model.json")
    assert json.loads(details.read_text())["encoder"] == "tiny"
