"""Texts as the serialized examples that a signature such as `classify` takes."""

from __future__ import annotations

import tensorflow as tf


def to_example(text: bytes) -> bytes:
    """A serialized `tf.Example` with the bytes feature `text`, as `classify` takes it."""
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text]))
    return tf.train.Example(
        features=tf.train.Features(feature={"text": feature})
    ).SerializeToString()
