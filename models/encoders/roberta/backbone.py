"""RoBERTa's encoder as native Keras layers, in the form that a processor computes fastest."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from ..transformer import TransformerEncoder
from .tokenizer import BytePairTokenizer


@keras.saving.register_keras_serializable("reviewlens")
class RobertaEncoder(TransformerEncoder):
    """A stack of post-norm transformer blocks over byte pairs.

    Follows Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019, with the
    same outputs as Hugging Face's `RobertaModel` and keras-hub's `RobertaBackbone`. How it
    computes is said of `TransformerEncoder`.

    RoBERTa counts positions from 2, as the first two rows of its table are of padding; here, as
    in keras-hub, the table begins with the row of the first token.

    Args:
        vocabulary_size: Byte pairs.
        hidden_size: Width of the residual stream, a multiple of `num_heads`.
        num_layers: Transformer blocks.
        num_heads: Attention heads a block.
        intermediate_size: Width of a block's feed-forward part.
        max_positions: Longest input, in byte pairs.
        num_types: Rows of the table of token types: one, which is added to every token, or none;
            with more of them `input_type_ids` is asked for.
        has_pooler: Whether `pooled_output` is what a dense layer and a tanh make of the vector of
            `<s>`; otherwise it is that vector. RoBERTa was trained without one.
        epsilon: Added to the variances that norms divide by.
        approximate_gelu: Whether the activation is the tanh approximation of GELU, or GELU itself.
        dropout: Share of units and of attention weights dropped while training, in [0, 1).
        tokenizer_files: Paths of the files of the tokenizer, by name; see `BytePairTokenizer`.
        seed: Of the dropout; drawn by `keras.utils.set_random_seed` where None.
        **kwargs: `name` and `dtype` of a Keras layer.

    Example:
        >>> encoder = RobertaEncoder(100, 16, 2, 2, 32, max_positions=64)
        >>> ids = keras.ops.ones([3, 5], "int32")
        >>> encoder({"input_word_ids": ids, "input_mask": ids})["sequence_output"].shape
        TensorShape([3, 5, 16])
    """

    padding_id = 1

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        intermediate_size: int,
        max_positions: int = 512,
        num_types: int = 1,
        has_pooler: bool = False,
        epsilon: float = 1e-5,
        approximate_gelu: bool = False,
        dropout: float = 0.1,
        tokenizer_files: Mapping[str, str] | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(
            vocabulary_size,
            hidden_size,
            num_layers,
            num_heads,
            intermediate_size,
            max_positions=max_positions,
            num_types=num_types,
            has_pooler=has_pooler,
            epsilon=epsilon,
            approximate_gelu=approximate_gelu,
            dropout=dropout,
            seed=seed,
            **kwargs,
        )
        self.tokenizer_files = dict(tokenizer_files or {})

    def tokenizer(self, max_tokens: int, truncation: str = "head") -> BytePairTokenizer:
        """Its own tokenizer.

        Args:
            max_tokens: Longest output in byte pairs, `<s>` and `</s>` included, at least 2.
            truncation: What stays of longer texts, see `Truncation`.
        """
        return BytePairTokenizer(self.tokenizer_files, max_tokens=max_tokens, truncation=truncation)

    def get_config(self) -> dict:
        """The arguments it was made with."""
        return {**super().get_config(), "tokenizer_files": dict(self.tokenizer_files)}
