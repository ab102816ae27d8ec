"""The examples that `transform` writes, as those read them who look at n-grams.

What Transform keeps is the text. Its n-grams are taken when it is read, in a hundredth of the time
that the rest of a node takes, so that other settings of theirs make no other examples: nothing
that was learnt from these has to be learnt again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from ..models.tasks.base import Task
from ..models.training.tokenized import TokenizedTexts
from .tokenized_examples import TOKENS_FEATURE, joined, read_batches, texts_of

if TYPE_CHECKING:
    from ..models.ngrams.features import NgramFeatures

_TEXT = {"text": tf.io.FixedLenFeature([], tf.string)}
_TOKENS = {"tokens": tf.io.RaggedFeature(tf.int64, value_key=TOKENS_FEATURE)}


def read_ngrams(
    patterns: Sequence[str], split: str, task: Task, features: NgramFeatures
) -> TokenizedTexts:
    """Reads texts as their n-grams, into memory and into an order of our own.

    Args:
        patterns: Files of one split that Transform wrote, globs allowed.
        split: Its name, for the error.
        task: Says which targets the texts have.
        features: Of the classifier that shall read them.

    Returns:
        The texts, the ids of their n-grams as `tokens`, in an order that does not depend on the
        files', nor on whether there is an encoder.

    Raises:
        RunError: If there are none.
    """
    batches = _with_ngrams(read_batches(patterns, task, _TEXT), features)
    columns = joined(batches, split, patterns)
    return texts_of(columns.pop("ngrams"), columns, task).in_canonical_order()


def read_tokens_and_ngrams(
    patterns: Sequence[str], split: str, task: Task, features: NgramFeatures
) -> tuple[TokenizedTexts, TokenizedTexts]:
    """Reads texts both ways, so that a row of the one and of the other is the same text.

    Args:
        patterns: Files of one split that Transform wrote with an encoder, globs allowed.
        split: Its name, for the error.
        task: Says which targets the texts have.
        features: Of the classifier that shall read n-grams.

    Returns:
        The texts as the encoder's tokens, in the order of `read_tokenized`, and as n-grams.

    Raises:
        RunError: If there are none.
    """
    batches = _with_ngrams(read_batches(patterns, task, _TEXT | _TOKENS), features)
    columns = joined(batches, split, patterns)
    tokens = texts_of(columns.pop("tokens"), columns, task)
    order = tokens.canonical_order()
    return tokens.take(order), texts_of(columns.pop("ngrams"), columns, task).take(order)


def _with_ngrams(
    batches: Iterator[dict[str, Any]], features: NgramFeatures
) -> Iterator[dict[str, Any]]:
    for batch in batches:
        text = batch.pop("text")
        yield {**batch, "ngrams": features(text)}
