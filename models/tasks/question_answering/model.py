"""The reader: an encoder, one vector per token, two logits: does the answer begin, or end, here."""

from __future__ import annotations

import keras

from ...encoders.base import Encoder
from ..encoder_head import TokenHead


@keras.saving.register_keras_serializable("reviewlens")
class QuestionAnswerer(TokenHead):
    """Turns a question and a text into logits of where its answer begins and ends, as BERT does.

    (Devlin et al. 2019, section 4.2.) Those of the first token say that there is no answer. `fit`
    takes what the logits shall be, shares padded to the width of the inputs, float [batch, width,
    2], with `keras.losses.CategoricalCrossentropy(from_logits=True, axis=1)`.

    Args:
        encoder: As `load_encoder` gives it.
        dropout: Share of the tokens' units dropped while training.

    Example:
        >>> reader = QuestionAnswerer(encoder)
        >>> tokenizer = encoder.tokenizer(max_tokens=128)
        >>> question, text = tokenizer(["How is it?"]), tokenizer(["Great pasta."])
        >>> pair = join_pairs(tokenizer, question, text)
        >>> reader(encoder.inputs.pack(*pair)).shape[-1]
        2
    """

    def __init__(self, encoder: Encoder, dropout: float = 0.1, name: str = "reader", **kwargs):
        super().__init__(encoder, 2, dropout, name, **kwargs)
