"""The SavedModel that takes raw text, as TensorFlow Serving runs it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from ..models.encoders.base import Tokenizer
from ..models.frozen import FrozenClassifier
from ..models.tasks.text_classification.decision import Decision
from .warmup import WARMUP_TEXTS, write_warmup_requests

# Reviews that go through the encoder together, however many a request has. More of them no
# longer fit the processor's caches, and fewer leave its units waiting.
CHUNK = 32
MODEL_CARD = "assets.extra/model.json"


def export_classifier(
    directory: str,
    *,
    classifier: keras.Model,
    tokenizer: Tokenizer,
    labels: Sequence[str],
    decision: Decision,
    warmup_texts: Sequence[str] = WARMUP_TEXTS,
    details: dict | None = None,
) -> None:
    """Writes a version directory that stock TensorFlow Serving 2.12 and later can load.

    Its signatures are `serving_default` (`text` [batch] to `probabilities` float32
    [batch, classes] and `label` string [batch]) and `classify` (serialized `tf.Example`s
    with a bytes feature `text` to `classes` and `scores`, both [batch, classes]). Beside
    the graph it has `assets/labels.txt`, the tokenizer's files under `assets/`, warm-up
    requests and `assets.extra/model.json`.

    Args:
        directory: Where to write; made when needed.
        classifier: A `ReviewClassifier`; its precision is that of the export.
        tokenizer: Turns texts into the word pieces the classifier was trained on.
        labels: Class names in the order of the logits.
        decision: Calibration and offsets, kept in the graph as constants.
        warmup_texts: Sent once, by the server, while it loads the model.
        details: What else `model.json` shall say; anything JSON can hold.

    Example:
        >>> decision = Decision(Calibration(1.0, (0.0,) * 3), offsets=(0.0,) * 3)
        >>> export_classifier("exported/1", classifier=classifier, tokenizer=tokenizer,
        ...                   labels=["bad", "fair", "good"], decision=decision)
    """
    with tempfile.TemporaryDirectory() as scratch:
        assets = {"labels.txt": Path(scratch, "labels.txt")}
        assets["labels.txt"].write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
        for name, path in tokenizer.files.items():
            assets[name] = Path(scratch, name)
            tf.io.gfile.copy(path, str(assets[name]))
        model = _ServedModel(classifier, tokenizer, labels, decision)
        model.assets = [tf.saved_model.Asset(str(file)) for file in assets.values()]
        tf.saved_model.save(
            model,
            directory,
            signatures={"serving_default": model.serve, "classify": model.classify},
        )
    _drop_debug_names(directory)
    write_warmup_requests(directory, warmup_texts)
    card = {
        "labels": list(labels),
        "grades": list(classifier.grades),
        "temperature": decision.calibration.temperature,
        "stretch": decision.calibration.stretch,
        "biases": list(decision.calibration.biases),
        "offsets": list(decision.offsets),
        "max_tokens": tokenizer.max_tokens,
        **(details or {}),
    }
    text = json.dumps(card, indent=2, ensure_ascii=False)
    with tf.io.gfile.GFile(os.path.join(directory, MODEL_CARD), "w") as file:
        file.write(text)


def _drop_debug_names(directory: str) -> None:
    """Removes the one attribute that TensorFlow 2.12's loader does not know and refuses."""
    path = os.path.join(directory, "saved_model.pb")
    with tf.io.gfile.GFile(path, "rb") as file:
        saved = saved_model_pb2.SavedModel.FromString(file.read())
    for node in saved.meta_graphs[0].graph_def.node:
        if node.op == "VarHandleOp":
            node.attr.pop("debug_name", None)
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(saved.SerializeToString(deterministic=True))


class _ServedModel(tf.Module):
    """Tokenizer, classifier and decision as one graph."""

    def __init__(self, classifier, tokenizer, labels, decision):
        super().__init__(name="reviewlens")
        frozen = FrozenClassifier(classifier)
        self._pack = classifier.encoder.inputs.pack
        # A function that is not inlined: TensorFlow fuses hardly any operations inside a loop.
        self._logits = tf.function(
            lambda inputs: frozen(inputs),
            input_signature=[classifier.encoder.inputs.signature()],
            experimental_attributes={"_noinline": True},
        )
        self._tokenizer = tokenizer
        self._weights = {str(index): variable for index, variable in frozen.variables.items()}
        self._labels = tf.constant(labels, tf.string)
        self._temperature = tf.constant(decision.calibration.temperature, tf.float32)
        self._stretch = tf.constant(decision.calibration.stretch, tf.float32)
        self._biases = tf.constant(decision.calibration.biases, tf.float32)
        self._offsets = tf.constant(decision.offsets, tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def serve(self, text):
        probabilities = self._probabilities(text)
        scores = tf.math.log(tf.maximum(probabilities, 1e-30)) + self._offsets
        return {
            "probabilities": probabilities,
            "label": tf.gather(self._labels, tf.argmax(scores, axis=1)),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def classify(self, inputs):
        text = tf.io.parse_example(
            inputs, {"text": tf.io.FixedLenFeature([], tf.string, default_value="")}
        )["text"]
        scores = self._probabilities(text)
        return {"classes": tf.tile(self._labels[None], [tf.shape(text)[0], 1]), "scores": scores}

    def _probabilities(self, text):
        """Scores similar lengths together, so that neither padding nor memory gets out of hand."""
        tokens = self._tokenizer(text)
        order = tf.argsort(tokens.row_lengths(), direction="DESCENDING", stable=True)
        rows = tf.shape(text)[0]
        chunks = (rows + CHUNK - 1) // CHUNK
        scored = tf.TensorArray(
            tf.float32,
            size=chunks,
            infer_shape=False,
            element_shape=[None, self._labels.shape[0]],
        )

        def score(chunk, scored):
            chosen = order[chunk * CHUNK : (chunk + 1) * CHUNK]
            logits = self._logits(self._pack(tf.gather(tokens, chosen)))
            return chunk + 1, scored.write(chunk, logits)

        _, scored = tf.while_loop(
            lambda chunk, _: chunk < chunks, score, (0, scored), parallel_iterations=1
        )
        logits = tf.gather(scored.concat(), tf.math.invert_permutation(order))
        centered = logits - tf.reduce_mean(logits, 1, keepdims=True)
        scale = 1 / self._temperature + self._stretch * tf.norm(centered, axis=1, keepdims=True)
        return tf.nn.softmax(scale * centered + self._biases)
