"""What the environment must say before Keras and TensorFlow are imported."""

from __future__ import annotations

import os


def prepare_environment() -> None:
    """Chooses the TensorFlow backend of Keras and silences TensorFlow's start-up notes."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
