"""What a word is, by its characters; the same for all encoders, whatever their pieces."""

from __future__ import annotations

import functools
import sys
import unicodedata
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from ..arrays import search_sorted

# Characters that are a word each, as those who write them put nothing between words: kana and,
# in planes of their own as well, ideographs.
_WORDS_OF_ONE = (
    (0x3040, 0x3100),
    (0x31F0, 0x3200),
    (0x3400, 0x4DC0),
    (0x4E00, 0xA000),
    (0xF900, 0xFB00),
    (0xFF66, 0xFFA0),
    (0x1AFF0, 0x1B170),
    (0x20000, 0x40000),
)
_AT, _HASH, _COLON, _SLASH = map(ord, "@#:/")


def goes_on(codes: tf.Tensor, row_splits: tf.Tensor) -> tf.Tensor:
    """Which characters are of the same word as the one before them, in a graph.

    Letters, digits, marks and what connects them (`_`) make up words, but ideographs and kana are
    words of one character; each other sign is by itself. Two things are one word with their
    signs, as those who name entities take them: the name of a user or a topic, `@paul_w` and
    `#topic`, and an address, which is what stands between spaces and has `://` in it. Otherwise
    what is behind each sign would be learnt to be no entity (benchmarks/NOTES.md).

    Args:
        codes: Code points of texts, one behind the other, int32 [total].
        row_splits: Where each text begins, and the end, int64 [texts + 1].

    Returns:
        bool [total]; False of the first character of a text.

    Example:
        >>> codes = tf.strings.unicode_decode(["@me: a"], "UTF-8")
        >>> goes_on(codes.values, codes.row_splits).numpy().tolist()
        [False, True, True, False, False, False]
    """
    begins = tf.scatter_nd(
        row_splits[:-1, None], tf.ones_like(row_splits[1:]), tf.shape(codes, tf.int64) + 1
    )
    begins = begins[:-1] > 0

    def before(values: tf.Tensor) -> tf.Tensor:
        """What is true of the character before each, in its text."""
        return tf.concat([[False], values], axis=0)[:-1] & ~begins

    letters = _is_in(_letters(), codes)
    # Of `me@home` the sign begins no name.
    name_signs = ((codes == _AT) | (codes == _HASH)) & ~before(letters)
    spaces = _is_in(_spaces(), codes)
    stretch = tf.cumsum(tf.cast(spaces | begins, tf.int32))
    slashes = codes == _SLASH
    ends_scheme = slashes & before(slashes & before(codes == _COLON))
    has_scheme = tf.math.segment_max(tf.cast(ends_scheme, tf.int32), stretch) > 0
    in_address = tf.gather(has_scheme, stretch) & ~spaces
    return (letters & before(letters | name_signs)) | (in_address & before(in_address))


def _is_in(bounds: np.ndarray, codes: tf.Tensor) -> tf.Tensor:
    """Whether characters are between a bound and the next one, of the first with the second, of
    the third with the fourth …, bool."""
    return search_sorted(tf.constant(bounds), codes, side="right") % 2 == 1


@functools.cache
def _letters() -> np.ndarray:
    """Bounds of the code points that words of several characters are made of, int32."""
    categories = np.array([*map(unicodedata.category, _code_points())])
    letters = np.isin(categories.astype("U1"), [*"LNM"]) | (categories == "Pc")
    for start, end in _WORDS_OF_ONE:
        letters[start:end] = False
    return _bounds(letters)


@functools.cache
def _spaces() -> np.ndarray:
    """Bounds of the code points that are white space, int32."""
    return _bounds(np.array([*map(str.isspace, _code_points())]))


def _code_points() -> Iterator[str]:
    """All there are: a million, so that what is asked of each is asked in no line of Python."""
    return map(chr, range(sys.maxunicode + 1))


def _bounds(holds: np.ndarray) -> np.ndarray:
    """Where something of all code points begins and ends to hold; it does not behind the last."""
    return np.flatnonzero(np.diff(holds, prepend=False, append=False)).astype(np.int32)
