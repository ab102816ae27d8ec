"""The tagger: an encoder, one vector per token, one logit per tag."""

from __future__ import annotations

import keras

from ...encoders.base import Encoder
from ..encoder_head import TokenHead


@keras.saving.register_keras_serializable("reviewlens")
class TokenClassifier(TokenHead):
    """Turns the word pieces of texts into logits of tags, as BERT's tagger of names does.

    (Devlin et al. 2019, section 5.3.) `fit` takes tags padded to the width of the inputs, int
    [batch, width], with a loss that leaves out those that are not learnt, such as
    `keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)`.

    Args:
        encoder: As `load_encoder` gives it.
        num_tags: How many tags there are: for entities of some types one, and two of each type.
        dropout: Share of the tokens' units dropped while training.

    Example:
        >>> tagger = TokenClassifier(encoder, num_tags=5)
        >>> tokens = encoder.tokenizer(max_tokens=128)(["Great pasta."])
        >>> tagger(encoder.inputs.pack(tokens)).shape[-1]
        5
    """

    def __init__(
        self,
        encoder: Encoder,
        num_tags: int,
        dropout: float = 0.1,
        name: str = "tagger",
        **kwargs,
    ):
        super().__init__(encoder, num_tags, dropout, name, **kwargs)
        self.num_tags = num_tags

    def get_config(self) -> dict:
        """The arguments it was made with, the encoder serialised."""
        return {**super().get_config(), "num_tags": self.num_tags}
