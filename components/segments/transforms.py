"""The Beam transforms: texts become word pieces, once; then each bucket of documents is packed.

A document goes to a bucket by its hash, and stands in it by its hash. So what it is packed with
depends neither on the runner nor on where its row stood, and memory holds one bucket.
"""

from __future__ import annotations

import dataclasses
import hashlib
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import apache_beam as beam
import numpy as np
import tensorflow as tf

from ...models.encoders.base import Tokenizer
from ...models.encoders.registry import load_tokenizer
from ...models.encoders.truncation import UNCUT
from ...progress import report as report_progress
from ..review_example_gen.writers import ShardWriter
from .accounting import Counts
from .encoding import SegmentEncoder
from .packing import pack
from .spilling import Piece, Spiller, read_documents

# Files are dealt to workers in runs of about this many bytes, packed as they are.
TASK_BYTES = 16 << 20
# Of the files of a bucket: a few times as much in memory.
BUCKET_BYTES = 4 << 20

# Texts that are tokenized at once: the operation takes its time for each call, and memory.
_BATCH_BYTES = 1 << 20
_READ_AT_ONCE = 32


class Packing(NamedTuple):
    """How segments are made.

    Attributes:
        encoder: Folder of the encoder, whose tokenizer is used.
        max_tokens: Of a segment at most, start and end included.
        pairs: Whether segments are pairs.
        seed: Of what is drawn.
    """

    encoder: str
    max_tokens: int
    pairs: bool
    seed: int

    def most(self, tokenizer: Tokenizer) -> int:
        """Pieces of a segment at most, beside the tokens that every one has."""
        return self.max_tokens - 2 - (tokenizer.separators if self.pairs else 0)


class Task(NamedTuple):
    """A run of files that one worker reads, one after the other.

    Attributes:
        number: Of the task.
        split: Of which split they are.
        buckets: To how many buckets the documents of the split are dealt.
        files: Their paths.
    """

    number: int
    split: str
    buckets: int
    files: tuple[str, ...]


