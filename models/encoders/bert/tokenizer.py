"""From text to word piece ids, inside the graph, with an encoder's own vocabulary and casing."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_text as text

from ....errors import RunError
from ...arrays import rows_of
from ..formats.reading import read_json, reading
from ..framing import framed
from ..inputs import EncoderInputs
from ..truncation import Truncation

_SPECIAL = re.compile(r"\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]")


class WordpieceTokenizer(tf.Module):
    """BERT's tokenization as one TF Text operation per batch.

    Splits on white space and punctuation, then into the longest known word pieces (Song et
    al., "Fast WordPiece Tokenization", EMNLP 2021). The ids are those of the TF Hub
    preprocessor with the same vocabulary, ten times as fast. They differ in two corners:
    Unicode's other spaces separate words here, as in the original BERT, while the
    preprocessor takes some of them for letters; and punctuation added to Unicode since 2020
    is known to only one of the two.

    Args:
        vocabulary_file: Path of a file with one word piece per line, or of a `tokenizer.json`
            as Hugging Face has it, whose vocabulary counts.
        lower_case: Whether the vocabulary is of lower-cased text without accents.
        max_tokens: Longest output in word pieces, [CLS] and [SEP] included, at least 2.
        truncation: What stays of longer texts, see `Truncation`.

    Attributes:
        vocabulary_file: As given.
        lower_case: As given.
        max_tokens: As given.
        truncation: As given.
        vocabulary_size: Word pieces.
        padding_id: Id of [PAD], 0 in a vocabulary without it.
        start_id: Id of [CLS].
        end_id: Id of [SEP].
        separators: One [SEP] parts two texts.
        mask_id: Id of [MASK], None in a vocabulary without it.
        special_ids: Ids of [PAD], [UNK], [CLS], [SEP], [MASK] and of [unused0] and so on.
        continuations: Which pieces begin with ##, bool [vocabulary_size].

    Raises:
        RunError: There is no file of that name, or the vocabulary lacks one of [CLS], [SEP] and
            [UNK].

    Example:
        >>> tokenizer = WordpieceTokenizer("vocab.txt", lower_case=True, max_tokens=128)
        >>> tokenizer(["Fits well!", ""]).to_list()
        [[101, 16142, 2092, 999, 102], [101, 102]]
    """

    separators = 1

    def __init__(
        self, vocabulary_file: str, *, lower_case: bool, max_tokens: int, truncation: str = "head"
    ):
        super().__init__(name="wordpiece_tokenizer")
        self.vocabulary_file = vocabulary_file
        self.lower_case = lower_case
        self.max_tokens = max_tokens
        self.truncation = truncation
        pieces = read_pieces(vocabulary_file)
        self.vocabulary_size = len(pieces)
        self.padding_id = pieces.index("[PAD]") if "[PAD]" in pieces else 0
        self.start_id, self.end_id = pieces.index("[CLS]"), pieces.index("[SEP]")
        self.mask_id = pieces.index("[MASK]") if "[MASK]" in pieces else None
        special = [index for index, piece in enumerate(pieces) if _SPECIAL.fullmatch(piece)]
        self.special_ids = np.array(special, np.int64)
        self.continuations = np.array([piece.startswith("##") for piece in pieces])
        self._cut = Truncation(max_tokens, truncation)
        self._normalizer, self._pieces = _operations(tuple(pieces), lower_case)

    @property
    def files(self) -> dict[str, str]:
        """Path of the vocabulary, by the name that it has among the assets of a model."""
        name = "tokenizer.json" if self.vocabulary_file.endswith(".json") else "vocab.txt"
        return {name: self.vocabulary_file}

    def __call__(self, texts: tf.Tensor | Sequence[str]) -> tf.RaggedTensor:
        """Tokenizes a batch.

        Args:
            texts: UTF-8 strings [batch]; the batch and each text may be empty.

        Returns:
            Ids, ragged int64 [batch, (pieces)], from [CLS] to [SEP], cut to `max_tokens`.
        """
        tokens = self._cut.cut(self._pieces.tokenize(self._normalizer.normalize(texts)))
        (ids,) = framed(tokens, [(tokens.values, self.start_id, self.end_id)])
        return ids

    def tokenize_with_offsets(
        self, texts: tf.Tensor | Sequence[str]
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor, tf.RaggedTensor]:
        """Tokenizes a batch and tells where its word pieces come from.

        Args:
            texts: UTF-8 strings [batch].

        Returns:
            Ids as of a call; and for each the bytes of the text that it stands for, where they
            begin and where they end, ragged int64 [batch, (pieces)]; 0 and 0 of [CLS] and [SEP].

        Example:
            >>> tokenizer = WordpieceTokenizer("vocab.txt", lower_case=True, max_tokens=128)
            >>> _, starts, ends = tokenizer.tokenize_with_offsets(["Fits well!"])
            >>> starts.to_list(), ends.to_list()
            ([[0, 0, 5, 9, 0]], [[0, 4, 9, 10, 0]])
        """
        normalized, origins = self._normalizer.normalize_with_offsets(texts)
        tokens, starts, ends = map(self._cut.cut, self._pieces.tokenize_with_offsets(normalized))
        # Where in its text each byte of what is normalized comes from, all texts in one array: as
        # a lookup in ragged rows it would take a thousand operations.
        before = tf.gather(origins.row_splits, rows_of(tokens.row_splits))
        starts, ends = (tf.gather(origins.values, of.values + before) for of in (starts, ends))
        ids, starts, ends = framed(
            tokens,
            [(tokens.values, self.start_id, self.end_id), (starts, 0, 0), (ends, 0, 0)],
        )
        return ids, starts, ends


@functools.lru_cache(maxsize=2)
def _operations(
    pieces: tuple[str, ...], lower_case: bool
) -> tuple[text.FastBertNormalizer, text.FastWordpieceTokenizer]:
    """The two of which TF Text makes its `FastBertTokenizer`, to be had one by one.

    Their tables take as long to make as the rest of a graph, and Transform asks for seven graphs.
    """
    # What is kept must not be of the graph that is being traced, if there is one.
    with tf.init_scope():
        return (
            text.FastBertNormalizer(lower_case_nfd_strip_accents=lower_case),
            text.FastWordpieceTokenizer(list(pieces), token_out_type=tf.int64),
        )


def read_pieces(path: str) -> list[str]:
    """Reads a vocabulary of word pieces.

    Args:
        path: See `WordpieceTokenizer`.

    Returns:
        The pieces in the order of their ids.

    Raises:
        RunError: There is no file of that name, or it lacks one of [CLS], [SEP] and [UNK].

    Example:
        >>> read_pieces("vocab.txt").index("[CLS]")
        101
    """
    pieces = _pieces(path)
    missing = [piece for piece in ("[CLS]", "[SEP]", "[UNK]") if piece not in pieces]
    if missing:
        raise RunError(f"{path} is no BERT vocabulary: no line {' and no '.join(missing)}")
    return pieces


def _pieces(path: str) -> list[str]:
    if not path.endswith(".json"):
        # Not splitlines(): a vocabulary has pieces that Unicode calls line breaks.
        with reading(path), tf.io.gfile.GFile(path) as file:
            return file.read().removesuffix("\n").split("\n")
    with reading(path):
        ids = read_json(path)["model"]["vocab"]
        pieces = sorted(ids, key=ids.__getitem__)
        if [ids[piece] for piece in pieces] != list(range(len(pieces))):
            raise ValueError("the ids of its vocabulary are not those from 0 on, each once")
        return pieces


def pack_inputs(tokens: tf.RaggedTensor) -> dict[str, tf.Tensor]:
    """Pads a batch of one-segment texts to its longest, as BERT's encoders take it.

    Args:
        tokens: Ids, ragged int [batch, (pieces)], [CLS] and [SEP] included.

    Returns:
        `input_word_ids`, `input_mask` (1 for real tokens) and `input_type_ids` (all 0), each
        int32 [batch, longest]; an empty batch is [0, 1].

    Example:
        >>> pack_inputs(tf.ragged.constant([[101, 102], [101, 999, 102]]))["input_mask"]
        <tf.Tensor: shape=(2, 3), dtype=int32, numpy=
        array([[1, 1, 0],
               [1, 1, 1]], dtype=int32)>
    """
    return EncoderInputs().pack(tokens)
