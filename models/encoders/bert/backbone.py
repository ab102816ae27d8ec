"""BERT's encoder as native Keras layers, in the form that a processor computes fastest."""

from __future__ import annotations

import keras

from ..transformer import TransformerEncoder
from .tokenizer import WordpieceTokenizer


@keras.saving.register_keras_serializable("reviewlens")
class BertEncoder(TransformerEncoder):
    """A stack of post-norm transformer blocks over word pieces.

    Follows Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", NAACL 2019,
    with the same outputs as TF Hub's BERT encoders and Hugging Face's `BertModel`; without types
    and pooler it is DistilBERT's (Sanh et al., 2019). How it computes is said of
    `TransformerEncoder`.

    Args:
        vocabulary_size: Word pieces.
        hidden_size: Width of the residual stream, a multiple of `num_heads`.
        num_layers: Transformer blocks.
        num_heads: Attention heads a block.
        intermediate_size: Width of a block's feed-forward part.
        max_positions: Longest input, in word pieces.
        num_types: Different values of `input_type_ids`. With one the input is not asked for,
            with none there is no table of them either.
        approximate_gelu: Whether the activation is the tanh approximation of GELU, as in most
            TF Hub encoders, or GELU itself, as in most of Hugging Face's.
        dropout: Share of units and of attention weights dropped while training, in [0, 1).
        vocabulary_file: Path of the vocabulary that the encoder was trained with.
        lower_case: Whether that vocabulary is of lower-cased text without accents.
        seed: Of the dropout; drawn by `keras.utils.set_random_seed` where None.
        epsilon: Added to the variances that norms divide by.
        has_pooler: Whether `pooled_output` is what a dense layer and a tanh make of [CLS]'s vector;
            otherwise it is that vector.
        **kwargs: `name` and `dtype` of a Keras layer.

    Example:
        >>> encoder = BertEncoder(100, 16, 2, 2, 32, max_positions=64)
        >>> ids = keras.ops.ones([3, 5], "int32")
        >>> outputs = encoder(
        ...     {"input_word_ids": ids, "input_mask": ids, "input_type_ids": 0 * ids}
        ... )
        >>> outputs["sequence_output"].shape, outputs["pooled_output"].shape
        (TensorShape([3, 5, 16]), TensorShape([3, 16]))
    """

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        intermediate_size: int,
        max_positions: int = 512,
        num_types: int = 2,
        approximate_gelu: bool = True,
        dropout: float = 0.1,
        vocabulary_file: str = "",
        lower_case: bool = True,
        seed: int | None = None,
        epsilon: float = 1e-12,
        has_pooler: bool = True,
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
        self.vocabulary_file = vocabulary_file
        self.lower_case = lower_case

    def tokenizer(self, max_tokens: int, truncation: str = "head") -> WordpieceTokenizer:
        """Its own tokenizer.

        Args:
            max_tokens: Longest output in word pieces, [CLS] and [SEP] included, at least 2.
            truncation: What stays of longer texts, see `Truncation`.
        """
        return WordpieceTokenizer(
            self.vocabulary_file,
            lower_case=self.lower_case,
            max_tokens=max_tokens,
            truncation=truncation,
        )

    def get_config(self) -> dict:
        """The arguments it was made with."""
        return {
            **super().get_config(),
            "vocabulary_file": self.vocabulary_file,
            "lower_case": self.lower_case,
        }
