"""The feature `spans` as tensors, for the graph of Transform; see `spans`."""

from __future__ import annotations

import tensorflow as tf


def read_spans(lines: tf.Tensor, fields: int) -> tf.RaggedTensor:
    """Reads parts of texts.

    Args:
        lines: Numbers with a colon between them for each part, and a space between the parts;
            string [batch].
        fields: How many numbers each part has.

    Returns:
        Ragged int64 [batch, (parts), fields].

    Example:
        >>> read_spans(tf.constant(["4:8:0 13:20:1", ""]), 3).to_list()
        [[[4, 8, 0], [13, 20, 1]], []]
    """
    spans = tf.strings.split(lines)
    found = tf.strings.split(spans.values, ":").to_tensor(shape=[None, fields])
    # Where there is no part at all there is nothing to read a number of.
    numbers = tf.strings.to_number(tf.where(found == "", "0", found), tf.int64)
    return spans.with_values(numbers)
