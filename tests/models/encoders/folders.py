"""Encoders with random weights in the folders that other libraries write, and what they compute.

The computation is in NumPy and by the tensors' own names, so that it knows nothing of ours.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

BERT = {
    "model_type": "bert",
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
}
ROBERTA = {
    **BERT,
    "model_type": "roberta",
    "max_position_embeddings": 42,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
}
DISTILBERT = {
    "model_type": "distilbert",
    "dim": 16,
    "n_layers": 2,
    "n_heads": 2,
    "hidden_dim": 32,
    "max_position_embeddings": 40,
    "activation": "gelu",
}


def random_tensors(
    config: Mapping,
    vocabulary_size: int,
    prefix: str = "",
    pooler: bool = True,
    scale: float = 0.3,
) -> dict[str, np.ndarray]:
    """Weights of an encoder under Hugging Face's names, float32."""
    random = np.random.default_rng(0)
    distilled = config["model_type"] == "distilbert"
    size = config["dim" if distilled else "hidden_size"]
    inner = config["hidden_dim" if distilled else "intermediate_size"]
    layers = config["n_layers" if distilled else "num_hidden_layers"]
    shapes = {
        "embeddings.word_embeddings.weight": (vocabulary_size, size),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], size),
    }
    norms = ["embeddings.LayerNorm"]
    dense = {}
    if distilled:
        for block in (f"transformer.layer.{index}." for index in range(layers)):
            norms += [f"{block}sa_layer_norm", f"{block}output_layer_norm"]
            dense |= {
                f"{block}attention.{part}_lin": (size, size) for part in ("q", "k", "v", "out")
            }
            dense |= {f"{block}ffn.lin1": (inner, size), f"{block}ffn.lin2": (size, inner)}
    else:
        shapes["embeddings.token_type_embeddings.weight"] = (config["type_vocab_size"], size)
        for block in (f"encoder.layer.{index}." for index in range(layers)):
            norms += [f"{block}attention.output.LayerNorm", f"{block}output.LayerNorm"]
            dense |= {
                f"{block}attention.self.{part}": (size, size) for part in ("query", "key", "value")
            }
            dense[f"{block}attention.output.dense"] = (size, size)
            dense[f"{block}intermediate.dense"] = (inner, size)
            dense[f"{block}output.dense"] = (size, inner)
        if pooler:
            dense["pooler.dense"] = (size, size)
    for name, shape in dense.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    tensors = {name: random.normal(0, scale, shape) for name, shape in shapes.items()}
    for name in norms:
        tensors[f"{name}.weight"] = random.normal(1, 0.1, size)
        tensors[f"{name}.bias"] = random.normal(0, 0.1, size)
    return {prefix + name: value.astype(np.float32) for name, value in tensors.items()}


def write_folder(
    directory: Path,
    config: Mapping,
    tensors: Mapping[str, np.ndarray],
    tokenizer_files: Mapping[str, str],
    dtype: str = "float32",
    shards: int = 1,
) -> str:
    """Writes a folder as Hugging Face has it; returns its path."""
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(config))
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    names = sorted(tensors)
    files = [f"model-{part + 1:05d}-of-{shards:05d}.safetensors" for part in range(shards)]
    files = files if shards > 1 else ["model.safetensors"]
    placed = {name: files[place % shards] for place, name in enumerate(names)}
    for file in files:
        mine = {name: tensors[name].astype(kind) for name in names if placed[name] == file}
        _save(directory / file, mine)
    if shards > 1:
        index = {"metadata": {}, "weight_map": placed}
        (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    for name, path in tokenizer_files.items():
        shutil.copyfile(path, directory / name)
    return str(directory)


def write_words(directory: Path) -> str:
    """Writes an encoder of the toy family of `toy_family/`; returns its path."""
    random = np.random.default_rng(0)
    shapes = {"table": (31, 8), "kernel": (8, 8), "bias": (8,)}
    tensors = {name: random.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    directory = Path(write_folder(directory, {"model_type": "words"}, tensors, {}))
    (directory / "vocab.txt").write_text("28")
    return str(directory)


def write_preset(folder: Path, backbone, tokenizer: dict, assets: Mapping[str, str]) -> str:
    """Saves a backbone of keras-hub, its weights moved at random, as a preset.

    Args:
        folder: Where to; made.
        backbone: Any of keras-hub's.
        tokenizer: Class and configuration of the tokenizer.
        assets: The tokenizer's files, by the names that keras-hub has for them.

    Returns:
        Path of the folder.
    """
    random = np.random.default_rng(0)
    for weight in backbone.weights:
        weight.assign(weight + random.normal(0, 0.3, weight.shape))
    backbone.save_to_preset(str(folder))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "assets" / "tokenizer").mkdir(parents=True)
    for name, path in assets.items():
        shutil.copyfile(path, folder / "assets" / "tokenizer" / name)
    return str(folder)


def _save(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """As `save_file`, which knows no bfloat16 of NumPy."""
    if any(value.dtype == ml_dtypes.bfloat16 for value in tensors.values()):
        header, content = {"__metadata__": {"format": "pt"}}, b""
        for name, value in tensors.items():
            end = len(content) + value.nbytes
            offsets = [len(content), end]
            header[name] = {"dtype": "BF16", "shape": value.shape, "data_offsets": offsets}
            content += value.tobytes()
        encoded = json.dumps(header).encode()
        path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + content)
    else:
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)


