"""What holds for every task; a new one is held against it by one call."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.encoders.pairs import join_pairs
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.precision import with_precision
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.registry import make_task
from reviewlens.models.training.batching import pad_batch, pad_targets
from reviewlens.models.training.scoring import Scorer
from reviewlens.models.training.step import TrainStep
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.serving.export import export_model
from reviewlens.serving.local_model import LocalModel
from reviewlens.serving.text_models.encoder import EncoderModel

SETTINGS = ModelSettings(max_tokens=48, dropout=0.0)


@pytest.fixture(scope="module", params=["native", "saved_model", "roberta"])
def family(request, tiny_encoder, byte_pair_files, tmp_path_factory):
    """Folder of an encoder of random weights, and whether it becomes native layers."""
    if request.param != "roberta":
        return tiny_encoder, request.param == "native"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1] / "encoders")
        from folders import ROBERTA, random_tensors, write_folder
    config = {**ROBERTA, "max_position_embeddings": 66}
    tensors = random_tensors(config, 50_261, "roberta.", pooler=False, scale=0.1)
    folder = tmp_path_factory.mktemp("roberta") / "roberta"
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    write_folder(folder, config, tensors, files)
    return str(folder), True


@pytest.fixture
def run_task_test(tiny_encoder, tiny_vocabulary, reviews, tmp_path):
    """Holds a task against what the rest of the product expects of one.

    Args of what it returns:
        task: As `make_task` gives it.
        targets: Makes the targets of the token ids of some texts, by name.
        named: What a prediction names in the end, such as its class or its tags.
        expected: The same, from what the decision decided and what the model read.
        unused: Paths of weights that the task does not read.
        asked: What each of the texts is read behind, of a task of pairs.
    """
    texts = reviews[:64]
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)
    tokens = tokenizer(tf.constant(texts))

    def run(task, targets, named, expected, unused=(), asked=None):
        ragged = [name for name, target in task.targets.items() if target.per_token]
        pairs, seconds, questions = tokens, None, texts
        if task.pairs:
            pairs, seconds = join_pairs(tokenizer, tokenizer(tf.constant(asked)), tokens)
            both = zip(asked, texts, strict=True)
            questions = [{"question": one, "context": other} for one, other in both]
        rows = pairs.to_list()
        whole = TokenizedTexts.from_rows(rows, targets(rows), ragged, seconds)
        data = task.prepare(whole, SETTINGS)
        assert set(data.targets) == set(task.targets)
        assert make_task(task.name, **task.config()) == task

        keras.utils.set_random_seed(3)
        model = build_model(task, tiny_encoder, SETTINGS, "float32")
        inputs = pad_batch(data, np.arange(16), model.encoder.inputs)
        width = next(iter(inputs.values())).shape[1]
        batch = inputs, pad_targets(data, np.arange(16), width, task.targets)
        loss = task.loss(data, TrainingSettings())

        _every_weight_has_a_gradient(task, model, loss, batch, unused)
        _parts_of_a_batch_add_up(task, model, loss, batch)
        _padding_changes_nothing(model, inputs)
        _survives_serialisation(model, inputs)
        _the_loss_falls(task, model, loss, batch)

        outputs = Scorer(model, per_token=task.per_token)(data)
        assert outputs.dtype == np.float32
        assert len(outputs) == (len(data.tokens) if task.per_token else len(data))
        decision = task.fit_decision(outputs, data)
        figures = task.evaluate(outputs, data, decision)
        assert np.isfinite(figures[task.metric])
        if "log_loss" in figures:
            each = task.losses(outputs, data, decision)
            assert each.mean() == pytest.approx(figures["log_loss"])
        assert np.isfinite(list(task.fitted(outputs, data, decision).values())).all()
        assert task.decision(json.loads(json.dumps(decision.facts()))) == decision
        decided = task.decided(outputs, data, decision)

        rounded = with_precision(model, "bfloat16")(inputs)
        assert rounded.dtype == tf.float32
        export_model(
            str(tmp_path / "1"),
            task=task,
            model=EncoderModel.of(model, task, SETTINGS),
            decision=decision,
        )
        served = LocalModel(str(tmp_path))
        assert served.task == task.name and served.labels == list(task.labels)
        found = [named(prediction) for prediction in served.predict(questions)]
        alone = [named(served.predict([question])[0]) for question in questions[:5]]
        wanted = expected(decided, data)
        # A number on the edge may fall to either side in float32.
        assert np.mean([a == b for a, b in zip(found, wanted, strict=True)]) > 0.95
        assert alone == found[:5]
        blank = {"question": "", "context": ""} if task.pairs else ""
        for prediction in served.predict([blank, questions[0]]):
            assert prediction.cells() and prediction.rows() and prediction.record()

    return run


def _every_weight_has_a_gradient(task, model, loss, batch, unused):
    with tf.GradientTape() as tape:
        total = loss(task.training_outputs(model, batch[0]), _tensors(batch[1]))
    gradients = tape.gradient(total, model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert (gradient is None) == (variable.path in unused), variable.path
        if gradient is not None:
            assert np.isfinite(tf.convert_to_tensor(gradient)).all(), variable.path


def _parts_of_a_batch_add_up(task, model, loss, batch):
    before, found = model.get_weights(), []
    for size in (None, 5):
        model.set_weights(before)
        step = TrainStep(task, model, keras.optimizers.SGD(0.1), loss, micro_batch=size)
        step(*batch)
        found.append([float(step.loss_sum), *model.get_weights()])
    model.set_weights(before)
    for whole, parts in zip(*found, strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-3, atol=1e-5)


def _padding_changes_nothing(model, inputs):
    wider = {name: np.pad(value, [[0, 0], [0, 8]]) for name, value in inputs.items()}
    plain, padded = model(inputs).numpy(), model(wider).numpy()
    if padded.ndim > 2:
        mask = inputs["input_mask"] == 1
        plain, padded = plain[mask], padded[:, : plain.shape[1]][mask]
    np.testing.assert_allclose(padded, plain, atol=1e-4)


def _survives_serialisation(model, inputs):
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again(inputs), model(inputs), atol=1e-6)


def _the_loss_falls(task, model, loss, batch):
    step = TrainStep(task, model, keras.optimizers.Adam(5e-3), loss)
    losses = []
    for _ in range(30):
        step(*batch)
        losses.append(float(step.loss_sum))
        step.loss_sum.assign(0.0)
    assert losses[-1] < 0.7 * losses[0]
    assert all(np.isfinite(losses)), list(itertools.islice(losses, 5))


def _tensors(targets):
    return {name: tf.constant(values) for name, values in targets.items()}
