"""One way to load any text encoder."""

from __future__ import annotations

from .bert.backbone import BertEncoder, is_convertible
from .formats.saved_model import SavedEncoder
from .saved_model.backbone import HubEncoder


def load_encoder(
    directory: str, *, native: bool = True, dropout: float = 0.1, name: str = "encoder"
) -> BertEncoder | HubEncoder:
    """Loads a text encoder for fine-tuning.

    Both kinds of layer take `{"input_word_ids", "input_mask", "input_type_ids"}`, int32
    [batch, length], and give `{"sequence_output": [batch, length, hidden_size],
    "pooled_output": [batch, hidden_size]}`. Both have the attributes `hidden_size`,
    `num_layers`, `max_positions`, `vocabulary_file` and `lower_case`.

    Args:
        directory: A SavedModel with the TF Hub API, as `fetch_encoder` leaves it.
        native: Convert it to Keras layers where its variables follow BERT's naming; where they
            do not, or where this is False, the SavedModel itself is fine-tuned.
        dropout: Share of units dropped while training, in [0, 1). A SavedModel that is not
            converted keeps its own.
        name: Name of the layer.

    Returns:
        The encoder, its weights trainable.

    Raises:
        RunError: The folder holds no SavedModel, or one that is no text encoder.

    Example:
        >>> encoder = load_encoder(directory)
        >>> encoder(pack_inputs(tokenizer(["Fits well."])))["pooled_output"].shape
        TensorShape([1, 384])
    """
    if native and is_convertible(SavedEncoder(directory)):
        return BertEncoder.from_saved_model(directory, dropout=dropout, name=name)
    return HubEncoder(directory, name=name)
