"""Learns the word pieces of some texts, with TensorFlow Text's own learner."""

from __future__ import annotations

import collections
import math
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_text as text

# By its module: the package imports it nowhere.
from tensorflow_text.tools.wordpiece_vocab import wordpiece_tokenizer_learner_lib as learner

from ..vocabularies import LEAST_SEEN, too_small_a_text

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_JOINER = "##"
# Longer words become [UNK] whatever the vocabulary.
_LONGEST_WORD = 50
_ITERATIONS = 4
# A vocabulary that is this much too large is cut: texts become as many pieces (within 0.3 %)
# as with one that is nearly of the size, and to find that takes several times as long.
_SLACK = 0.25
# What BERT makes a word of its own: punctuation, ASCII's symbols, ideographs.
_ALONE = (
    r"[!-/:-@\[-`{-~\p{P}"
    r"\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{2A6DF}"
    r"\x{2A700}-\x{2CEAF}\x{2F800}-\x{2FA1F}]"
)


def split_words(texts: Sequence[bytes], lower_case: bool) -> list[bytes]:
    """Cuts texts into the words that a `WordpieceTokenizer` makes pieces of.

    Args:
        texts: In UTF-8.
        lower_case: Whether they are lower-cased and stripped of accents before.

    Returns:
        All words of all texts, each as often as it stands there.

    Example:
        >>> split_words([b"Fits well!"], lower_case=True)
        [b'fits', b'well', b'!']
    """
    normalized = text.FastBertNormalizer(lower_case).normalize(tf.constant(texts, tf.string))
    words = text.regex_split(normalized, rf"\s+|{_ALONE}", _ALONE)
    return words.flat_values.numpy().tolist()


def learn_word_pieces(counts: Sequence[tuple[str, int]], size: int) -> list[str]:
    """Learns a vocabulary that cuts frequent words into few pieces.

    TensorFlow Text's learner takes every piece that is seen a number of times; here that number
    is sought by which there are at least as many pieces as asked for, and of these the rarest are
    left out. All characters that are known are there as a piece of their own, where they begin a
    word and, unless they always stand alone, where they do not: no word of them is unknown.

    Args:
        counts: Words as `split_words` has them, and how often each was seen; every word once.
        size: Pieces, the five special ones included.

    Returns:
        The pieces, the special ones first; always the same of the same counts.

    Raises:
        RunError: Fewer pieces than that are seen twice.

    Example:
        >>> counts = [("fit", 9), ("fits", 7), ("sits", 3)]
        >>> learn_word_pieces(counts, 16)[5:]
        ['f', 'i', 's', 't', '##f', '##i', '##s', '##t', 'fit', 'fits', 'sits']
    """
    known = _frequent_characters(counts, size // 4)
    words = [
        (word, count)
        for word, count in counts
        if len(word) <= _LONGEST_WORD and word not in SPECIAL and known.issuperset(word)
    ]
    alone = _standing_alone(sorted(known))
    needed = [*SPECIAL, *sorted(known), *(_JOINER + letter for letter in sorted(known - alone))]
    left_out = {*needed, *(_JOINER + letter for letter in alone)}

    def learn(times: int) -> list[str]:
        """What is needed, then what else was seen so many times, the frequent first."""
        parameters = learner.Params(
            upper_thresh=None,
            lower_thresh=None,
            num_iterations=_ITERATIONS,
            max_input_tokens=-1,
            max_token_length=_LONGEST_WORD,
            max_unique_chars=len(known),
            vocab_size=size,
            slack_ratio=0.0,
            include_joiner_token=True,
            joiner=_JOINER,
            reserved_tokens=SPECIAL,
        )
        found = learner.learn_with_thresh(words, times, parameters)
        return [*needed, *(piece for piece in found if piece not in left_out)]

    # As many words as pieces are asked for tell about how often a piece is seen.
    seen = sorted((count for _, count in words), reverse=True)
    return _search(learn, size, seen[size - 1] if size <= len(seen) else LEAST_SEEN)[:size]


def _search(learn: Callable[[int], list[str]], size: int, times: int) -> list[str]:
    """The smallest vocabulary of at least a size, or one that is hardly larger.

    Args:
        learn: Makes the vocabulary of what is seen so many times; the more, the smaller.
        size: That it shall have.
        times: Where to begin.

    Raises:
        RunError: If even that of all that was seen twice is smaller.
    """
    # That with `fewest` is large enough, unless it is `LEAST_SEEN`; that with `most` is not.
    fewest, most, found = LEAST_SEEN, 0, None
    times = max(times, LEAST_SEEN)
    while True:
        vocabulary = learn(times)
        if len(vocabulary) >= size:
            fewest, found = times, vocabulary
            if len(vocabulary) <= size * (1 + _SLACK):
                return vocabulary
        elif times == LEAST_SEEN:
            raise too_small_a_text(size, len(vocabulary))
        else:
            most = times
        if found is not None and most and most - fewest <= 1:
            return found
        # Counts of words span many orders of magnitude.
        times = max(fewest + (found is not None), math.isqrt(fewest * most)) if most else 2 * times


def _frequent_characters(counts: Sequence[tuple[str, int]], most: int) -> set[str]:
    """So many characters at most, the most frequent ones."""
    seen: collections.Counter[str] = collections.Counter()
    for word, count in counts:
        for letter in word:
            seen[letter] += count
    return set(sorted(seen, key=lambda letter: (-seen[letter], letter))[:most])


def _standing_alone(letters: Sequence[str]) -> set[str]:
    """Those characters that are always words of their own."""
    rows = text.regex_split([f"a{letter}" for letter in letters], _ALONE, _ALONE)
    return {letters[row] for row in np.flatnonzero(rows.row_lengths() > 1)}
