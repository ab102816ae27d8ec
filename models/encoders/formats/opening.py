"""Which format an encoder's folder is in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import tensorflow as tf

from ....errors import RunError
from ..base import EncoderFiles
from .hugging_face import CONFIG_FILE, WEIGHT_FILES, HuggingFaceFiles
from .keras_hub import KerasHubFiles
from .reading import read_json
from .saved_model import SavedEncoder


def open_encoder_files(directory: str) -> Iterator[EncoderFiles]:
    """Opens the folder of an encoder, of whatever format; nothing in it is run.

    One that `write_encoder` has left is of two formats: as Hugging Face has it comes first, which
    says more of the architecture than a SavedModel does.

    Args:
        directory: A SavedModel with TF Hub's API for text encoders, a folder as Hugging Face
            has it, or a preset of keras-hub; local or remote (`gs://…`).

    Yields:
        Its configuration, tensors and tokenizer files, once a format.

    Raises:
        RunError: The folder holds none of them, or one that is damaged or not whole.
        RunError: Its weights are pickled, which nothing here ever loads.

    Example:
        >>> [files.kind for files in open_encoder_files("all-MiniLM-L6-v2")]
        ['hugging_face']
    """
    configuration = os.path.join(directory, CONFIG_FILE)
    has_graph = tf.io.gfile.exists(os.path.join(directory, "saved_model.pb"))
    has_configuration = tf.io.gfile.exists(configuration)
    if has_graph:
        if has_configuration and WEIGHT_FILES & set(tf.io.gfile.listdir(directory)):
            yield HuggingFaceFiles(directory)
        yield SavedEncoder(directory)
        return
    if not has_configuration:
        raise RunError(
            f"{directory} holds no readable SavedModel, as TF Hub has them, and no {CONFIG_FILE}, "
            "as Hugging Face and keras-hub have it"
        )
    # keras-hub names the class of a model in it, Hugging Face the architecture.
    reader = KerasHubFiles if "class_name" in read_json(configuration) else HuggingFaceFiles
    yield reader(directory)