def plan_tasks(splits: dict[str, Sequence[tuple[str, int]]]) -> list[Task]:
    """Deals files to tasks, in their order.

    Args:
        splits: Split -> paths and sizes of its files.

    Returns:
        Tasks of one file, or of as many as make 16 MiB.
    """
    tasks: list[Task] = []
    for split, files in splits.items():
        total = sum(size for _, size in files)
        # A power of two, so that a little more text seldom packs all of it anew.
        buckets = 1 << (total // BUCKET_BYTES).bit_length()
        run: list[str] = []
        run_size = 0
        for number, (path, size) in enumerate(files, 1):
            run.append(path)
            run_size += size
            if run_size >= TASK_BYTES or number == len(files):
                tasks.append(Task(len(tasks), split, buckets, tuple(run)))
                run, run_size = [], 0
    return tasks


class MakeSegments(beam.PTransform):
    """Tokenizes and packs the texts of examples, and writes examples of segments into a folder.

    Args:
        tasks: From `plan_tasks`.
        packing: How segments are made.
        folder: Where the parts are written; must exist.

    Returns:
        From `expand`, a collection of one `Counts` of each bucket that has a document, as JSON.
    """

    def __init__(self, tasks: Sequence[Task], packing: Packing, folder: str):
        super().__init__()
        self._tasks = tasks
        self._packing = packing
        self._folder = folder

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[str]:
        return (
            pipeline
            | "Tasks" >> beam.Create(list(self._tasks))
            | "ToWorkers" >> beam.Reshuffle()
            | "Tokenize" >> beam.ParDo(_Tokenize(self._packing, self._folder))
            | "Buckets" >> beam.GroupByKey()
            | "Pack" >> beam.ParDo(_Pack(self._packing, self._folder))
        )


class _WithTokenizer(beam.DoFn):
    def __init__(self, packing: Packing, folder: str):
        self._packing = packing
        self._folder = folder
        self._done = 0

    def setup(self):
        self._tokenizer = load_tokenizer(self._packing.encoder, max_tokens=UNCUT)
        size = self._tokenizer.vocabulary_size
        self._dtype = np.dtype(np.uint16 if size <= 1 << 16 else np.uint32)


@beam.typehints.with_output_types(tuple[str, tuple[str, int, int, int, int]])
class _Tokenize(_WithTokenizer):
    def process(self, task: Task) -> Iterator[tuple[str, tuple]]:
        spiller = Spiller(self._folder, task.buckets, self._dtype)
        try:
            for texts in _batches(task.files):
                self._add(texts, spiller, task.buckets)
                for bucket, piece in spiller.full():
                    yield f"{task.split}/{bucket}", tuple(piece)
            for bucket, piece in spiller.rest():
                yield f"{task.split}/{bucket}", tuple(piece)
        finally:
            spiller.close()

    def _add(self, texts: list[tuple[bytes, list[int]]], spiller: Spiller, buckets: int) -> None:
        """Tokenizes texts by their sentences, each with the white space before it.

        So the pieces are those of the whole text, whether or not white space is part of them.
        """
        sentences = [
            text[start:end]
            for text, ends in texts
            for start, end in zip([0, *ends], ends, strict=False)
        ]
        tokens = self._tokenizer(tf.constant(sentences, tf.string))
        ids = tokens.values.numpy()
        splits = tokens.row_splits.numpy()
        # Between start and end.
        lengths = np.diff(splits) - 2
        inner = np.ones(len(ids), bool)
        inner[splits[:-1]] = inner[splits[1:] - 1] = False
        ids = ids[inner]
        places = np.concatenate([[0], np.cumsum(lengths)])
        row = 0
        for text, ends in texts:
            rows = slice(row, row + len(ends))
            row += len(ends)
            of_text = ids[places[rows.start] : places[rows.stop]]
            # Of a sentence of characters that mean nothing to the encoder nothing is left.
            of_sentences = lengths[rows][lengths[rows] > 0]
            if len(of_text):
                digest = hashlib.blake2b(text, digest_size=20).digest()
                bucket = int.from_bytes(digest[16:], "big") % buckets
                spiller.add(bucket, digest[:16], of_sentences, of_text)
        self._done += len(texts)
        report_progress(self._done, None, "texts tokenized")


@beam.typehints.with_output_types(str)
class _Pack(_WithTokenizer):
    def process(self, element: tuple[str, Iterable[tuple]]) -> Iterator[str]:
        bucket, pieces = element
        split, _, number = bucket.partition("/")
        documents = read_documents([Piece(*piece) for piece in pieces], self._dtype)
        continues = self._tokenizer.continuations[documents.ids]
        documents = dataclasses.replace(documents, continues=continues)
        counts = Counts.of_documents(split, int(number), documents)
        encoder = SegmentEncoder(documents.ids, self._tokenizer)
        writer = ShardWriter(f"{self._folder}/{split}-{number}-{uuid.uuid4().hex}")
        generator = random.Random(f"{self._packing.seed}/{bucket}")
        most = self._packing.most(self._tokenizer)
        for segment in pack(documents, most, self._packing.pairs, generator):
            writer.write(encoder.encode(segment))
            counts.add(segment, encoder.length(segment))
        writer.close()
        counts.shards = writer.paths
        self._done += 1
        report_progress(self._done, None, "buckets packed")
        yield counts.to_json()


def _batches(files: Iterable[str]) -> Iterator[list[tuple[bytes, list[int]]]]:
    """Texts with where their sentences end, as many as are tokenized at once."""
    batch: list[tuple[bytes, list[int]]] = []
    size = 0
    for text, ends in _texts(files):
        batch.append((text, ends))
        size += len(text)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _texts(files: Iterable[str]) -> Iterator[tuple[bytes, list[int]]]:
    records = tf.data.TFRecordDataset(list(files), "GZIP").batch(_READ_AT_ONCE)
    for some in records.as_numpy_iterator():
        for record in some:
            features = tf.train.Example.FromString(record).features.feature
            yield (
                features["text"].bytes_list.value[0],
                list(features["sentences"].int64_list.value),
            )
