"""The exporter makes of trained weights a model that answers, in whatever form is asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import Channel, standard_artifacts

from reviewlens.components.encoder_facts import FACTS_FILE
from reviewlens.components.exporter import EXPORT_FILE, export_trained
from reviewlens.components.exporter.component import Executor, ModelExporter
from reviewlens.components.ngram_trainer import TrainedNgrams, train_on_ngrams
from reviewlens.components.trainer import TrainedModel, TrainedWeights, TrainingRun, fine_tune
from reviewlens.errors import RunError
from reviewlens.models import NgramSettings, TokenizedTexts
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tasks.text_classification.metrics import macro_f1
from reviewlens.serving import LocalModel
from reviewlens.serving.settings import ExportSettings

# Long enough for any tiny encoder, however its random weights fell out, to learn.
LONG = {"epochs": 12, "batch_size": 16, "learning_rate": 5e-3, "patience": 12}
EVAL = slice(320, 480)


@pytest.fixture(scope="module")
def trained(tiny_encoder, split, reviews, task, tmp_path_factory):
    """Trains a classifier once for each way; gives the directory of its weights."""
    made = {}

    def train(precision="float32", native=True, cut=(48, "head"), **training):
        way = (precision, native, cut)
        if way not in made:
            directory = tmp_path_factory.mktemp("trained")
            settings = TrainingSettings(**{**LONG, **training}, precision=precision)
            fine_tune(
                TrainedWeights(
                    "tiny",
                    ModelSettings(max_tokens=cut[0], truncation=cut[1], native=native),
                    settings,
                    task.name,
                    task.config,
                ),
                encoder=tiny_encoder,
                train_files=split(reviews[:320]),
                eval_files=split(reviews[EVAL]),
                trained_model=str(directory),
                run=TrainingRun(str(directory / "run")),
            )
            made[way] = str(directory)
        return made[way]

    return train


@pytest.fixture(scope="module")
def ngrams(split, reviews, task, tmp_path_factory):
    """Directory of an n-gram classifier; it learns the words that the classes are of."""
    folder = tmp_path_factory.mktemp("ngrams")
    train_on_ngrams(
        TrainedNgrams(NgramSettings(buckets=4096, epochs=5), task.name, task.config),
        train_files=split([*reviews[:320], *reviews[480:800]]),
        eval_files=split(reviews[EVAL]),
        ngram_model=str(folder / "model"),
        model_run=str(folder / "run"),
        decide_for="macro_f1",
    )
    return str(folder / "model")


@pytest.fixture
def export(tiny_encoder, split, reviews, tmp_path):
    """Exports trained weights; gives the directory of the model and what was written beside it."""

    def run(trained_model, precision="float32", decide_for="macro_f1", texts=reviews[EVAL], **wide):
        model = tmp_path / precision / decide_for / "-".join(wide)
        export_trained(
            trained_model,
            encoder=trained_model and tiny_encoder,
            eval_files=split(texts),
            model=str(model),
            settings=ExportSettings(precision=precision),
            decide_for=decide_for,
            **wide,
        )
        return str(model / "Format-Serving"), json.loads((model / EXPORT_FILE).read_text())

    return run


def answers(directory, texts):
    return LocalModel(directory).predict(texts)


def test_what_is_reported_is_what_the_export_does(trained, export, reviews, task):
    directory, facts = export(trained())

    assert set(facts) == {
        *("export", "temperature", "stretch", "biases", "offsets", "prior"),
        *("ece_before", "ece_after", "eval"),
    }
    # A head that learned nothing decides by chance, which is below a third.
    assert facts["eval"]["macro_f1"] > 0.4
    assert sum(of["support"] for of in facts["eval"]["per_class"].values()) == 160
    predicted = [task.labels.index(each.label) for each in answers(directory, reviews[EVAL])]
    true = [task.label_of(text) for text in reviews[EVAL]]
    assert macro_f1(true, predicted, 3) == pytest.approx(facts["eval"]["macro_f1"])


def test_what_is_served_reads_what_the_training_read(trained, export, reviews, task):
    weights = trained(cut=(14, "head_tail"), epochs=2)
    reading = json.loads(Path(weights, "run", "training.json").read_text())["reading"]
    assert reading["eval"]["reviews_cut"] > 0.5
    directory, facts = export(weights)

    predicted = [task.labels.index(each.label) for each in answers(directory, reviews[EVAL])]
    true = [task.label_of(text) for text in reviews[EVAL]]
    assert macro_f1(true, predicted, 3) == pytest.approx(facts["eval"]["macro_f1"])
    card = json.loads(Path(directory, "assets.extra", "model.json").read_text())
    assert (card["max_tokens"], card["truncation"]) == (14, "head_tail")


def test_the_same_weights_give_the_same_model_and_another_decision_for_another_aim(
    trained, export, reviews
):
    first, _ = export(trained(), decide_for="macro_f1")
    expected = [each.probabilities for each in answers(first, reviews[:50])]
    again, facts = export(trained(), decide_for="macro_f1")
    assert [each.probabilities for each in answers(again, reviews[:50])] == expected

    other, others = export(trained(), decide_for="accuracy")
    assert [each.probabilities for each in answers(other, reviews[:50])] == expected
    # But for a few reviews that the other one happens to get right.
    assert others["eval"]["accuracy"] >= facts["eval"]["accuracy"] - 0.02
    assert others["offsets"] == [0.0, 0.0, 0.0]


def test_exports_a_saved_model_as_it_is(trained, export, task):
    directory, facts = export(trained(native=False, epochs=1), precision="auto")

    assert facts["export"]["precision"] == "float32"
    assert answers(directory, ["Works."])[0].label in task.labels


@pytest.mark.parametrize(
    ("precision", "asked"), [("bfloat16", "float32"), ("float32", "bfloat16"), ("float32", "auto")]
)
def test_trains_in_one_precision_and_serves_in_another(
    trained, export, reviews, task, precision, asked
):
    directory, facts = export(trained(precision), precision=asked)

    chosen = facts["export"]["precision"]
    assert chosen == asked or asked == "auto"
    assert facts["export"]["candidates"][chosen]["reviews_per_second"] > 0
    card = json.loads(Path(directory, "assets.extra", "model.json").read_text())
    assert card["export"] == facts["export"]
    assert card["training"]["precision"] == precision
    saved = tf.train.load_checkpoint(os.path.join(directory, "variables/variables"))
    kinds = set(saved.get_variable_to_dtype_map().values())
    assert (tf.bfloat16 in kinds) == (chosen == "bfloat16")
    # Evaluated, and hence calibrated and decided, as it is served.
    predicted = [task.labels.index(each.label) for each in answers(directory, reviews[EVAL])]
    true = [task.label_of(text) for text in reviews[EVAL]]
    assert macro_f1(true, predicted, 3) == pytest.approx(facts["eval"]["macro_f1"], abs=1e-6)


def test_the_n_gram_classifier_is_served_alone(export, ngrams, reviews, task):
    directory, facts = export(None, precision="auto", ngrams=ngrams)

    assert facts["export"]["precision"] == "float32" and "wide" not in facts
    assert facts["eval"]["macro_f1"] > 0.6
    predicted = [task.labels.index(each.label) for each in answers(directory, reviews[EVAL])]
    true = [task.label_of(text) for text in reviews[EVAL]]
    assert macro_f1(true, predicted, 3) == pytest.approx(facts["eval"]["macro_f1"])
    assert os.listdir(os.path.join(directory, "assets")) == ["labels.txt"]
    card = json.loads(Path(directory, "assets.extra", "model.json").read_text())
    assert card["algorithm"] == "ngrams" and card["ngrams"]["buckets"] == 4096


def test_n_grams_that_help_answer_beside_the_encoder(trained, export, ngrams, reviews, task):
    alone, before = export(trained())
    directory, facts = export(trained(), ngrams=ngrams)

    wide = facts["wide"]
    assert wide["mode"] == "auto" and wide["used"] and wide["weight"] > 0
    assert wide["log_loss_before"] - wide["log_loss_after"] > wide["standard_error"] > 0
    # Calibrated and decided as it is served.
    predicted = [task.labels.index(each.label) for each in answers(directory, reviews[EVAL])]
    true = [task.label_of(text) for text in reviews[EVAL]]
    assert macro_f1(true, predicted, 3) == pytest.approx(facts["eval"]["macro_f1"])
    assert facts["eval"]["macro_f1"] > before["eval"]["macro_f1"]
    card = json.loads(Path(directory, "assets.extra", "model.json").read_text())
    assert card["algorithm"] == "encoder" and card["wide"] == wide
    assert card["wide_weight"] == wide["weight"]

    off, facts = export(trained(), ngrams=ngrams, wide="off")
    assert "wide" not in facts
    assert answers(off, reviews[:20]) == answers(alone, reviews[:20])


def test_n_grams_that_do_not_help_are_left_out_unless_asked_for(
    trained, export, task, reviews, tmp_path
):
    ignorant = TrainedNgrams(NgramSettings(buckets=64), task.name, task.config)
    model = ignorant.make_model()
    random = np.random.default_rng(0)
    model.set_weights([np.abs(random.normal(size=weight.shape)) for weight in model.weights])
    texts = TokenizedTexts.from_rows([[]], {"grade": [0]})
    decision = ignorant.make_task().fit_decision(model.score(texts), texts)
    ignorant.save(str(tmp_path / "ignorant"), model, decision)

    without, facts = export(trained(), ngrams=str(tmp_path / "ignorant"))
    assert not facts["wide"]["used"]
    assert not Path(without, "assets.extra", "model.json").read_text().count("wide_weight")
    with_them, facts = export(trained(), ngrams=str(tmp_path / "ignorant"), wide="on")
    assert facts["wide"]["used"] and facts["wide"]["mode"] == "on"
    assert "wide_weight" in Path(with_them, "assets.extra", "model.json").read_text()


def test_what_computes_as_it_was_saved_is_not_asked_for_bfloat16(trained, export):
    with pytest.raises(RunError, match="export.precision: is bfloat16, .* choose auto or float32"):
        export(trained(native=False, epochs=1), precision="bfloat16")


def test_an_empty_split_is_named(trained, export):
    with pytest.raises(RunError, match="the eval split is empty"):
        export(trained(), texts=[])


def test_the_node_takes_the_encoder_that_was_fetched(
    make_artifact, trained, tiny_encoder, split, reviews
):
    examples = make_artifact(standard_artifacts.Examples, split_names='["train", "eval"]')
    os.rename(os.path.dirname(split(reviews[EVAL])[0]), os.path.join(examples.uri, "Split-eval"))
    encoder = make_artifact(standard_artifacts.Model)
    os.symlink(tiny_encoder, os.path.join(encoder.uri, "Format-Serving"))
    Path(encoder.uri, FACTS_FILE).write_text('{"name": "tiny"}')
    weights = make_artifact(TrainedModel)
    weights.uri = trained()
    model = make_artifact(standard_artifacts.Model)
    node = ModelExporter(
        trained_model=Channel(type=TrainedModel),
        examples=Channel(type=standard_artifacts.Examples),
        encoder=Channel(type=standard_artifacts.Model),
        settings=ExportSettings("float32"),
        decide_for="accuracy",
        columns={"text": ["title", "review"]},
    )
    Executor().Do(
        {"examples": [examples], "encoder": [encoder], "trained_model": [weights]},
        {"model": [model]},
        node.exec_properties,
    )

    card = json.loads(Path(model.uri, "Format-Serving/assets.extra/model.json").read_text())
    assert card["encoder"] == "tiny"
    assert card["columns"] == {"text": ["title", "review"]}
    assert card["export"]["precision"] == "float32"
