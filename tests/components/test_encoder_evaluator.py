"""A pre-trained encoder is judged beside the one that it started from."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from tfx.types import Channel, standard_artifacts

from reviewlens.components.encoder_evaluator.component import EncoderEvaluator, Executor
from reviewlens.components.encoder_evaluator.evaluation import evaluate_encoder
from reviewlens.components.encoder_evaluator.judging import Start, refusals, sentence
from reviewlens.components.encoder_evaluator.settings import EncoderEvaluationSettings
from reviewlens.components.encoder_facts import FACTS_FILE
from reviewlens.components.model_files import MODEL_DIGEST, model_digest
from reviewlens.components.pretrainer import PretrainedWeights, build_with_heads
from reviewlens.components.trainer import TrainedModel
from reviewlens.models import make_task
from reviewlens.models.settings import MaskedModelSettings, PretrainingSettings
from reviewlens.models.tasks.differences import Difference

FACTS = {"name": "tiny"}


@pytest.fixture(scope="module")
def files(segment_files, pairs, reviews):
    return {
        "train_files": segment_files(pairs(reviews[:64])),
        "test_files": segment_files(pairs(reviews[64:128])),
    }


@pytest.fixture
def trained(tiny_encoder, tmp_path):
    """Saves the encoder as if pre-trained, its weights changed by a function."""

    def save(change=lambda model: None, objectives=("mlm",), folder=tmp_path / "trained"):
        task = make_task("masked-language-model", objectives=objectives)
        settings = MaskedModelSettings(max_tokens=48, objectives=objectives)
        weights = PretrainedWeights(
            "tiny", settings, PretrainingSettings(), task.name, task.config()
        )
        keras.utils.set_random_seed(1)
        model, _ = build_with_heads(task, tiny_encoder, settings, "float32")
        change(model)
        weights.save(str(folder), model)
        return str(folder)

    return save


def evaluate(trained, encoder, files, folder, facts=FACTS, **settings):
    reasons = evaluate_encoder(
        trained,
        encoder=encoder,
        facts=facts,
        evaluation=str(folder),
        settings=EncoderEvaluationSettings(**settings),
        **files,
    )
    return reasons, json.loads(Path(folder, "metrics.json").read_text())


def test_the_node_blesses_what_is_as_good_as_at_the_start(
    make_artifact, tiny_encoder, trained, files
):
    segments = make_artifact(standard_artifacts.Examples, split_names='["train", "test"]')
    for split in ("train", "test"):
        folder = os.path.dirname(files[f"{split}_files"][0])
        os.symlink(folder, os.path.join(segments.uri, f"Split-{split}"))
    encoder, weights = make_artifact(standard_artifacts.Model), make_artifact(TrainedModel)
    os.symlink(tiny_encoder, os.path.join(encoder.uri, "Format-Serving"))
    Path(encoder.uri, FACTS_FILE).write_text(json.dumps(FACTS))
    trained(objectives=("mlm", "nsp"), folder=weights.uri)
    evaluation = make_artifact(standard_artifacts.ModelEvaluation)
    blessing = make_artifact(standard_artifacts.ModelBlessing)
    node = EncoderEvaluator(
        segments=Channel(type=standard_artifacts.Examples),
        encoder=Channel(type=standard_artifacts.Model),
        trained_model=Channel(type=TrainedModel),
        settings=EncoderEvaluationSettings(head_steps=3, max_regression=0.5),
    )
    Executor().Do(
        {"segments": [segments], "encoder": [encoder], "trained_model": [weights]},
        {"evaluation": [evaluation], "blessing": [blessing]},
        node.exec_properties,
    )

    assert os.listdir(blessing.uri) == ["BLESSED"]
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_string_custom_property("reason") == ""
    assert blessing.get_string_custom_property(MODEL_DIGEST) == model_digest(weights.uri)
    metrics = json.loads(Path(evaluation.uri, "metrics.json").read_text())
    test, start = metrics["test"], metrics["start"]
    assert metrics["task"] == "masked-language-model"
    assert (test["segments"], test["pairs"]) == (64, 64)
    assert test["masked_pieces"] == pytest.approx(0.15 * 64 * 38, rel=0.25)
    assert set(test) == {
        *("mlm_loss", "mlm_accuracy", "perplexity", "masked_pieces"),
        *("nsp_loss", "nsp_accuracy", "pairs", "segments"),
    }
    # Its weights are those of the start but for a head: with the same masks nothing has changed.
    assert start["mlm_loss"] == pytest.approx(test["mlm_loss"], rel=1e-5)
    assert start["gain"]["perplexity_ratio"]["value"] == pytest.approx(1, abs=1e-4)
    # What the SavedModel has none of was fitted, on no more than was read, and has moved.
    assert (start["heads"], start["head_steps"]) == ({"mlm": "own", "nsp": "fitted"}, 2)
    assert start["nsp_loss"] != test["nsp_loss"]
    assert "its own head for mlm, a head fitted in 2 steps while" in start["sentence"]


def test_what_is_surely_worse_is_not_blessed(tiny_encoder, trained, files, tmp_path):
    def mislead(model):
        bias = model.head["bias"]
        # There is no padding to be guessed.
        bias.assign(tf.one_hot(0, bias.shape[0]) * 20.0)

    reasons, metrics = evaluate(trained(mislead), tiny_encoder, files, tmp_path)

    ratio = metrics["start"]["gain"]["perplexity_ratio"]
    assert ratio["low"] > 1 and ratio["value"] > 1
    (reason,) = reasons
    assert reason.startswith(f"perplexity is {metrics['test']['perplexity']:.4g}, ")
    assert "more than evaluation.max_regression=0 allows" in reason


def test_what_is_no_number_is_not_blessed(tiny_encoder, trained, files, tmp_path):
    def break_(model):
        model.head["bias"].assign(model.head["bias"] * float("nan"))

    reasons, metrics = evaluate(trained(break_), tiny_encoder, files, tmp_path)

    assert any("mlm_loss is nan" in reason for reason in reasons)
    assert metrics["test"]["mlm_loss"] is None
    assert metrics["start"]["heads"] == {"mlm": "own"}


def difference(value, low, high):
    return Difference(value, low, high, standard_error=0.1)


@pytest.mark.parametrize(
    ("gain", "allowed", "refused"),
    [
        ({"perplexity_ratio": difference(0.9, 0.8, 1.1)}, 0, ""),
        # Worse, but maybe by chance; surely worse, but by as much as is allowed.
        ({"perplexity_ratio": difference(1.1, 0.9, 1.2)}, 0, ""),
        ({"perplexity_ratio": difference(1.1, 1.05, 1.2)}, 0.15, ""),
        (
            {"perplexity_ratio": difference(1.1, 1.05, 1.2)},
            0.05,
            "perplexity is 20, 1.100 times (1.050 to 1.200) that of the encoder that it started "
            "from, which had a head fitted in 200 steps while it stayed as it was, more than "
            "evaluation.max_regression=0.05 allows",
        ),
        ({"nsp_accuracy": difference(-0.1, -0.2, 0.01)}, 0, ""),
        (
            {"nsp_accuracy": difference(-0.1, -0.2, -0.01)},
            0,
            "nsp_accuracy changed by -0.1000 (-0.2000 to -0.0100) against the encoder that it "
            "started from, which had a head fitted in 200 steps while it stayed as it was, more "
            "than evaluation.max_regression=0 allows",
        ),
    ],
)
def test_what_may_be_chance_is_no_reason(gain, allowed, refused):
    settings = EncoderEvaluationSettings(max_regression=allowed)
    start = Start("tiny", {"mlm": "fitted"}, 200, {"perplexity": 18.0}, gain)
    assert "; ".join(refusals(settings, {"perplexity": 20.0}, {}, start)) == refused


def test_what_there_is_nothing_of_cannot_be_judged():
    refused = refusals(EncoderEvaluationSettings(), {}, {"masked_pieces": 9, "pairs": 0}, None)
    assert refused == ["the test split has no pairs to judge it by"]


def test_the_sentence_says_with_what_head_the_start_was_asked():
    gain = {
        "perplexity_ratio": difference(0.5, 0.45, 0.55),
        "nsp_accuracy": difference(0.1, -0.02, 0.2),
    }
    start = Start("tiny", {"mlm": "fresh"}, 200, {}, gain)
    assert sentence(start) == (
        "Perplexity is 0.500 times (0.450 to 0.550) that at the start; the accuracy of telling "
        "pairs changed by +0.100 (-0.020 to +0.200); the encoder at the start had a head of random "
        "weights, as all of it was."
    )
    assert "a head fitted in 200 steps" in sentence(
        dataclasses.replace(start, heads={"mlm": "fitted"})
    )


@pytest.mark.parametrize(("key", "value"), [("max_regression", 1.5), ("head_steps", -1)])
def test_an_impossible_setting_is_named(key, value):
    assert [name for name, _ in EncoderEvaluationSettings(**{key: value}).problems()] == [key]
