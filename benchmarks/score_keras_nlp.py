"""Scores raw texts with keras-nlp's own BERT, as `score.py` asks.

What one would write with keras-nlp: its `BertBackbone`, its preprocessor, which pads to a fixed
length, and `keras.Model.predict`. Runs in the project's environment, which has keras-nlp.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import keras
import keras_nlp
import numpy as np
import tensorflow as tf
from peers.decision import conclude
from peers.worker import answer
from safetensors.numpy import load_file, save_file


class Task:
    """keras-nlp's encoder and preprocessor with the head of a checkpoint.

    Args:
        checkpoint: Of `peers/convert.py`.
        precision: `float32` or `bfloat16`.
    """

    def __init__(self, checkpoint: str, precision: str):
        keras.config.set_dtype_policy("float32" if precision == "float32" else "mixed_bfloat16")
        head = load_file(Path(checkpoint, "head.safetensors"))
        self._decision = json.loads(Path(checkpoint, "decision.json").read_text())
        with tempfile.TemporaryDirectory() as scratch:
            _as_google_bert(checkpoint, scratch)
            backbone = keras_nlp.models.BertBackbone.from_preset(scratch)
            tokenizer = keras_nlp.models.BertTokenizer.from_preset(scratch)
        length = json.loads(Path(checkpoint, "tokenizer_config.json").read_text())
        self._preprocess = keras_nlp.models.BertTextClassifierPreprocessor(
            tokenizer, sequence_length=length["model_max_length"]
        )
        pooling = keras.layers.GlobalAveragePooling1D(dtype="float32")
        dense = keras.layers.Dense(len(head["bias"]), dtype="float32")
        tokens = backbone.output["sequence_output"]
        pooled = pooling(tokens, mask=backbone.input["padding_mask"])
        self._model = keras.Model(backbone.input, dense(pooled))
        dense.set_weights([head["weight"].T, head["bias"]])

    def score(self, texts: list[str], batch_size: int) -> dict:
        """Scores texts; gives seconds, probabilities and class indices.

        Args:
            texts: Raw reviews.
            batch_size: Reviews at a time.
        """
        started = time.perf_counter()
        batches = (
            tf.data.Dataset.from_tensor_slices(texts)
            .batch(batch_size)
            .map(self._preprocess, num_parallel_calls=tf.data.AUTOTUNE)
            .prefetch(tf.data.AUTOTUNE)
        )
        logits = self._model.predict(batches, verbose=0)
        probabilities, classes = conclude(logits, self._decision)
        return {
            "seconds": time.perf_counter() - started,
            "probabilities": probabilities.tolist(),
            "classes": classes.tolist(),
        }


def _as_google_bert(checkpoint: str, directory: str) -> None:
    """Copies a checkpoint under the names of Google's first one, the only ones `from_preset` knows.

    It insists on a pooler as well, which the classifier does not use.
    """
    shutil.copytree(checkpoint, directory, dirs_exist_ok=True)
    file = Path(directory, "model.safetensors")
    weights = load_file(file)
    size = weights["embeddings.word_embeddings.weight"].shape[1]
    weights["pooler.dense.weight"] = np.zeros((size, size), np.float32)
    weights["pooler.dense.bias"] = np.zeros(size, np.float32)
    norms = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    named = {}
    for name, weight in weights.items():
        for theirs, googles in norms.items():
            name = name.replace(theirs, googles)
        named[f"bert.{name}"] = weight
    save_file(named, file, metadata={"format": "pt"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    answer(score=Task(arguments.checkpoint, arguments.precision).score)
