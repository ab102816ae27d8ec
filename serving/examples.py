"""Texts as the serialized examples that a signature such as `classify` takes."""

from __future__ import annotations

import tensorflow as tf


def to_example(text: bytes, **others: bytes) -> bytes:
    """A serialized `tf.Example` with the bytes feature `text`, as `classify` takes it.

    Args:
        text: UTF-8.
        others: Further features, by their names.
    """
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        for name, value in {"text": text, **others}.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
