"""Writes encoders that were fine-tuned as SavedModels, as the SavedModels that they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from ...layers.plain_operations import PlainOperations
from ..pretraining_heads import TF_HUB_HEAD
from ..tf_hub import masked_language_part
from .backbone import HubEncoder

ENCODER = HubEncoder


def write(
    encoder: HubEncoder, head: Mapping[str, np.ndarray], directory: str, saved_model: bool
) -> None:
    """Writes a SavedModel anew, with the variables as they are now.

    Args:
        encoder: As it was trained.
        head: See `read_head`; it takes the place of what the SavedModel has as `mlm`.
        directory: There already.
        saved_model: Heeded by others.
    """
    model = encoder.saved
    parts = {
        name: tf.Variable(value, name=name) for name, value in TF_HUB_HEAD.rename(head).items()
    }
    if len(parts) == len(TF_HUB_HEAD.names):
        variables = {variable.name: variable for variable in model.variables}
        model.mlm = masked_language_part(
            model,
            variables["word_embeddings/embeddings:0"],
            parts,
            # BERT's, as a SavedModel does not tell.
            PlainOperations(1e-12, approximate_gelu=True, fuse_norms=False),
            list(model.trainable_variables),
        )
    tf.saved_model.save(model, directory)
