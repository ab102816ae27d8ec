"""Turns an exported model into a checkpoint for transformers.

Runs in the project's environment, as TensorFlow reads the weights. The result is a folder as
`save_pretrained` of transformers writes it, with a `BertModel`, its tokenizer and, in files of
their own, the classifier's head and its decision.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file
from tensorflow.core.protobuf import saved_model_pb2

# Not to be seen in the weights; so it is in BERT base and in MiniLM.
HEADS = 12
_VARIABLE = re.compile(r"model/_weights/(\d+)/\.ATTRIBUTES/VARIABLE_VALUE$")
_CONSTANT = re.compile(r"(?:^|/)weight_(\d+)$")
_EMBEDDINGS = ("word_embeddings", "position_embeddings", "token_type_embeddings")
_BLOCK_SIZE = 12
# What of the model's card leads from its logits to a class.
_DECISION = ("labels", "grades", "temperature", "stretch", "biases", "offsets")


def convert(version: str, directory: str) -> None:
    """Writes a model of `export_model` with a BERT encoder as a checkpoint in float32.

    Args:
        version: The version directory.
        directory: Where to write; made if missing.

    Raises:
        SystemExit: The model is one of an older reviewlens, or its encoder is no BERT of ours.

    Example:
        >>> convert("runs/reviews/serving/reviews/1", "checkpoint")
        >>> transformers.BertModel.from_pretrained("checkpoint", add_pooling_layer=False)
    """
    card = json.loads(Path(version, "assets.extra", "model.json").read_text(encoding="utf-8"))
    if missing := [key for key in _DECISION if key not in card]:
        raise SystemExit(
            f"{version}: its model.json does not name {', '.join(missing)}; export it again"
        )
    weights = _read_weights(version)
    layers, head = _encoder_weights(weights[:-2]), weights[-2:]
    vocabulary_size, size = layers["embeddings.word_embeddings.weight"].shape
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": vocabulary_size,
        "hidden_size": size,
        "num_hidden_layers": _count_blocks(weights[:-2]),
        "num_attention_heads": HEADS,
        "intermediate_size": len(layers["encoder.layer.0.intermediate.dense.bias"]),
        "max_position_embeddings": len(layers["embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(layers["embeddings.token_type_embeddings.weight"]),
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
    }
    tokenizer = {
        "tokenizer_class": "BertTokenizerFast",
        "do_lower_case": True,
        "model_max_length": card["max_tokens"],
    }
    decision = {key: card[key] for key in _DECISION}
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / "model.safetensors", layers)
    _save(folder / "head.safetensors", {"weight": head[0].T, "bias": head[1]})
    for name, content in (
        ("config.json", config),
        ("tokenizer_config.json", tokenizer),
        ("decision.json", decision),
    ):
        (folder / name).write_text(json.dumps(content, indent=2))
    shutil.copyfile(Path(version, "assets", "vocab.txt"), folder / "vocab.txt")


def _read_weights(version: str) -> list[np.ndarray]:
    """The classifier's weights in the order of `keras.Model.weights`, in float32."""
    reader = tf.train.load_checkpoint(str(Path(version, "variables", "variables")))
    weights = {
        int(found[1]): reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if (found := _VARIABLE.match(name))
    }
    # Those in bfloat16 are constants of the graph.
    saved = saved_model_pb2.SavedModel.FromString(Path(version, "saved_model.pb").read_bytes())
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "Const" and (found := _CONSTANT.search(node.name)):
                weights[int(found[1])] = tf.make_ndarray(node.attr["value"].tensor)
    return [np.asarray(weights[index], np.float32) for index in range(len(weights))]


def _count_blocks(weights: list[np.ndarray]) -> int:
    # Around the blocks: three tables, the embeddings' norm and the pooler.
    blocks, rest = divmod(len(weights) - 7, _BLOCK_SIZE)
    if rest:
        raise SystemExit("this model's encoder is not reviewlens' BertEncoder")
    return blocks


def _encoder_weights(weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """All but the pooler, which a classifier on the mean does not use, under BertModel's names."""
    named = {f"embeddings.{name}.weight": weights[i] for i, name in enumerate(_EMBEDDINGS)}
    named["embeddings.LayerNorm.weight"], named["embeddings.LayerNorm.bias"] = weights[3:5]
    for block in range(_count_blocks(weights)):
        start = 7 + _BLOCK_SIZE * block
        named |= _block_weights(f"encoder.layer.{block}", weights[start : start + _BLOCK_SIZE])
    return named


def _block_weights(prefix: str, weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    dense = {
        "attention.output.dense": weights[2:4],
        "intermediate.dense": weights[6:8],
        "output.dense": weights[8:10],
    }
    parts = (np.split(weight, 3, axis=-1) for weight in weights[:2])
    for name, bias, kernel in zip(("query", "key", "value"), *parts, strict=True):
        dense[f"attention.self.{name}"] = [bias, kernel]
    norms = {"attention.output.LayerNorm": weights[4:6], "output.LayerNorm": weights[10:12]}
    return {
        **{f"{prefix}.{name}.weight": kernel.T for name, (_, kernel) in dense.items()},
        **{f"{prefix}.{name}.bias": bias for name, (bias, _) in dense.items()},
        **{f"{prefix}.{name}.weight": gamma for name, (gamma, _) in norms.items()},
        **{f"{prefix}.{name}.bias": beta for name, (_, beta) in norms.items()},
    }


def _save(path: Path, tensors: dict[str, np.ndarray]) -> None:
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    save_file(contiguous, path, metadata={"format": "pt"})
