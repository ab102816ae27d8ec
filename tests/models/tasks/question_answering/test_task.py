"""Training and judging readers: what is learnt of a row, and what the figures say."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import (
    ModelSettings,
    QuestionAnswerer,
    QuestionAnswering,
    TokenizedTexts,
    TrainingSettings,
    load_encoder,
    make_task,
    pad_batch,
    pad_targets,
)
from reviewlens.models.tasks.question_answering.targets import ELSEWHERE, HERE, NONE

TASK = QuestionAnswering(max_answer_tokens=4)


def pairs_at_random(count, seed=0):
    """Questions of two tokens on texts of up to 40, of which a third have no answer."""
    random = np.random.default_rng(seed)
    rows, answers = [], []
    for _ in range(count):
        size = random.integers(4, 40)
        bits = np.zeros(size, int)
        if random.random() < 0.67:
            begin = random.integers(size)
            bits[begin : begin + random.integers(1, 5)] = 1
            bits[begin : begin + 2] |= 2
        rows.append([2, *random.integers(10, 40, 2), 3, *random.integers(10, 40, size), 3])
        answers.append([-1] * 4 + bits.tolist() + [-1])
    answered = [int(max(bits) > 0) for bits in answers]
    targets = {"answers": answers, "answered": answered}
    return TokenizedTexts.from_rows(rows, targets, ["answers"], [4] * count)


def perfect(texts, sure=9.0):
    """Logits that say of each row what is to be learnt of it."""
    logits = np.zeros((len(texts.tokens), 2), np.float32)
    for row, answered in enumerate(texts.targets["answered"]):
        begin, end = texts.row_splits[row : row + 2]
        places = np.flatnonzero(texts.targets["answers"][begin:end] % 2 == 1) + begin
        places = places[texts.targets["answers"][places] > 0] if answered == HERE else [begin]
        logits[places[0], 0] = logits[places[-1], 1] = sure
    return logits


def test_figures_are_the_same_whole_and_in_windows():
    texts = pairs_at_random(300)
    some = TASK.prepare(texts, ModelSettings(max_tokens=64))
    parts = TASK.prepare(texts, ModelSettings(max_tokens=24))
    assert some.parts is None and len(parts) > 400
    for read in (some, parts):
        outputs = perfect(read)
        decision = TASK.fit_decision(outputs, read)
        figures = TASK.evaluate(outputs, read, decision)
        wanted = {"f1", "exact", "has_answer_f1", "has_answer_exact", "no_answer_f1"}
        assert {name for name, value in figures.items() if value == 1} == wanted
        assert figures["ece"] < 0.02 and figures["log_loss"] < 0.01
    assert set(parts.targets["answered"]) == {NONE, HERE, ELSEWHERE}

    # Half of the answers are given where none are.
    of_first, *_ = (np.flatnonzero(texts.targets["answered"] == 0),)
    wrong = perfect(some)
    begins = some.row_splits[of_first[::2]]
    wrong[begins] = 0
    wrong[begins + 4] = 9
    figures = TASK.evaluate(wrong, some, decision)
    assert figures["no_answer_f1"] == pytest.approx(0.5, abs=0.01)
    assert figures["has_answer_exact"] == 1
    shares = len(of_first) / 300
    assert figures["f1"] == figures["exact"] == pytest.approx(1 - 0.5 * shares, abs=0.01)

    # Of questions that all have an answer nothing is said of the others, and vice versa.
    for kind, other in (("has_answer_f1", "no_answer_f1"), ("no_answer_f1", "has_answer_f1")):
        rows = np.flatnonzero((texts.targets["answered"] == 1) == (kind == "has_answer_f1"))
        of_kind = TASK.prepare(texts.take(rows), ModelSettings(max_tokens=64))
        outputs = perfect(of_kind)
        decision = TASK.fit_decision(outputs, of_kind)
        figures = TASK.evaluate(outputs, of_kind, decision)
        assert figures[kind] == 1 and other not in figures
        assert (decision.threshold is None) == (kind == "has_answer_f1")


def test_one_model_is_compared_with_another_by_questions():
    texts = TASK.prepare(pairs_at_random(200), ModelSettings(max_tokens=24))
    right = perfect(texts)
    vague = np.random.default_rng(1).normal(size=right.shape).astype(np.float32)
    decision = TASK.fit_decision(right, texts)
    gain = TASK.compare(right, vague, texts, decision)
    assert gain[TASK.metric].low > 0.3 and gain["exact"].low > 0.3
    none = TASK.compare(right, right, texts, decision)
    assert none["f1"].value == none["exact"].high == 0
    assert len(TASK.decided(vague, texts, decision)) == len(TASK.decided(right, texts, decision))
    before_and_after = TASK.fitted(vague, texts, TASK.fit_decision(vague, texts))
    assert before_and_after["ece_after"] < before_and_after["ece_before"]


def test_the_loss_is_that_of_start_and_end_among_the_tokens_of_the_text():
    answers = tf.constant([[-1, -1, -1, 0, 1, 3, 2, -1], [-1, -1, 0, 1, 0, -1, -1, -1]])
    logits = np.random.default_rng(0).normal(size=(2, 8, 2)).astype(np.float32)
    compete = [[0, 3, 4, 5, 6], [0, 2, 3, 4]]

    def cost(row, first, last):
        likely = [
            np.log(np.exp(logits[row, :, s]) / np.exp(logits[row, compete[row], s]).sum())
            for s in (0, 1)
        ]
        return -(likely[0][first] + likely[1][last]) / 2, -np.mean(
            [likely[s][compete[row]].mean() for s in (0, 1)]
        )

    texts = TokenizedTexts.from_rows([], {"answered": [HERE, NONE, ELSEWHERE, NONE]})
    # The second row has only a part of its answer.
    targets = {"answers": answers, "answered": tf.constant([HERE, ELSEWHERE])}
    (first, spread), (second, evenly) = cost(0, 4, 5), cost(1, 0, 0)
    for settings, expected in (
        (TrainingSettings(), first + second),
        (TrainingSettings(class_weight="balanced"), 2 * first + 2 / 3 * second),
        (TrainingSettings(label_smoothing=0.1), 0.9 * (first + second) + 0.1 * (spread + evenly)),
    ):
        loss = TASK.loss(texts, settings)
        found = float(loss(tf.constant(logits), targets))
        assert found == pytest.approx(expected, rel=1e-5)
        assert float(loss.count(targets)) == 2


def test_the_log_loss_is_that_of_training_at_the_temperature_that_suits():
    texts = TASK.prepare(pairs_at_random(200), ModelSettings(max_tokens=24))
    # Often right, but by chance: no temperature makes it certain.
    random = np.random.default_rng(3)
    vague = perfect(texts, sure=2.0) + random.gumbel(size=(len(texts.tokens), 2)).astype("f4")
    loss, tokens = TASK.loss(texts, TrainingSettings()), texts.lengths
    padded = pad_targets(texts, np.arange(len(texts)), tokens.max(), TASK.targets)
    outputs = np.zeros((len(texts), tokens.max(), 2), np.float32)
    outputs[np.arange(tokens.max()) < tokens[:, None]] = vague
    trained = float(loss(tf.constant(outputs), padded)) / len(texts)

    found = {}
    for scale in (0.2, 1.0, 4.0):
        decision = TASK.fit_decision(scale * vague, texts)
        found[scale] = TASK.evaluate(scale * vague, texts, decision)["log_loss"], decision
    # However sure the model is, what it knows is the same.
    assert found[0.2][0] == pytest.approx(found[1.0][0]) == pytest.approx(found[4.0][0])
    assert found[4.0][1].temperature == pytest.approx(4 * found[1.0][1].temperature)
    as_it_is = dataclasses.replace(found[1.0][1], temperature=1.0)
    assert TASK.evaluate(vague, texts, as_it_is)["log_loss"] == pytest.approx(trained, rel=1e-4)
    others = [
        dataclasses.replace(as_it_is, temperature=found[1.0][1].temperature * by)
        for by in (0.9, 1.1)
    ]
    least = found[1.0][0]
    assert all(TASK.evaluate(vague, texts, one)["log_loss"] > least for one in others)


def test_the_reader_is_fitted_saved_and_loaded_by_keras(tiny_encoder, tmp_path):
    reader = QuestionAnswerer(load_encoder(tiny_encoder), dropout=0.0)
    data = TASK.prepare(pairs_at_random(32), ModelSettings(max_tokens=48))
    inputs = pad_batch(data, np.arange(32), reader.encoder.inputs)
    assert inputs["input_type_ids"].sum() == inputs["input_mask"].sum() - 4 * 32
    wanted = np.zeros((*inputs["input_mask"].shape, 2), np.float32)
    mask = inputs["input_mask"] == 1
    wanted[mask] = perfect(data, sure=1.0)
    reader.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, axis=1),
    )
    history = reader.fit(inputs, wanted, epochs=12, batch_size=32, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    # What it is fitted to is what the product's own loss makes small.
    padded = pad_targets(data, np.arange(32), mask.shape[1], TASK.targets)
    loss = TASK.loss(data, TrainingSettings())
    outputs = tf.where(mask[:, :, None], reader(inputs), -1e9)
    assert float(loss(outputs, padded)) / 32 < history["loss"][-2]

    reader.save(tmp_path / "reader.keras")
    again = keras.saving.load_model(tmp_path / "reader.keras", compile=False)
    np.testing.assert_allclose(again(inputs), reader(inputs), atol=1e-5)
    assert make_task("question-answering", **TASK.config()) == TASK
