"""Answers through each kind of encoder: learnt in memory, and given by a graph for whole texts."""

from __future__ import annotations

import re

import keras
import numpy as np
import tensorflow as tf

from reviewlens.models import (
    ModelSettings,
    QuestionAnswering,
    ReadPairs,
    Scorer,
    TokenizedTexts,
    TrainingSettings,
    answer_targets,
    build_model,
    join_offsets,
    join_pairs,
    pad_batch,
    pad_targets,
)
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.training.step import TrainStep
from reviewlens.serving.text_models.encoder import EncoderModel

TASK = QuestionAnswering(max_answer_tokens=8)
WORD = re.compile(r"\b[Tt]he (\w+)")


def test_answers_are_learnt_and_given_beyond_what_one_window_reads(family, reviews):
    directory, native = family
    settings = ModelSettings(max_tokens=32, dropout=0.0, native=native)
    keras.utils.set_random_seed(4)
    model = build_model(TASK, directory, settings, "float32")
    texts = [text for text in reviews if len(WORD.findall(text)) == 1][:24]
    texts = [*texts, "It is so. " * 12 + texts[0]] * 2
    asked = ["which?"] * 25 + ["no answer"] * 25
    there = [[list(WORD.search(text).span(1))] for text in texts[:25]] + [[]] * 25

    given, questions = tf.constant(texts), tf.constant(asked)
    tokenizer = model.encoder.tokenizer(UNCUT)
    first = tokenizer(questions)
    ids, *offsets = tokenizer.tokenize_with_offsets(given)
    tokens, seconds = join_pairs(tokenizer, first, ids)
    offsets = [join_offsets(tokenizer, first, of) for of in offsets]
    flat = np.array([span for spans in there for span in spans], np.int64)
    spans = tf.RaggedTensor.from_row_lengths(flat, [len(of_text) for of_text in there])
    targets = answer_targets(given, *offsets, spans)
    columns = {"answers": targets["answers"].to_list(), "answered": targets["answered"].numpy()}
    whole = TokenizedTexts.from_rows(tokens.to_list(), columns, ["answers"], seconds)
    data = TASK.prepare(whole, settings)
    assert data.parts is not None and data.lengths.max() <= 32

    step = TrainStep(TASK, model, keras.optimizers.Adam(1e-2), TASK.loss(data, TrainingSettings()))
    rows = np.arange(len(data))
    inputs = pad_batch(data, rows, model.encoder.inputs)
    wanted = pad_targets(data, rows, inputs["input_word_ids"].shape[1], TASK.targets)
    for _ in range(40):
        step(inputs, wanted)
    outputs = Scorer(model, per_token=True)(data)
    decision = TASK.fit_decision(outputs, data)
    figures = TASK.evaluate(outputs, data, decision)
    assert figures["f1"] > 0.6 and figures["no_answer_f1"] > 0.5, figures

    served = EncoderModel.of(model, TASK, settings)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)] * 2)
    def answer(question, text):
        pairs = served.read_pairs(question, text)
        texts = tf.size(text, tf.int64)
        read = ReadPairs(pairs.parts, pairs.own, pairs.starts < pairs.ends, texts)
        found, begin, end, score = decision.answers(pairs.outputs, read)
        return found, tf.gather(pairs.starts, begin), tf.gather(pairs.ends, end), score

    found, starts, ends, scores = (part.numpy() for part in answer(questions, given))
    answers = [
        text.encode()[start:end].decode() if one else ""
        for one, text, start, end in zip(found, texts, starts, ends, strict=True)
    ]
    right = ["".join(text[a:b] for a, b in spans) for text, spans in zip(texts, there, strict=True)]
    exact = np.mean([one == other for one, other in zip(answers, right, strict=True)])
    # The graph gives what was decided on in memory, but for numbers on the edge.
    assert abs(exact - figures["exact"]) < 0.05
    decided = TASK.decided(outputs, data, decision)
    assert np.mean((decided >= 0) == found) > 0.95
    assert ((scores > 0) & (scores < 1)).all()
