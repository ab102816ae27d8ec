"""BERT's encoders from the files that they come as."""

from __future__ import annotations

import functools
import os
from typing import Any

from ....errors import RunError
from ..base import EncoderFamily, EncoderFiles
from ..conversion import (
    TensorNames,
    assign_weights,
    bert_names_in,
    check_tensors,
    configured,
    hugging_face_arguments,
    is_approximate_gelu,
    keras_hub_names,
    prefix_of,
)
from ..formats.reading import read_json, reading
from ..formats.saved_model import SavedEncoder
from .backbone import BertEncoder
from .tokenizer import WordpieceTokenizer, read_pieces

# As BERT's authors set it; SavedModels do not tell, nor do DistilBERT and keras-hub.
_EPSILON = 1e-12
# Other classes split text in other ways, such as Japanese by a dictionary.
_TOKENIZERS = (
    "BertTokenizer",
    "BertTokenizerFast",
    "DistilBertTokenizer",
    "DistilBertTokenizerFast",
    "PreTrainedTokenizerFast",
)

TF_HUB = TensorNames(
    tables={
        "word_embeddings": "word_embeddings/embeddings",
        "position_embeddings": "position_embedding/embeddings",
        "type_embeddings": "type_embeddings/embeddings",
    },
    norms={"embeddings_norm": "embeddings/layer_norm"},
    dense={"pooler": ["pooler_transform"]},
    block=lambda index: f"transformer/layer_{index}/",
    block_norms={
        "attention_norm": "self_attention_layer_norm",
        "output_norm": "output_layer_norm",
    },
    block_dense={
        "query_key_value": [f"self_attention/{part}" for part in ("query", "key", "value")],
        "attention_output": ["self_attention/attention_output"],
        "intermediate": ["intermediate"],
        "output": ["output"],
    },
    norm_kinds=("/gamma", "/beta"),
    dense_kinds=("/kernel", "/bias"),
)
KERAS_HUB = keras_hub_names(
    tables={
        "word_embeddings": "layers/reversible_embedding/vars/0",
        "position_embeddings": "layers/position_embedding/vars/0",
        "type_embeddings": "layers/embedding/vars/0",
    },
    norm="layers/layer_normalization",
    dense={"pooler": ["layers/dense"]},
)


def distilbert_names(prefix: str) -> TensorNames:
    """Hugging Face's names for the weights of DistilBERT.

    Args:
        prefix: See `prefix_of`.
    """
    return TensorNames(
        tables={
            "word_embeddings": f"{prefix}embeddings.word_embeddings.weight",
            "position_embeddings": f"{prefix}embeddings.position_embeddings.weight",
        },
        norms={"embeddings_norm": f"{prefix}embeddings.LayerNorm"},
        dense={},
        block=lambda index: f"{prefix}transformer.layer.{index}.",
        block_norms={"attention_norm": "sa_layer_norm", "output_norm": "output_layer_norm"},
        block_dense={
            "query_key_value": [f"attention.{part}_lin" for part in ("q", "k", "v")],
            "attention_output": ["attention.out_lin"],
            "intermediate": ["ffn.lin1"],
            "output": ["ffn.lin2"],
        },
        norm_kinds=(".weight", ".bias"),
        dense_kinds=(".weight", ".bias"),
        transposed=True,
    )


def accepts(files: EncoderFiles) -> bool:
    """Tells whether an encoder is of BERT's architecture.

    Args:
        files: Its folder.

    Returns:
        Whether its configuration says so; of a SavedModel, which has none, whether its variables
        are those of TF Hub's BERT encoders, no more and no less.
    """
    if not isinstance(files, SavedEncoder):
        return files.architecture in ("bert", "distilbert", "BertBackbone")
    tensors = TF_HUB.sources(_count_layers(files)).values()
    names = {name for parts in tensors for name in parts}
    # Only BERT's activations are known here; GELU needs no operation of its own.
    return set(files.shapes) == names and not files.operations & {"Relu", "Relu6", "Elu"}


def load(files: EncoderFiles, **kwargs) -> BertEncoder:
    """Makes the encoder, with the weights of the files and, in float32, their outputs.

    Args:
        files: A folder that `accepts` takes.
        **kwargs: `dropout`, `seed`, `name` and `dtype` of the new layer.

    Raises:
        RunError: The configuration, the weights and the tokenizer are not those of one encoder,
            or of one that is not BERT's after all.
    """
    names, arguments, within = _description(files)
    check_tensors(
        files,
        [part for parts in names.sources(arguments["num_layers"]).values() for part in parts],
        within,
    )
    tables = {ours: files.shapes[theirs] for ours, theirs in names.tables.items()}
    vocabulary_file, lower_case = vocabulary_of(files)
    encoder = BertEncoder(
        tables["word_embeddings"][0],
        max_positions=tables["position_embeddings"][0],
        num_types=tables["type_embeddings"][0] if "type_embeddings" in tables else 0,
        has_pooler=bool(names.dense),
        vocabulary_file=vocabulary_file,
        lower_case=lower_case,
        **arguments,
        **kwargs,
    )
    assign_weights(encoder, files, names)
    return encoder


