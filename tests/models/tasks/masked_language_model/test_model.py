"""The model as others have it: equal losses, and Keras' own ways of training and keeping it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.errors import RunError
from reviewlens.models import (
    MaskedLanguageModel,
    TokenMasking,
    head_arrays,
    load_encoder,
    load_head,
)
from reviewlens.models.encoders.pretraining_heads import ROBERTA_HEAD, bert_head, read_head
from reviewlens.models.tasks.masked_language_model.loss import PretrainingLoss, shares

ROOT = Path(__file__).parents[4]
# Of the batch below and the random weights of `folders`; what transformers 5.23.0 says of them.
GOLDEN = {
    "bert": {"mlm": 7.2984958, "nsp": 0.3277512},
    "roberta": {"mlm": 11.8789825},
}
THEIRS = """
import json, sys
import torch, transformers
folder, batch = sys.argv[1], json.loads(sys.argv[2])
kind = {"bert": "BertForPreTraining", "roberta": "RobertaForMaskedLM"}[sys.argv[3]]
model = getattr(transformers, kind).from_pretrained(folder).eval()
given = {name: torch.tensor(batch[name]) for name in batch if name.endswith(("ids", "mask"))}
outputs = model(**given)
guessed = outputs.prediction_logits if kind == "BertForPreTraining" else outputs.logits
cross = torch.nn.CrossEntropyLoss()
losses = {"mlm": cross(guessed.flatten(0, 1), torch.tensor(batch["labels"]).flatten())}
if kind == "BertForPreTraining":
    losses["nsp"] = cross(outputs.seq_relationship_logits, torch.tensor(batch["next"]))
    model_loss = model(**given, labels=torch.tensor(batch["labels"]),
                       next_sentence_label=torch.tensor(batch["next"])).loss
    assert abs(model_loss - losses["mlm"] - losses["nsp"]) < 1e-6
print(json.dumps({name: loss.item() for name, loss in losses.items()}))
"""


@pytest.fixture(scope="module", params=["bert", "roberta"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def folder(kind, tmp_path_factory, tiny_vocabulary, byte_pair_files):
    """An encoder of random weights with a head, as Hugging Face has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tests/models/encoders")
        from folders import BERT, ROBERTA, random_tensors, write_folder
    random = np.random.default_rng(2)

    def head(rows):
        shapes = {"dense/kernel": (16, 16), "dense/bias": (16,), "norm/gamma": (16,)}
        shapes |= {"norm/beta": (16,), "bias": (rows,)}
        shapes |= {"next_sentence/kernel": (16, 2), "next_sentence/bias": (2,)}
        return {name: random.normal(0, 0.5, shape) for name, shape in shapes.items()}

    path = tmp_path_factory.mktemp(kind) / kind
    if kind == "bert":
        tensors = random_tensors(BERT, 500, "bert.")
        tensors |= bert_head(early=False).rename(head(500))
        return write_folder(
            path, {**BERT, "vocab_size": 500}, tensors, {"vocab.txt": tiny_vocabulary}
        )
    tensors = random_tensors(ROBERTA, 50_261, "roberta.", pooler=False)
    tensors |= ROBERTA_HEAD.rename(head(50_261))
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    return write_folder(path, {**ROBERTA, "vocab_size": 50_261}, tensors, files)


@pytest.fixture(scope="module")
def model(kind, folder):
    objectives = ("mlm", "nsp") if kind == "bert" else ("mlm",)
    model = MaskedLanguageModel(load_encoder(folder, dropout=0.0), objectives)
    assert load_head(model, read_head(folder)) == objectives
    return model


def batch_of(kind):
    """Random ids, of which a few are to be guessed, as `transformers` takes them."""
    random = np.random.default_rng(5)
    lengths = [20, 12, 17]
    mask = np.arange(20) < np.array(lengths)[:, None]
    ids = np.where(mask, random.integers(10, 300, mask.shape), int(kind == "roberta"))
    chosen = mask & (random.random(mask.shape) < 0.25)
    labels = np.where(chosen, random.integers(10, 300, mask.shape), -100)
    batch = {"input_ids": ids, "attention_mask": mask.astype(int), "labels": labels}
    if kind == "bert":
        batch["token_type_ids"] = (mask & (np.arange(20) > 8)).astype(int)
        batch["next"] = np.array([0, 1, 1])
    return {name: values.tolist() for name, values in batch.items()}


def ours(kind):
    """The same batch as our inputs and targets."""
    batch = {name: np.array(values, np.int32) for name, values in batch_of(kind).items()}
    chosen = batch["labels"] >= 0
    most = chosen.sum(axis=1).max()
    positions = np.argsort(~chosen, axis=1, kind="stable")[:, :most].astype(np.int32)
    weights = np.take_along_axis(chosen, positions, 1).astype(np.float32)
    inputs = {
        "input_word_ids": batch["input_ids"],
        "input_mask": batch["attention_mask"],
        "positions": positions,
    }
    ids = np.maximum(np.take_along_axis(batch["labels"], positions, 1), 0)
    targets = {"ids": ids, "weights": shares(weights)}
    if kind == "bert":
        inputs["input_type_ids"] = batch["token_type_ids"]
        targets |= {"random_next": batch["next"], "next_weights": shares(np.ones(3, np.float32))}
    return tf.nest.map_structure(tf.constant, (inputs, targets))


