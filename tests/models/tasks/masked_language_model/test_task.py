"""Pre-training by the training of every task: what is drawn, what is moved, and what is told."""

from __future__ import annotations

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens import progress
from reviewlens.errors import RunError
from reviewlens.models import (
    MaskedModelSettings,
    PretrainingSettings,
    Scorer,
    TokenizedTexts,
    TokenMasking,
    build_model,
    load_encoder,
    make_task,
    pad_batch,
    pad_targets,
    train,
)
from reviewlens.models.encoders.roberta.backbone import RobertaEncoder
from reviewlens.models.training.step import TrainStep

TASK = make_task("masked-language-model", objectives=("mlm", "nsp"), masking="whole_words")
MODEL = MaskedModelSettings(max_tokens=32, objectives=("mlm", "nsp"))
SETTINGS = PretrainingSettings(batch_size=16, learning_rate=5e-3, precision="float32")
# 192 segments are 12 steps an epoch.
STEPS = 12


@pytest.fixture(scope="module")
def splits(tiny_encoder, reviews):
    """Reviews cut in two; whether the second part is the review's own, or none is there."""
    tokenizer = load_encoder(tiny_encoder).tokenizer(32)
    rows = tokenizer(tf.constant(reviews[:256])).to_list()
    labels = np.arange(256) % 3 - 1
    seconds = [len(row) // 2 for row in rows]
    texts = TokenizedTexts.from_rows(rows, {"random_next": labels}, seconds=seconds)
    return texts.take(range(192)), texts.take(range(192, 256))


@pytest.fixture
def fit(tiny_encoder, splits):
    """Trains a fresh model; gives its record and its weights."""

    def run(settings=SETTINGS, task=TASK, **options):
        keras.utils.set_random_seed(settings.seed)
        model = build_model(task, tiny_encoder, MODEL, settings.precision)
        record = train(model, *splits, settings, task=task, **options)
        return record, model.get_weights()

    return run


def batch_of(texts, model, task=TASK, rows=16):
    inputs = pad_batch(texts, np.arange(rows), model.encoder.inputs)
    width = inputs["input_word_ids"].shape[1]
    return inputs, pad_targets(texts, np.arange(rows), width, task.targets)


def test_an_interrupted_training_ends_as_if_it_had_not_been(fit, tmp_path):
    """The same masks are drawn for the same steps, and those with the head alone are the same."""
    settings = dataclasses.replace(SETTINGS, head_warmup=0.25)
    told = []
    with progress.reporting_to(lambda done, total, note: told.append(note)):
        whole, weights = fit(settings)
    assert "tokens/s" in told[-2] and whole.steps == STEPS and whole.snapshots == 0

    def interrupt(done, total, note):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), progress.reporting_to(interrupt):
        fit(settings, checkpoints=str(tmp_path))
    seen = []
    with progress.reporting_to(lambda done, total, note: seen.append(done)):
        record, again = fit(settings, checkpoints=str(tmp_path))
    # Compiling where it was interrupted, the last step, and the evaluation.
    assert seen == [10, STEPS, STEPS]
    assert record.history == whole.history
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_array_equal(one, other)
    figures = {"mlm_loss", "mlm_accuracy", "perplexity", "nsp_loss", "nsp_accuracy", "log_loss"}
    assert set(record.history[0]) == {"loss", *figures}


def test_lamb_learns_and_the_last_weights_are_kept(fit, splits, tiny_encoder):
    task = make_task("masked-language-model")
    settings = dataclasses.replace(
        SETTINGS, optimizer="lamb", epochs=2, learning_rate=3e-2, precision="bfloat16"
    )
    record, weights = fit(settings, task=task)
    assert record.history[1]["mlm_loss"] < record.history[0]["mlm_loss"] < math.log(500)
    assert record.best_epoch == 2
    assert record.tokens == 2 * len(splits[0].tokens)
    # Those of the model now, which are not averaged, are what was measured.
    model = build_model(task, tiny_encoder, MODEL, settings.precision)
    model.set_weights(weights)
    figures = task.measure(Scorer(task.scored(model))(splits[1]), splits[1]).figures
    assert figures["mlm_loss"] == pytest.approx(record.history[1]["mlm_loss"], rel=1e-5)


def test_parts_of_a_batch_add_up_and_the_encoder_can_stay(tiny_encoder, splits):
    keras.utils.set_random_seed(3)
    quiet = dataclasses.replace(MODEL, dropout=0.0)
    model = build_model(TASK, tiny_encoder, quiet, "float32")
    inputs, targets = batch_of(splits[0], model)
    before, found = model.get_weights(), []
    loss = TASK.loss(splits[0], SETTINGS)
    for size in (None, 5):
        model.set_weights(before)
        # Not Adam, which makes as much of the noise in a gradient as of a gradient.
        step = TrainStep(TASK, model, keras.optimizers.SGD(0.1), loss, micro_batch=size, seed=7)
        step(inputs, targets)
        found.append([float(step.loss_sum), *model.get_weights()])
    for whole, parts in zip(*found, strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-6)
    moved = [(one != other).any() for one, other in zip(before, model.get_weights(), strict=True)]
    assert sum(moved) == len(model.trainable_variables)

    model.set_weights(before)
    step(inputs, targets, head_only=True)
    heads = {id(variable) for variable in model.head.values()}
    for variable, value in zip(model.weights, before, strict=True):
        assert (variable.numpy() != value).any() == (id(variable) in heads), variable.path


