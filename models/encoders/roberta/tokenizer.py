"""From text to the ids of byte pairs, inside the graph, with an encoder's own vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_text as text

from ..characters import Characters
from ..framing import framed
from ..truncation import Truncation
from .byte_pairs import END, MASK, PADDING, START, UNKNOWN, BytePairs, read_byte_pairs
from .sentencepiece_model import PieceType, bpe_model

# White space as Unicode has it, but for the space; RE2's \s is that of ASCII.
_BREAKS = r"\t-\r\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
_BREAK, _WHITE, _BLACK = f"[{_BREAKS}]", f"[ {_BREAKS}]", f"[^ {_BREAKS}]"
# What is encoded like UTF-8 but is no character (surrogates) counts as bytes that are no UTF-8.
_OTHER = rf"[^ {_BREAKS}\p{{L}}\p{{N}}\x{{D800}}-\x{{DFFF}}]"
# GPT-2 cuts texts into words by
#     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
# RE2 cannot look ahead, so here a word takes along all white space before it; what of that is no
# part of the word is cut off afterwards, of the few words that have it.
_WORD = (
    rf"(?:{_WHITE}*{_BREAK})?'(?:s|t|re|ve|m|ll|d)"
    rf"|{_WHITE}*(?:\p{{L}}+|\p{{N}}+|{_OTHER}+)|{_WHITE}+|\C"
)
# Follows every word and is in none, since words of more than one byte are UTF-8.
_CUT = b"\xff\xfe"
_WHITE_CUTS = (
    (rf"^({_WHITE}+)({_WHITE}{_BLACK})", rb"\1" + _CUT + rb"\2"),
    (rf"({_BREAK})({_BLACK})", rb"\1" + _CUT + rb"\2"),
)


class BytePairTokenizer(tf.Module):
    """RoBERTa's tokenization (Liu et al. 2019), which is GPT-2's between `<s>` and `</s>`.

    Cuts a text into words and their bytes into the pieces that byte pair encoding makes of them
    (Sennrich et al., ACL 2016). Ids and offsets are those of Hugging Face's tokenizers, but for
    letters and digits that are new in Unicode since 2021: what serves may not know them, and cuts
    them off from others. Every text has its ids, and they stand for all of its bytes:

    - Names of special tokens are text like any other: a review that says "</s>" does not end there.
    - A byte that is no UTF-8 becomes its own id; the text before and the text after it are
      tokenized as if each stood alone.

    Most words are one piece of the vocabulary and are looked up in a table. The others go through
    SentencePiece, each once a batch.

    Args:
        files: Paths by name, of a Hugging Face folder: `tokenizer.json`, or `vocab.json` and
            `merges.txt`; `tokenizer_config.json` is heeded if it is there.
        max_tokens: Longest output in pieces, `<s>` and `</s>` included, at least 2.
        truncation: What stays of longer texts, see `Truncation`.

    Attributes:
        files: Those of the files that it is made of.
        max_tokens: As given.
        truncation: As given.
        vocabulary_size: All ids are below it.
        start_id: Id of `<s>`.
        end_id: Id of `</s>`.
        separators: Two `</s>` part two texts.
        padding_id: Id of `<pad>`.
        mask_id: Id of `<mask>`; None if the vocabulary has none.
        special_ids: Ids of all that no text becomes.
        continuations: Which pieces begin with no white space, bool [vocabulary_size].
        lower_case: False: the case of letters is kept.

    Raises:
        RunError: The files are not those of RoBERTa's tokenizer; see `read_byte_pairs`.

    Example:
        >>> files = {"tokenizer.json": "roberta/tokenizer.json"}
        >>> tokenizer = BytePairTokenizer(files, max_tokens=128)
        >>> tokenizer(["Fits well!", ""]).to_list()
        [[0, 41, 900, 884, 4, 2], [0, 2]]
    """

    lower_case = False
    separators = 2

    def __init__(self, files: Mapping[str, str], *, max_tokens: int, truncation: str = "head"):
        super().__init__(name="byte_pair_tokenizer")
        pairs = read_byte_pairs(files)
        self.files = pairs.files
        self.max_tokens = max_tokens
        self.truncation = truncation
        self._cut = Truncation(max_tokens, truncation)
        self.vocabulary_size = pairs.size
        self.start_id = pairs.special[START]
        self.end_id = pairs.special[END]
        self.padding_id = pairs.special[PADDING]
        self.mask_id = pairs.special.get(MASK)
        pieces = {piece.encode("latin-1"): index for piece, index in pairs.ids.items()}
        self._lengths, self._leading, self._trailing = _counted(pieces, pairs.size)
        of_text = np.array(list(pieces.values()), np.int64)
        self.special_ids = np.setdiff1d(np.arange(pairs.size), of_text)
        self.continuations = np.zeros(pairs.size, bool)
        self.continuations[[i for piece, i in pieces.items() if not piece[:1].isspace()]] = True
        words = {piece: index for piece, index in pieces.items() if _is_word(piece)}
        # Resources outlive the graph that is being traced, if there is one.
        with tf.init_scope():
            self._merger = text.SentencepieceTokenizer(_merging_model(pairs))
            self._words = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    list(words), list(words.values()), tf.string, tf.int64
                ),
                default_value=-1,
            )

    def __call__(self, texts: tf.Tensor | Sequence[str]) -> tf.RaggedTensor:
        """Tokenizes a batch.

        Args:
            texts: UTF-8 strings [batch]; the batch and each text may be empty.

        Returns:
            Ids, ragged int64 [batch, (pieces)], from `<s>` to `</s>`, cut to `max_tokens`.
        """
        pieces = self._pieces(texts)
        (ids,) = framed(pieces, [(pieces.values, self.start_id, self.end_id)])
        return ids

    def tokenize_with_offsets(
        self, texts: tf.Tensor | Sequence[str]
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor, tf.RaggedTensor]:
        """Tokenizes a batch, and tells what part of its text each piece stands for.

        Args:
            texts: UTF-8 strings [batch]; the batch and each text may be empty.

        Returns:
            The same ids; and where in its text each piece begins and where it ends, in bytes,
            each ragged int64 [batch, (pieces)]. Spaces on either side of a piece are left out; a
            piece that is a part of a character has all of it; `<s>` and `</s>` have 0 and 0.
        """
        ids = self._pieces(texts)
        lengths = tf.gather(self._lengths, ids)
        ends = tf.cumsum(lengths, axis=1) + self._skipped(texts, lengths)
        starts, ends = Characters(texts).whole(ends - lengths, ends)
        starts = tf.minimum(starts + tf.gather(self._leading, ids), ends)
        ends = tf.maximum(ends - tf.gather(self._trailing, ids), starts)
        places = [(starts.values, 0, 0), (ends.values, 0, 0)]
        ids, starts, ends = framed(ids, [(ids.values, self.start_id, self.end_id), *places])
        return ids, starts, ends

    def _pieces(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Ids without `<s>` and `</s>`."""
        parted = tf.strings.regex_replace(texts, _WORD, rb"\0" + _CUT)
        # A word has a piece or more, so what is behind the last that can count stays together. It,
        # or the nothing behind the end of the text, is no word.
        most = -1 if self._cut.tail else self._cut.head
        words = self._cut.cut(tf.strings.split(parted, _CUT, maxsplit=most)[:, :-1])
        known = self._words.lookup(words.values)
        unknown = tf.where(known < 0)
        merged, index = tf.unique(tf.gather_nd(words.values, unknown), tf.int64)
        merged = self._merge(merged)
        # Rows of pieces: of the words that had to be merged, and then of all words.
        rows = tf.concat([merged, tf.RaggedTensor.from_tensor(known[:, tf.newaxis])], axis=0)
        places = merged.nrows() + tf.range(tf.size(known, tf.int64))
        places = tf.tensor_scatter_nd_update(places, unknown, index)
        pieces = words.with_values(tf.gather(rows, places)).merge_dims(1, 2)
        return self._cut.cut(pieces)

    def _skipped(self, texts: tf.Tensor, lengths: tf.RaggedTensor) -> tf.RaggedTensor:
        """For each piece the bytes before it that are in none: those left out of a middle."""
        rows = lengths.value_rowids()
        behind = tf.ragged.range(lengths.row_lengths()).values >= self._cut.head
        sizes = tf.strings.length(texts)
        left_out = tf.cast(sizes, tf.int64) - tf.reduce_sum(lengths, axis=1)
        return lengths.with_values(tf.where(behind, tf.gather(left_out, rows), 0))

    def _merge(self, words: tf.Tensor) -> tf.RaggedTensor:
        """Ids of words [count] by merging their bytes, ragged [count, (pieces)]."""
        for pattern, rewrite in _WHITE_CUTS:
            words = tf.strings.regex_replace(words, pattern, rewrite)
        parts = tf.strings.split(words, _CUT)
        # SentencePiece merges characters: every byte becomes one.
        characters = tf.strings.unicode_transcode(parts.values, "ISO-8859-1", "UTF-8")
        ids = tf.cast(self._merger.tokenize(characters), tf.int64)
        return parts.with_values(ids).merge_dims(1, 2)


