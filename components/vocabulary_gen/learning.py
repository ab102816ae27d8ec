"""What the node `vocabulary-gen` does: from texts to an encoder that knows none of them yet."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from ...errors import RunError
from ...files import is_disk_full
from ...models.encoders.bert import vocabulary as word_pieces
from ...models.encoders.fresh import BERT, EncoderSize, make_encoder
from ...models.encoders.roberta import vocabulary as byte_pairs
from ...progress import report
from .counting import count_words
from .settings import VocabularySettings

# Words that are learnt from, by each piece that is asked for: what is rarer decides nothing.
_WORDS_OF_A_PIECE = 3
_LEAST_WORDS = 30_000
# Texts that are split at once: the operation takes its time for each call, and memory.
_BATCH_BYTES = 1 << 20
_READ_AT_ONCE = 32


def make_fresh_encoder(
    patterns: Sequence[str],
    directory: str,
    size: EncoderSize,
    settings: VocabularySettings,
    seed: int,
) -> dict[str, Any]:
    """Learns a vocabulary from texts, and writes an encoder of random weights with it.

    The same texts give the same vocabulary, whatever files they are in and in whatever order.

    Args:
        patterns: Files of the examples of one split, globs allowed.
        directory: Receives the encoder.
        size: Of the encoder.
        settings: Of the vocabulary.
        seed: Of the weights.

    Returns:
        The facts of the encoder, as those of one that was fetched; `random_weights` among them.

    Raises:
        RunError: The texts have no word, or fewer pieces than the vocabulary shall have, or the
            disk is full.
    """
    name = f"{size.family}-{size.layers}x{size.hidden}"
    try:
        with tempfile.TemporaryDirectory(prefix="reviewlens-vocabulary-") as scratch:
            files = _learn(_batches(patterns), size.family, settings, scratch)
            facts = make_encoder(directory, size, files, seed=seed, lower_case=settings.lower_case)
    except (OSError, tf.errors.OpError) as error:
        if is_disk_full(error):
            raise RunError(
                "the disk is full while a vocabulary is learnt; free some space and run the same "
                "command again"
            ) from error
        raise
    return {
        "name": name,
        "source": f"random weights of seed {seed}, a vocabulary of these texts",
        "sha256": facts["sha256"],
        "parameters": facts["parameters"],
        "hidden_size": facts["hidden_size"],
        "layers": facts["layers"],
        "vocabulary_size": facts["vocabulary_size"],
        "random_weights": True,
    }


def _learn(
    batches: Iterable[list[bytes]], family: str, settings: VocabularySettings, scratch: str
) -> dict[str, str]:
    """The files of a tokenizer, path by name."""
    most = max(_LEAST_WORDS, _WORDS_OF_A_PIECE * settings.size)
    if family == BERT:
        words = (word_pieces.split_words(texts, settings.lower_case) for texts in batches)
        pieces = word_pieces.learn_word_pieces(_count(words, most, scratch), settings.size)
        path = os.path.join(scratch, "vocab.txt")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.writelines(f"{piece}\n" for piece in pieces)
        return {"vocab.txt": path}
    words = (byte_pairs.split_words(texts) for texts in batches)
    byte_pairs.learn_byte_pairs(_count(words, most, scratch), settings.size, scratch)
    return {name: os.path.join(scratch, name) for name in ("vocab.json", "merges.txt")}


def _count(words: Iterable[list[bytes]], most: int, scratch: str) -> list[tuple[str, int]]:
    counts = count_words(words, most, scratch)
    if not counts:
        raise RunError("the texts of the train split have no words to learn a vocabulary from")
    report(0, None, f"a vocabulary is learnt of {len(counts):,} words")
    return counts


def _batches(patterns: Sequence[str]) -> Iterator[list[bytes]]:
    """Texts, as many as are split at once."""
    files = sorted(tf.io.gfile.glob(list(patterns)))
    records = tf.data.TFRecordDataset(files, "GZIP").batch(_READ_AT_ONCE)
    batch: list[bytes] = []
    size = done = 0
    for some in records.as_numpy_iterator():
        for record in some:
            example = tf.train.Example.FromString(record)
            batch.append(example.features.feature["text"].bytes_list.value[0])
            size += len(batch[-1])
        if size >= _BATCH_BYTES:
            yield batch
            done += len(batch)
            report(done, None, "texts split into words")
            batch, size = [], 0
    if batch:
        yield batch