def test_each_step_hides_other_pieces(tiny_encoder, splits):
    model = build_model(TASK, tiny_encoder, MODEL, "float32")
    inputs, targets = batch_of(splits[0], model)
    draw = TASK.drawing(model)
    (one, wanted), (other, _), (same, _) = (draw(inputs, targets, (7, step)) for step in (1, 2, 1))
    assert (one["positions"].numpy() != other["positions"].numpy()).any()
    np.testing.assert_array_equal(one["input_word_ids"], same["input_word_ids"])
    # What is guessed of a batch weighs 1 in all, pieces and pairs alike.
    assert float(tf.reduce_sum(wanted["weights"])) == pytest.approx(1, rel=1e-5)
    paired = targets["random_next"] >= 0
    expected = paired / paired.sum()
    np.testing.assert_allclose(wanted["next_weights"], expected, rtol=1e-6)


def test_the_figures_are_those_of_its_guesses(tiny_encoder, splits):
    """Whatever the batches are that it is asked in."""
    evaluation = splits[1]
    model = build_model(TASK, tiny_encoder, MODEL, "float32")
    outputs = [Scorer(TASK.scored(model), size)(evaluation) for size in (64, 5)]
    np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-4)
    figures = TASK.measure(outputs[0], evaluation).figures

    inputs = batch_of(evaluation, model, rows=64)[0]
    masking = TokenMasking.of(model.encoder.tokenizer(32), whole_words=True)
    # The seed of no training.
    masked = masking(inputs, seed=(0x5EED, 0))
    logits = {name: value.numpy() for name, value in model(masked).items()}
    likely = logits["ids"] - np.log(np.exp(logits["ids"]).sum(-1, keepdims=True))
    ids, weights = masked["ids"].numpy(), masked["weights"].numpy() == 1
    costs = -np.take_along_axis(likely, ids[..., None], -1)[..., 0][weights]
    assert figures["mlm_loss"] == pytest.approx(costs.mean(), rel=1e-4)
    assert figures["perplexity"] == pytest.approx(np.exp(costs.mean()), rel=1e-3)
    right = (logits["ids"].argmax(-1) == ids)[weights]
    assert figures["mlm_accuracy"] == pytest.approx(right.mean())
    labels = evaluation.targets["random_next"]
    hits = (logits["random_next"].argmax(-1) == labels)[labels >= 0]
    assert figures["nsp_accuracy"] == pytest.approx(hits.mean())
    assert figures["log_loss"] == figures["mlm_loss"] + figures["nsp_loss"]


def test_what_an_encoder_cannot_learn_is_refused(byte_pair_files):
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    encoder = RobertaEncoder(50_261, 4, 1, 1, 8, tokenizer_files=files)
    with pytest.raises(RunError, match="nsp, but this encoder cannot tell a second text"):
        TASK.build(encoder, MODEL)
    assert make_task("masked-language-model").build(encoder, MODEL).objectives == ("mlm",)


def test_long_texts_are_cut_and_others_left(splits):
    texts = splits[0]
    assert TASK.prepare(texts, MODEL) is texts
    assert TASK.prepare(texts, MaskedModelSettings(max_tokens=8)).lengths.max() == 8


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (MaskedModelSettings(max_tokens=4), "max_tokens"),
        (MaskedModelSettings(dropout=1.0), "dropout"),
        (MaskedModelSettings(objectives=()), "objectives"),
        (MaskedModelSettings(objectives=("mlm", "mlm")), "objectives"),
        (MaskedModelSettings(objectives=("sop",)), "objectives"),
        (MaskedModelSettings(masking="spans"), "masking"),
        (MaskedModelSettings(mask_rate=0.0), "mask_rate"),
        (PretrainingSettings(epochs=0), "epochs"),
        (PretrainingSettings(head_warmup=1.0), "head_warmup"),
        (PretrainingSettings(optimizer="sgd"), "optimizer"),
        (PretrainingSettings(micro_batch=64), "micro_batch"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, key):
    ((found, problem),) = settings.problems()
    assert found == key and problem.startswith("is ")
    assert not list(type(settings)().problems())


@pytest.mark.parametrize("wrong", [{"objectives": ["sop"]}, {"masking": "spans"}])
def test_a_task_of_what_is_not_known_is_refused(wrong):
    with pytest.raises(ValueError, match="the (objectives are|masking is)"):
        make_task("masked-language-model", **wrong)
    assert make_task(TASK.name, **TASK.config()) == TASK