def _merging_model(pairs: BytePairs) -> bytes:
    """SentencePiece's model that merges as `pairs` say and has their ids."""
    # No character of Latin-1, so these are in no text.
    pieces = [(f"\u0100{index}", 0.0, PieceType.CONTROL) for index in range(pairs.size)]
    unknown = pairs.special[UNKNOWN]
    pieces[unknown] = (*pieces[unknown][:2], PieceType.UNKNOWN)
    for piece, index in pairs.ids.items():
        pieces[index] = (piece, -float(pairs.ranks.get(piece, 0)), PieceType.NORMAL)
    return bpe_model(pieces)


def _is_word(piece: bytes) -> bool:
    """Whether the piece, where it is a word of `_WORD`, becomes that piece."""
    try:
        letters = piece.decode()
    except UnicodeDecodeError:
        return len(piece) == 1
    white = letters[: len(letters) - len(letters.lstrip())]
    return white in ("", " ", letters)


def _counted(pieces: Mapping[bytes, int], size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By id: how many bytes a piece has, and how many spaces before and behind them."""
    lengths, leading, trailing = np.zeros([3, size], np.int64)
    for piece, index in pieces.items():
        lengths[index] = len(piece)
        leading[index] = len(piece) - len(piece.lstrip(b" "))
        trailing[index] = len(piece) - len(piece.rstrip(b" "))
    return lengths, leading, trailing
