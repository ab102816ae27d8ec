"""Scores raw texts with ONNX Runtime, as `score.py` asks.

The model is exported by PyTorch, its operations are fused by ONNX Runtime's optimizer for BERT
and, for int8, quantized dynamically. Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from decision import conclude
from mean_pooled_bert import load_classifier
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from worker import answer

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Task:
    """A session and the tokenizer.

    Args:
        checkpoint: Of `convert.py`.
        precision: `float32` or `int8`.
        threads: Of an operation.
    """

    def __init__(self, checkpoint: str, precision: str, threads: int):
        self._decision = json.loads(Path(checkpoint, "decision.json").read_text())
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        with tempfile.TemporaryDirectory() as scratch:
            path = export(checkpoint, scratch)
            if precision == "int8":
                quantize_dynamic(
                    path,
                    path,
                    weight_type=QuantType.QInt8,
                    # As fast here as one scale for all channels, and closer to float32.
                    per_channel=True,
                    # What comes out of a fused operation is not to be inferred.
                    extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
                )
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )

    def score(self, texts: list[str], batch_size: int) -> dict:
        """Scores texts; gives seconds, probabilities and class indices.

        Args:
            texts: Raw reviews; batches are of similar lengths, padded to their longest.
            batch_size: Reviews at a time.
        """
        started = time.perf_counter()
        tokens = self._tokenizer(texts, truncation=True)["input_ids"]
        order = np.argsort([-len(row) for row in tokens], kind="stable")
        logits = np.zeros((len(texts), len(self._decision["grades"])), np.float32)
        for at in range(0, len(order), batch_size):
            rows = order[at : at + batch_size]
            logits[rows] = self._session.run(None, _pad([tokens[row] for row in rows]))[0]
        probabilities, classes = conclude(logits, self._decision)
        return {
            "seconds": time.perf_counter() - started,
            "probabilities": probabilities.tolist(),
            "classes": classes.tolist(),
        }


def export(checkpoint: str, directory: str) -> str:
    """Writes the optimized ONNX model; returns its path."""
    plain, fused = f"{directory}/plain.onnx", f"{directory}/fused.onnx"
    # The optimizer knows attention by its separate operations.
    model = load_classifier(checkpoint, attn_implementation="eager")
    example = torch.ones(2, 8, dtype=torch.int64)
    torch.onnx.export(
        _Logits(model),
        (example, example, 0 * example),
        plain,
        input_names=list(_INPUTS),
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in _INPUTS}
        | {"logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    found = optimizer.optimize_model(
        plain,
        "bert",
        num_heads=model.config.num_attention_heads,
        hidden_size=model.config.hidden_size,
    )
    print(f"fused: {found.get_fused_operator_statistics()}")
    found.save_model_to_file(fused)
    return fused


class _Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        return self.model(*inputs).logits


def _pad(rows: list[list[int]]) -> dict[str, np.ndarray]:
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.zeros(mask.shape, np.int64)
    ids[mask] = np.concatenate(rows)
    arrays = ids, mask.astype(np.int64), np.zeros_like(ids)
    return dict(zip(_INPUTS, arrays, strict=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--precision", choices=("float32", "int8"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    task = Task(arguments.checkpoint, arguments.precision, arguments.threads)
    answer(score=task.score)
