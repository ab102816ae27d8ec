"""Classes that are made of grades, such as positive of 4 and 5 stars."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def checked_grades(grades: Sequence[int] | None, num_classes: int) -> tuple[int, ...]:
    """The class of each grade.

    Args:
        grades: Class index of each grade; None where each class is one.
        num_classes: How many classes there are.

    Raises:
        ValueError: A class has no grade, or a grade is of no class.
    """
    checked = tuple(range(num_classes) if grades is None else grades)
    if set(checked) != set(range(num_classes)):
        raise ValueError(f"the grades {checked} are not those of {num_classes} classes")
    return checked


def class_logits(logits: tf.Tensor, grades: Sequence[int]) -> tf.Tensor:
    """Adds the probabilities of grades up to those of classes.

    Args:
        logits: Of the grades, float32 [batch, grades].
        grades: Class index of each grade.

    Returns:
        Logits of the classes, float32 [batch, classes].

    Example:
        >>> class_logits(tf.zeros([1, 3]), (0, 1, 1)).numpy().round(3)
        array([[0.   , 0.693]], dtype=float32)
    """
    num_classes = max(grades) + 1
    if tuple(grades) == tuple(range(num_classes)):
        return logits
    members = [
        [grade for grade, owner in enumerate(grades) if owner == index]
        for index in range(num_classes)
    ]
    return tf.stack(
        [tf.reduce_logsumexp(tf.gather(logits, of, axis=1), axis=1) for of in members], 1
    )