@pytest.mark.parametrize("training", [False, True])
def test_the_loss_of_a_batch_is_that_of_transformers(kind, model, training):
    inputs, targets = ours(kind)
    loss = PretrainingLoss()
    outputs = model.logits(inputs, training=training)
    mean = float(loss(outputs, targets) / loss.count(targets))
    assert mean == pytest.approx(sum(GOLDEN[kind].values()), abs=1e-4)
    pieces = float(loss({"ids": outputs["ids"]}, targets))
    assert pieces == pytest.approx(GOLDEN[kind]["mlm"], abs=1e-4)


@pytest.mark.slow
def test_transformers_still_says_so(kind, folder):
    python = ROOT / "benchmarks/peers/.venv/bin/python"
    if not python.exists():
        pytest.skip("needs `make bench-peers`")
    command = [str(python), "-c", THEIRS, folder, json.dumps(batch_of(kind)), kind]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert found == pytest.approx(GOLDEN[kind], abs=1e-5)


def test_the_loss_of_a_batch_is_that_of_keras_hub(kind, model):
    inputs, targets = ours(kind)
    encoder = model.encoder
    table = keras_hub.layers.ReversibleEmbedding(*encoder.word_embeddings.shape)
    table.build()
    table.embeddings.assign(encoder.word_embeddings)
    head = keras_hub.layers.MaskedLMHead(
        token_embedding=table,
        intermediate_activation=lambda x: keras.activations.gelu(x, encoder.approximate_gelu),
        layer_norm_epsilon=encoder.epsilon,
    )
    given = {name: inputs[name] for name in encoder.inputs.names}
    sequence = encoder(given)["sequence_output"]
    head(sequence, inputs["positions"])
    arrays = head_arrays(model)
    mine = {"kernel": "dense/kernel", "bias": "dense/bias", "gamma": "norm/gamma"}
    mine["beta"] = "norm/beta"
    for weight in head.weights:
        if weight.path.startswith(table.path):
            continue
        output = weight.shape == arrays["bias"].shape
        weight.assign(arrays["bias" if output else mine[weight.name]])
    logits = head(sequence, inputs["positions"])
    np.testing.assert_allclose(model(inputs)["ids"], logits, atol=1e-4)
    cross = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    expected = cross(targets["ids"], logits, sample_weight=targets["weights"])
    found = PretrainingLoss()({"ids": model.logits(inputs)["ids"]}, targets)
    assert float(found) == pytest.approx(float(expected), abs=1e-4)


def test_it_is_fitted_saved_and_loaded_by_keras(tiny_encoder, reviews, tmp_path):
    encoder = load_encoder(tiny_encoder)
    tokenizer = encoder.tokenizer(32)
    model = MaskedLanguageModel(encoder, ["mlm", "nsp"])
    inputs = encoder.inputs.pack(tokenizer(tf.constant(reviews[:32])))
    masked = TokenMasking.of(tokenizer)(inputs, seed=(1, 2))
    cross = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss={"ids": cross, "random_next": cross})
    wanted = {"ids": masked["ids"], "random_next": np.arange(32) % 2}
    weights = {"ids": masked["weights"], "random_next": np.ones(32)}
    history = model.fit(masked, wanted, 32, 8, verbose=0, sample_weight=weights).history
    assert history["loss"][-1] < 0.9 * history["loss"][0]

    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    symbols = {name: keras.Input([None], dtype=of.dtype, name=name) for name, of in masked.items()}
    functional = keras.Model(symbols, model(symbols))
    for name, logits in model(masked).items():
        np.testing.assert_allclose(again(masked)[name], logits, atol=1e-5)
        np.testing.assert_allclose(functional(masked)[name], logits, atol=1e-5)


def test_a_head_that_does_not_fit_is_refused(tiny_encoder):
    model = MaskedLanguageModel(load_encoder(tiny_encoder), ["mlm", "nsp"])
    arrays = head_arrays(model)
    assert arrays["dense/kernel"].shape == (16, 16)
    before = model.get_weights()
    assert load_head(model, {}) == ()
    some = {name: value for name, value in arrays.items() if name.startswith("next")}
    assert load_head(model, some) == ("nsp",)
    del arrays["norm/beta"]
    with pytest.raises(RunError, match="norm/beta is not there, it should have \\(16,\\)"):
        load_head(model, arrays)
    with pytest.raises(RunError, match="head for nsp .* has the shape \\(3,\\)"):
        load_head(model, {**some, "next_sentence/bias": np.zeros(3)})
    for value, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, other)