def encode(config: Mapping, tensors: Mapping[str, np.ndarray], ids, mask, types=None) -> dict:
    """What the model computes, in float64."""
    find = {name.split(".", 1)[1]: value for name, value in tensors.items()}
    find |= dict(tensors)
    weights = {name: value.astype(np.float64) for name, value in find.items()}
    distilled = config["model_type"] == "distilbert"
    heads = config["n_heads" if distilled else "num_attention_heads"]
    epsilon = config.get("layer_norm_eps", 1e-12)
    first = config["pad_token_id"] + 1 if config["model_type"] == "roberta" else 0

    def norm(values, name):
        centered = values - values.mean(-1, keepdims=True)
        scaled = centered / np.sqrt((centered**2).mean(-1, keepdims=True) + epsilon)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def dense(values, name):
        return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def split(values):
        return values.reshape(*values.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    hidden = weights["embeddings.word_embeddings.weight"][ids]
    positions = weights["embeddings.position_embeddings.weight"]
    hidden = hidden + positions[first : first + ids.shape[1]]
    if not distilled:
        kinds = np.zeros_like(ids) if types is None else types
        hidden = hidden + weights["embeddings.token_type_embeddings.weight"][kinds]
    hidden = norm(hidden, "embeddings.LayerNorm")
    names = (
        ("transformer.layer.{}.", "attention.{}_lin", ("q", "k", "v"), "attention.out_lin")
        + ("sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm")
        if distilled
        else ("encoder.layer.{}.", "attention.self.{}", ("query", "key", "value"))
        + ("attention.output.dense", "attention.output.LayerNorm", "intermediate.dense")
        + ("output.dense", "output.LayerNorm")
    )
    begin, projection, parts, out, attention_norm, inner, outer, output_norm = names
    for index in range(config["n_layers" if distilled else "num_hidden_layers"]):
        block = begin.format(index)
        query, key, value = (
            split(dense(hidden, block + projection.format(part))) for part in parts
        )
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1])
        scores = np.where(mask[:, None, None, :] == 1, scores, -1e9)
        attention = np.exp(scores - scores.max(-1, keepdims=True))
        attention /= attention.sum(-1, keepdims=True)
        mixed = (attention @ value).transpose(0, 2, 1, 3).reshape(hidden.shape)
        hidden = norm(hidden + dense(mixed, block + out), block + attention_norm)
        activated = _gelu(dense(hidden, block + inner), config.get("hidden_act", "gelu"))
        hidden = norm(hidden + dense(activated, block + outer), block + output_norm)
    pooled = hidden[:, 0]
    if "pooler.dense.weight" in weights:
        pooled = np.tanh(dense(pooled, "pooler.dense"))
    return {
        "sequence_output": hidden.astype(np.float32),
        "pooled_output": pooled.astype(np.float32),
    }


def _gelu(values: np.ndarray, name: str) -> np.ndarray:
    if name == "gelu":
        return values * 0.5 * (1 + np.vectorize(math.erf)(values / math.sqrt(2)))
    return 0.5 * values * (1 + np.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)))
