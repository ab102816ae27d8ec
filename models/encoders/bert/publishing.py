"""Writes BERT's encoders in the forms that others read: TF Hub's and Hugging Face's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ....errors import RunError
from ..conversion import NO_TOKENIZER, activation_name, bert_names, named_weights
from ..formats.hugging_face import write_hugging_face
from ..pretraining_heads import DISTILBERT_HEAD, bert_head
from ..tf_hub import write_saved_model
from .backbone import BertEncoder
from .conversion import TF_HUB, distilbert_names
from .tokenizer import read_pieces

# keras-hub reads no other names; Hugging Face's and ours know them, as the first BERTs have them.
_EARLY = True
# What Hugging Face calls the models: with a head that guesses tokens, with one of next sentences.
_MODELS = {
    (True, True): "BertForPreTraining",
    (True, False): "BertForMaskedLM",
    (False, True): "BertForNextSentencePrediction",
    (False, False): "BertModel",
}
ENCODER = BertEncoder


def write(
    encoder: BertEncoder, head: Mapping[str, np.ndarray], directory: str, saved_model: bool
) -> None:
    """Writes an encoder and its head as Hugging Face has them, and as TF Hub has.

    Args:
        encoder: With weights in float32.
        head: See `read_head`.
        directory: There already.
        saved_model: Whether TF Hub's form is to be there, too.

    Raises:
        RunError: If it has no vocabulary.
    """
    if not encoder.vocabulary_file:
        raise RunError(NO_TOKENIZER)
    vocabulary = os.path.join(directory, "vocab.txt")
    with open(vocabulary, "w", encoding="utf-8", newline="") as file:
        file.writelines(f"{piece}\n" for piece in read_pieces(encoder.vocabulary_file))
    tokenizer = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": encoder.lower_case,
        "model_max_length": encoder.max_positions,
    }
    with open(os.path.join(directory, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump(tokenizer, file, indent=2)
    # Only DistilBERT's has no table of types.
    names, head_names, config = _bert(encoder, head) if encoder.num_types else _distilbert(encoder)
    tensors = {**named_weights(encoder, names), **head_names.rename(head)}
    write_hugging_face(directory, config, tensors)
    if saved_model:
        write_saved_model(
            directory,
            encoder,
            named_weights(encoder, TF_HUB),
            head,
            vocabulary_file=vocabulary,
            lower_case=encoder.lower_case,
        )


def _bert(encoder: BertEncoder, head: Mapping[str, np.ndarray]):
    names = bert_names("bert.", pooler=encoder.has_pooler, early=_EARLY)
    config: dict[str, Any] = {
        "architectures": [_MODELS["dense/kernel" in head, "next_sentence/kernel" in head]],
        "model_type": "bert",
        "vocab_size": encoder.vocabulary_size,
        "hidden_size": encoder.hidden_size,
        "num_hidden_layers": encoder.num_layers,
        "num_attention_heads": encoder.num_heads,
        "intermediate_size": encoder.intermediate_size,
        "hidden_act": activation_name(encoder.approximate_gelu),
        "hidden_dropout_prob": encoder.dropout,
        "attention_probs_dropout_prob": encoder.dropout,
        "max_position_embeddings": encoder.max_positions,
        "type_vocab_size": encoder.num_types,
        "layer_norm_eps": encoder.epsilon,
        "pad_token_id": encoder.padding_id,
    }
    return names, bert_head(early=_EARLY), config


def _distilbert(encoder: BertEncoder):
    config: dict[str, Any] = {
        "architectures": ["DistilBertForMaskedLM"],
        "model_type": "distilbert",
        "vocab_size": encoder.vocabulary_size,
        "dim": encoder.hidden_size,
        "n_layers": encoder.num_layers,
        "n_heads": encoder.num_heads,
        "hidden_dim": encoder.intermediate_size,
        "activation": activation_name(encoder.approximate_gelu),
        "dropout": encoder.dropout,
        "attention_dropout": encoder.dropout,
        "max_position_embeddings": encoder.max_positions,
        "pad_token_id": encoder.padding_id,
    }
    return distilbert_names("distilbert."), DISTILBERT_HEAD, config
