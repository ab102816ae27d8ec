"""Writes RoBERTa's encoders as Hugging Face has them."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from ....errors import RunError
from ..conversion import NO_TOKENIZER, activation_name, bert_names, named_weights
from ..formats.hugging_face import write_hugging_face
from ..pretraining_heads import ROBERTA_HEAD
from .backbone import RobertaEncoder

ENCODER = RobertaEncoder


def write(
    encoder: RobertaEncoder, head: Mapping[str, np.ndarray], directory: str, saved_model: bool
) -> None:
    """Writes an encoder and its head; there is no form of TF Hub for it.

    Args:
        encoder: With weights in float32.
        head: See `read_head`.
        directory: There already.
        saved_model: Heeded by others.

    Raises:
        RunError: If it has no tokenizer.
    """
    if not encoder.tokenizer_files:
        raise RunError(NO_TOKENIZER)
    for name, path in encoder.tokenizer_files.items():
        tf.io.gfile.copy(path, os.path.join(directory, name))
    tokenizer = encoder.tokenizer(max_tokens=2)
    # A first token has the position after that of padding.
    first_position = tokenizer.padding_id + 1
    config = {
        "architectures": ["RobertaForMaskedLM" if head else "RobertaModel"],
        "model_type": "roberta",
        "vocab_size": encoder.vocabulary_size,
        "hidden_size": encoder.hidden_size,
        "num_hidden_layers": encoder.num_layers,
        "num_attention_heads": encoder.num_heads,
        "intermediate_size": encoder.intermediate_size,
        "hidden_act": activation_name(encoder.approximate_gelu),
        "hidden_dropout_prob": encoder.dropout,
        "attention_probs_dropout_prob": encoder.dropout,
        "max_position_embeddings": encoder.max_positions + first_position,
        "type_vocab_size": max(encoder.num_types, 1),
        "layer_norm_eps": encoder.epsilon,
        "pad_token_id": tokenizer.padding_id,
        "bos_token_id": tokenizer.start_id,
        "eos_token_id": tokenizer.end_id,
    }
    names = bert_names("roberta.", pooler=encoder.has_pooler, early=False)
    tensors = named_weights(encoder, names, first_position)
    if not encoder.num_types:
        # Hugging Face's has at least one type, which keras-hub's has not.
        table = names.tables["type_embeddings"]
        tensors[table] = np.zeros([1, encoder.hidden_size], np.float32)
    write_hugging_face(directory, config, {**tensors, **ROBERTA_HEAD.rename(head)})
