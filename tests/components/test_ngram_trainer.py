"""The n-gram classifier learns from what Transform wrote, the same each time, and is kept whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tfx.types import Channel, standard_artifacts

from reviewlens.components.ngram_examples import read_ngrams, read_tokens_and_ngrams
from reviewlens.components.ngram_trainer import NgramTrainer, TrainedNgrams, train_on_ngrams
from reviewlens.components.ngram_trainer.component import Executor
from reviewlens.components.tokenized_examples import read_tokenized
from reviewlens.components.trainer import TrainedModel
from reviewlens.errors import RunError
from reviewlens.models import NgramSettings
from reviewlens.models.tasks.registry import make_task

SETTINGS = NgramSettings(buckets=2**16)
TRAIN, EVAL = slice(0, 800), slice(800, 1200)


@pytest.fixture(scope="module")
def train(split, reviews, task, tmp_path_factory):
    """Trains on files written in some order; gives the folders of the two outputs."""

    def run(seed=None, decide_for="macro_f1", training=reviews[TRAIN]):
        folder = tmp_path_factory.mktemp("ngrams")
        train_on_ngrams(
            TrainedNgrams(SETTINGS, task.name, task.config),
            train_files=split(training, seed),
            eval_files=split(reviews[EVAL], seed),
            ngram_model=str(folder / "model"),
            model_run=str(folder / "run"),
            decide_for=decide_for,
        )
        return folder

    return run


def test_learns_and_keeps_what_it_takes_to_answer(train, reviews, task):
    folder = train()

    record = json.loads((folder / "run" / "training.json").read_text())
    assert record["epochs"] == len(record["history"])
    assert record["steps"] > 0 and record["precision"] == "float32"
    # It counts words, and the classes are of words; by chance it would be a third.
    assert record["eval"]["macro_f1"] > 0.8
    trained = TrainedNgrams.load(str(folder / "model"))
    assert trained.settings == SETTINGS
    # How many reviews of each class there are is known of both splits, with one more of each.
    classes = [task.label_of(text) for text in reviews[:1200]]
    known = (np.bincount(classes) + 1) / (len(classes) + 3)
    assert trained.decision.prior == pytest.approx(known)
    model = trained.build(str(folder / "model"))
    logits = model(model.features(reviews[EVAL])).numpy()
    decided = trained.decision.decided(logits)
    true = [task.label_of(text) for text in reviews[EVAL]]
    assert np.mean(decided == true) == pytest.approx(record["eval"]["accuracy"])


def test_the_order_of_the_files_changes_nothing(train, reviews):
    weights = []
    for seed in (1, 2):
        directory = str(train(seed) / "model")
        weights.append(TrainedNgrams.load(directory).build(directory).get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_an_empty_split_is_named(train):
    with pytest.raises(RunError, match="the train split is empty"):
        train(training=[])


def test_a_row_is_the_same_text_in_tokens_and_in_n_grams(split, reviews, task):
    # Texts of equal tokens, which no order of these could tell apart.
    texts = [*reviews[:50], *(text.upper() for text in reviews[:50])]
    patterns, made = split(texts, seed=3), make_task(task.name, **task.config)
    features = TrainedNgrams(SETTINGS, task.name, task.config).make_model().features

    tokens, ngrams = read_tokens_and_ngrams(patterns, "eval", made, features)
    alone = read_tokenized(patterns, "eval", made)
    assert tokens.digest() == alone.digest()
    for name in made.targets:
        np.testing.assert_array_equal(ngrams.targets[name], tokens.targets[name])
    by_tokens = {}
    for row in range(len(tokens)):
        known = by_tokens.setdefault(tokens.row(row).tobytes(), ngrams.row(row))
        np.testing.assert_array_equal(ngrams.row(row), known)
    ids = features(texts[:50])
    assert {row.tobytes() for row in map(ngrams.row, range(len(ngrams)))} == {
        np.asarray(row, np.int32).tobytes() for row in ids.to_list()
    }
    again = read_ngrams(split(texts, seed=4), "eval", made, features)
    assert again.digest() == read_ngrams(patterns, "eval", made, features).digest()


def test_the_node_hands_over_the_settings(make_artifact, split, reviews, task):
    examples = make_artifact(standard_artifacts.Examples, split_names='["train", "eval"]')
    for name in ("train", "eval"):
        source = os.path.dirname(split(reviews[EVAL])[0])
        os.rename(source, os.path.join(examples.uri, f"Split-{name}"))
    model, run = make_artifact(TrainedModel), make_artifact(standard_artifacts.ModelRun)
    settings = NgramSettings(buckets=128, characters=(3, 4), epochs=1)
    node = NgramTrainer(
        examples=Channel(type=standard_artifacts.Examples),
        settings=settings,
        task=task.name,
        task_config=task.config,
        decide_for="accuracy",
    )
    Executor().Do(
        {"examples": [examples]}, {"ngram_model": [model], "model_run": [run]}, node.exec_properties
    )

    trained = TrainedNgrams.load(model.uri)
    assert trained.settings == settings
    assert trained.fitted["offsets"] == [0.0, 0.0, 0.0]
    record = json.loads(Path(run.uri, "training.json").read_text())
    assert record["epochs"] == 1
    assert model.get_float_custom_property("training_seconds") == record["seconds"]
