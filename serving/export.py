"""The SavedModel that takes raw text, as TensorFlow Serving runs it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from ..models.encoders.base import Tokenizer
from ..models.frozen import FrozenClassifier
from ..models.tasks.base import Decision, Task
from .model_card import write_model_card
from .tasks.registry import TASKS
from .warmup import WARMUP_TEXTS, write_warmup_requests

# Texts that go through the encoder together, however many a request has. More of them no
# longer fit the processor's caches, and fewer leave its units waiting.
CHUNK = 32


def export_model(
    directory: str,
    *,
    task: Task,
    model: keras.Model,
    tokenizer: Tokenizer,
    decision: Decision,
    warmup_texts: Sequence[str] = WARMUP_TEXTS,
    details: dict | None = None,
) -> None:
    """Writes a version directory that stock TensorFlow Serving 2.12 and later can load.

    Its signatures are those of the task: of text classification `serving_default` (`text`
    [batch] to `probabilities` float32 [batch, classes] and `label` string [batch]) and
    `classify` (serialized `tf.Example`s with a bytes feature `text` to `classes` and `scores`,
    both [batch, classes]). Beside the graph it has `assets/labels.txt`, the tokenizer's files
    under `assets/`, warm-up requests and `assets.extra/model.json`.

    Args:
        directory: Where to write; made when needed.
        task: What the model was trained for.
        model: What `task.build` gave; its precision is that of the export.
        tokenizer: Turns texts into the word pieces the model was trained on.
        decision: What makes answers of the model's outputs; constants in the graph.
        warmup_texts: Sent once, by the server, while it loads the model.
        details: What else `model.json` shall say; anything JSON can hold.

    Example:
        >>> from reviewlens.models import Calibration, Decision, TextClassification
        >>> decision = Decision(Calibration(1.0, (0.0,) * 3), offsets=(0.0,) * 3)
        >>> export_model("exported/1", task=TextClassification(("bad", "fair", "good")),
        ...              model=classifier, tokenizer=tokenizer, decision=decision)
    """
    with tempfile.TemporaryDirectory() as scratch:
        assets = {"labels.txt": Path(scratch, "labels.txt")}
        lines = "".join(f"{label}\n" for label in task.labels)
        assets["labels.txt"].write_text(lines, encoding="utf-8")
        for name, path in tokenizer.files.items():
            assets[name] = Path(scratch, name)
            tf.io.gfile.copy(path, str(assets[name]))
        served = _ServedModel(task, model, tokenizer, decision)
        served.assets = [tf.saved_model.Asset(str(file)) for file in assets.values()]
        signatures = TASKS.load(task.name, "signatures").make_signatures(served)
        tf.saved_model.save(served, directory, signatures=signatures)
    _drop_debug_names(directory)
    make_requests = TASKS.load(task.name, "requests").make_requests
    write_warmup_requests(directory, warmup_texts, make_requests)
    card = {
        "task": task.name,
        **task.config(),
        **decision.facts(),
        "max_tokens": tokenizer.max_tokens,
        **(details or {}),
    }
    write_model_card(directory, card)


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
    """Tokenizer, model and decision as one graph; the task makes the signatures of it."""

    def __init__(self, task, model, tokenizer, decision):
        super().__init__(name="reviewlens")
        frozen = FrozenClassifier(model)
        self._pack = model.encoder.inputs.pack
        # A function that is not inlined: TensorFlow fuses hardly any operations inside a loop.
        self._infer = tf.function(
            lambda inputs: frozen(inputs),
            input_signature=[model.encoder.inputs.signature()],
            experimental_attributes={"_noinline": True},
        )
        self._output = self._infer.get_concrete_function().structured_outputs
        self._per_token = task.per_token
        self.tokenizer = tokenizer
        self._weights = {str(index): variable for index, variable in frozen.variables.items()}
        self.labels = tf.constant(list(task.labels), tf.string)
        self.decision = decision

    def outputs(self, text):
        """Scores similar lengths together, so that neither padding nor memory gets out of hand."""
        tokens = self.tokenizer(text)
        lengths = tokens.row_lengths()
        order = tf.argsort(lengths, direction="DESCENDING", stable=True)
        rows = tf.shape(text)[0]
        chunks = (rows + CHUNK - 1) // CHUNK
        scored = tf.TensorArray(
            self._output.dtype,
            size=chunks,
            infer_shape=False,
            element_shape=[None, *self._output.shape[2 if self._per_token else 1 :]],
        )

        def score(chunk, scored):
            chosen = order[chunk * CHUNK : (chunk + 1) * CHUNK]
            found = self._infer(self._pack(tf.gather(tokens, chosen)))
            if self._per_token:
                # Without those of the padding, so that chunks of different widths can be joined.
                found = tf.RaggedTensor.from_tensor(found, tf.gather(lengths, chosen)).values
            return chunk + 1, scored.write(chunk, found)

        _, scored = tf.while_loop(
            lambda chunk, _: chunk < chunks, score, (0, scored), parallel_iterations=1
        )
        found = scored.concat()
        if self._per_token:
            found = tf.RaggedTensor.from_row_lengths(found, tf.gather(lengths, order))
        return tf.gather(found, tf.math.invert_permutation(order))
