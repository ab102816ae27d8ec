"""The SavedModel that takes raw text, as TensorFlow Serving runs it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from ..models.tasks.base import Decision, Task
from .model_card import write_model_card
from .tasks.registry import TASKS
from .text_models.base import TextModel
from .warmup import WARMUP_TEXTS, write_warmup_requests


def export_model(
    directory: str,
    *,
    task: Task,
    model: TextModel,
    decision: Decision,
    warmup_texts: Sequence[str] = WARMUP_TEXTS,
    details: dict | None = None,
) -> None:
    """Writes a version directory that stock TensorFlow Serving 2.12 and later can load.

    Its signatures are those of the task: of text classification `serving_default` (`text`
    [batch] to `probabilities` float32 [batch, classes] and `label` string [batch]) and
    `classify` (serialized `tf.Example`s with a bytes feature `text` to `classes` and `scores`,
    both [batch, classes]); of token classification `serving_default` and `entities`, of question
    answering `serving_default` and `answer`, see their modules `signatures`. Beside the graph it
    has `assets/labels.txt`, the files of the model, such as its tokenizer's, under `assets/`,
    warm-up requests and `assets.extra/model.json`.

    Args:
        directory: Where to write; made when needed.
        task: What the model was trained for.
        model: Text in, outputs out, such as an `EncoderModel`.
        decision: What makes answers of the model's outputs; constants in the graph.
        warmup_texts: Sent once, by the server, while it loads the model.
        details: What else `model.json` shall say; anything JSON can hold.

    Example:
        >>> from reviewlens.models import Calibration, Decision, TextClassification
        >>> from reviewlens.serving import EncoderModel
        >>> decision = Decision(Calibration(1.0, (0.0,) * 3), offsets=(0.0,) * 3)
        >>> export_model("exported/1", task=TextClassification(("bad", "fair", "good")),
        ...              model=EncoderModel(classifier, tokenizer), decision=decision)
    """
    with tempfile.TemporaryDirectory() as scratch:
        assets = {"labels.txt": Path(scratch, "labels.txt")}
        lines = "".join(f"{label}\n" for label in task.labels)
        assets["labels.txt"].write_text(lines, encoding="utf-8")
        for name, path in model.files.items():
            assets[name] = Path(scratch, name)
            tf.io.gfile.copy(path, str(assets[name]))
        served = _ServedModel(task, model, decision)
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
        **model.facts(),
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
    """Model and decision as one graph; the task makes the signatures of it."""

    def __init__(self, task, model, decision):
        super().__init__(name="reviewlens")
        self.model = model
        self.tokenizer = model.tokenizer
        self.labels = tf.constant(list(task.labels), tf.string)
        self.decision = decision

    def outputs(self, text):
        """See `serving.tasks.base.Served`."""
        return self.model(text)

    def read_pairs(self, first, second):
        """See `serving.tasks.base.Served`."""
        return self.model.read_pairs(first, second)
