"""BERT's encoders from the files that they come as."""

from __future__ import annotations

import numpy as np

from ..base import EncoderFamily, EncoderFiles
from ..formats.saved_model import SavedEncoder
from .backbone import BertEncoder
from .tokenizer import WordpieceTokenizer


def accepts(files: EncoderFiles) -> bool:
    """Whether `BertEncoder` computes the same function as an encoder.

    Args:
        files: Its folder.

    Returns:
        Whether it is a SavedModel whose variables are those of TF Hub's BERT encoders, no more
        and no less.
    """
    if not isinstance(files, SavedEncoder):
        return False
    names = {part for parts in _sources(_count_layers(files)).values() for part in parts}
    # Only BERT's activations are known here; GELU needs no operation of its own.
    return set(files.shapes) == names and not files.operations & {"Relu", "Relu6", "Elu"}


def load(files: SavedEncoder, **kwargs) -> BertEncoder:
    """Makes the encoder, with the weights of the files and, in float32, their outputs.

    Args:
        files: A folder that `accepts` takes.
        **kwargs: `dropout`, `seed`, `name` and `dtype` of the new layer.
    """
    shapes = files.shapes
    sources = _sources(_count_layers(files))
    vocabulary_size, hidden_size = shapes["word_embeddings/embeddings"]
    encoder = BertEncoder(
        vocabulary_size,
        hidden_size,
        _count_layers(files),
        num_heads=shapes["transformer/layer_0/self_attention/query/bias"][0],
        intermediate_size=shapes["transformer/layer_0/intermediate/bias"][0],
        max_positions=shapes["position_embedding/embeddings"][0],
        num_types=shapes["type_embeddings/embeddings"][0],
        approximate_gelu="Erf" not in files.operations,
        vocabulary_file=files.vocabulary_file,
        lower_case=files.lower_case,
        **kwargs,
    )
    for variable in encoder.trainable_weights:
        parts = sources[variable.path.removeprefix(encoder.path + "/")]
        rows = variable.shape[:-1]
        values = [files.read(part).reshape(*rows, -1) for part in parts]
        variable.assign(np.concatenate(values, axis=-1))
    return encoder


def load_tokenizer(files: SavedEncoder, *, max_tokens: int) -> WordpieceTokenizer:
    """Makes the tokenizer of the files, which cuts texts to `max_tokens`."""
    return WordpieceTokenizer(
        files.vocabulary_file, lower_case=files.lower_case, max_tokens=max_tokens
    )


def _count_layers(saved: SavedEncoder) -> int:
    return sum(name.endswith("self_attention/query/bias") for name in saved.shapes)


def _sources(num_layers: int) -> dict[str, list[str]]:
    """Names of TF Hub's variables that make up each variable of ours."""
    outside = {
        "word_embeddings": ["word_embeddings/embeddings"],
        "position_embeddings": ["position_embedding/embeddings"],
        "type_embeddings": ["type_embeddings/embeddings"],
        **_pairs("embeddings_norm", ["embeddings/layer_norm"], "gamma", "beta"),
        **_pairs("pooler", ["pooler_transform"], "kernel", "bias"),
    }
    attention = [f"self_attention/{part}" for part in ("query", "key", "value")]
    inside = {
        **_pairs("query_key_value", attention, "kernel", "bias"),
        **_pairs("attention_output", ["self_attention/attention_output"], "kernel", "bias"),
        **_pairs("attention_norm", ["self_attention_layer_norm"], "gamma", "beta"),
        **_pairs("intermediate", ["intermediate"], "kernel", "bias"),
        **_pairs("output", ["output"], "kernel", "bias"),
        **_pairs("output_norm", ["output_layer_norm"], "gamma", "beta"),
    }
    blocks = {
        f"layer_{index}/{name}": [f"transformer/layer_{index}/{part}" for part in parts]
        for index in range(num_layers)
        for name, parts in inside.items()
    }
    return {**outside, **blocks}


def _pairs(name: str, parts: list[str], *kinds: str) -> dict[str, list[str]]:
    return {f"{name}_{kind}": [f"{part}/{kind}" for part in parts] for kind in kinds}


FAMILY = EncoderFamily("bert", accepts, load, load_tokenizer)