def load_tokenizer(files: EncoderFiles, **cut) -> WordpieceTokenizer:
    """Makes the tokenizer of the files, which cuts texts by `max_tokens` and `truncation`."""
    vocabulary_file, lower_case = vocabulary_of(files)
    return WordpieceTokenizer(vocabulary_file, lower_case=lower_case, **cut)


def vocabulary_size(files: EncoderFiles) -> int:
    """Counts the word pieces of the files."""
    return len(read_pieces(vocabulary_of(files)[0]))


def vocabulary_of(files: EncoderFiles) -> tuple[str, bool]:
    """Finds the vocabulary of an encoder of BERT's kind.

    Args:
        files: Its folder.

    Returns:
        Path of the vocabulary, and whether it is of lower-cased text without accents.

    Raises:
        RunError: There is none, or its tokenizer is not BERT's.
    """
    if isinstance(files, SavedEncoder):
        return files.vocabulary_file, files.lower_case
    found = files.tokenizer_files
    names = [name for name in ("vocab.txt", "vocabulary.txt", "tokenizer.json") if name in found]
    if not names:
        raise RunError(f"{files.directory} has no vocabulary: neither vocab.txt nor tokenizer.json")
    if files.kind == "keras_hub":
        path = os.path.join(files.directory, "tokenizer.json")
        with reading(path):
            lower_case = bool(read_json(path)["config"].get("lowercase", False))
        return found[names[0]], lower_case
    return found[names[0]], _is_lower_case(files)


def _description(files: EncoderFiles) -> tuple[TensorNames, dict[str, Any], list[str]]:
    """Names of the tensors, arguments of the encoder, and what its tensors begin with."""
    if isinstance(files, SavedEncoder):
        shapes = files.shapes
        arguments = {
            "hidden_size": shapes["word_embeddings/embeddings"][1],
            "num_layers": _count_layers(files),
            "num_heads": shapes["transformer/layer_0/self_attention/query/bias"][0],
            "intermediate_size": shapes["transformer/layer_0/intermediate/bias"][0],
            "epsilon": _EPSILON,
            "approximate_gelu": "Erf" not in files.operations,
        }
        return TF_HUB, arguments, []
    if files.kind == "keras_hub":
        arguments = {
            "hidden_size": configured(files, "hidden_dim"),
            "num_layers": configured(files, "num_layers"),
            "num_heads": configured(files, "num_heads"),
            "intermediate_size": configured(files, "intermediate_dim"),
            "epsilon": _EPSILON,
            "approximate_gelu": True,
        }
        return KERAS_HUB, arguments, ["layers/"]
    prefix = prefix_of(files, files.architecture)
    if files.architecture == "distilbert":
        arguments = {
            "hidden_size": configured(files, "dim"),
            "num_layers": configured(files, "n_layers"),
            "num_heads": configured(files, "n_heads"),
            "intermediate_size": configured(files, "hidden_dim"),
            "epsilon": _EPSILON,
            "approximate_gelu": is_approximate_gelu(files, "activation"),
        }
        return (
            distilbert_names(prefix),
            arguments,
            [f"{prefix}embeddings.", f"{prefix}transformer."],
        )
    within = [f"{prefix}{part}." for part in ("embeddings", "encoder", "pooler")]
    return bert_names_in(files, prefix), hugging_face_arguments(files), within


def _is_lower_case(files: EncoderFiles) -> bool:
    """Whether the tokenizer of a Hugging Face folder lower-cases texts, as BERT's does then."""
    read = functools.partial(_read_if_there, files)
    config, fast = read("tokenizer_config.json"), read("tokenizer.json")
    name = config.get("tokenizer_class", _TOKENIZERS[0])
    kind = (fast.get("model") or {}).get("type", "WordPiece")
    if name not in _TOKENIZERS or kind != "WordPiece":
        raise RunError(
            f"the tokenizer in {files.directory} is {name} with a {kind} model; BERT's encoders "
            "are known here with BERT's word pieces only"
        )
    normalizer = fast.get("normalizer") or {}
    lower_case = bool(config.get("do_lower_case", normalizer.get("lowercase", True)))
    for settings, chinese in (
        (config, "tokenize_chinese_chars"),
        (normalizer, "handle_chinese_chars"),
    ):
        strips = settings.get("strip_accents")
        if strips not in (None, lower_case) or not settings.get(chinese, True):
            raise RunError(
                f"the tokenizer in {files.directory} treats accents or Chinese characters in its "
                "own way; BERT's strips accents if it lower-cases, and splits at those characters"
            )
    return lower_case


def _read_if_there(files: EncoderFiles, name: str) -> dict[str, Any]:
    return read_json(files.tokenizer_files[name]) if name in files.tokenizer_files else {}


def _count_layers(files: EncoderFiles) -> int:
    return sum(name.endswith("self_attention/query/bias") for name in files.shapes)


FAMILY = EncoderFamily("bert", accepts, load, load_tokenizer, vocabulary_size)
