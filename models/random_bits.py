"""Random bits of a number: a generator without a state, in the place of TensorFlow's."""

from __future__ import annotations

import tensorflow as tf


def mix(bits: tf.Tensor) -> tf.Tensor:
    """A hash of 32 bits, of which each depends on all (Wellons's `lowbias32`).

    Args:
        bits: Any numbers, such as places, uint32.

    Returns:
        As many others, which look drawn by chance; 0 of 0.

    Example:
        >>> mix(tf.constant([1, 2], tf.uint32)).numpy()
        array([1753845952, 3507691905], dtype=uint32)
    """
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits ^= tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint32))
        bits *= tf.constant(factor, tf.uint32)
    return bits ^ tf.bitwise.right_shift(bits, tf.constant(16, tf.uint32))
