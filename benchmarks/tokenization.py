"""Tokenizes with reviewlens and with Hugging Face's tokenizers on one core, in turn.

    python benchmarks/tokenization.py womens_clothing_reviews.csv

First by word pieces, as BERT has them, then by byte pairs, as RoBERTa has them. Ours is what
Transform's graph does: the tokenizer in a `tf.function`. All take Python's strings in batches of
1,000 and leave ids; these are compared. Prints Markdown tables and appends the figures to
`results/tokenization.json`. Needs `make bench-peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
from byte_pairs import byte_pair_files
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record
from reviews import CHECKPOINT, MAX_TOKENS, read_reviews
from tables import print_table
from workers import peer_python, working

from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.encoders.roberta.tokenizer import BytePairTokenizer

BATCH = 1_000


@dataclasses.dataclass(frozen=True)
class Tokenization:
    """A tokenizer of ours, and what it is compared with.

    Attributes:
        kind: Of tokens.
        ours: Its name in the table.
        peers: Names in the table, and how `peers/tokenize_transformers.py` calls them.
        files: Puts the tokenizer's files into a folder that is given, or knows one where they
            are; gives the folder.
        tokenizer: Makes it of that folder.
    """

    kind: str
    ours: str
    peers: Mapping[str, str]
    files: Callable[[str], str]
    tokenizer: Callable[[str], tf.Module]


TOKENIZATIONS = (
    Tokenization(
        "word pieces",
        "reviewlens, WordpieceTokenizer in a graph",
        {
            "transformers, BertTokenizerFast": "transformers",
            "tokenizers, encode_batch_fast": "tokenizers",
        },
        lambda scratch: CHECKPOINT,
        lambda folder: WordpieceTokenizer(
            os.path.join(folder, "vocab.txt"), lower_case=True, max_tokens=MAX_TOKENS
        ),
    ),
    Tokenization(
        "byte pairs",
        "reviewlens, BytePairTokenizer in a graph",
        {
            "transformers, RobertaTokenizer": "transformers",
            "tokenizers, encode_batch_fast": "tokenizers",
        },
        byte_pair_files,
        lambda folder: BytePairTokenizer(
            {name: os.path.join(folder, name) for name in ("vocab.json", "merges.txt")},
            max_tokens=MAX_TOKENS,
        ),
    ),
)


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, help="reviews drawn; all if left out")
    parser.add_argument("--repeats", type=int, default=5)
    add_peers(parser, dict.fromkeys(name for t in TOKENIZATIONS for name in t.peers))
    arguments = parser.parse_args()

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    texts, _ = read_reviews(arguments.csv, arguments.rows)
    for tokenization in TOKENIZATIONS:
        chosen = [name for name in tokenization.peers if name in arguments.peers]
        print(f"\n{tokenization.kind.capitalize()}\n")
        rows, tokens = compare(tokenization, texts, chosen, arguments.repeats)
        print_rows(rows)
        print_left_out(tokenization.peers, chosen)
        facts = {"rows": len(texts), "tokens": tokens, "systems": rows}
        append_record("tokenization", {"threads": 1, "kind": tokenization.kind, **facts})


def compare(
    tokenization: Tokenization, texts: list[str], peers: Sequence[str], repeats: int
) -> tuple[list[dict], int]:
    """Measures ours and peers in turn; gives a row for each, and the number of tokens."""
    with contextlib.ExitStack() as stack:
        folder = tokenization.files(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = Ours(tokenization.tokenizer(folder))
        if peers:
            script = str(PEERS / "tokenize_transformers.py")
            command = [peer_python(), script, folder, f"--max-tokens={MAX_TOKENS}"]
            peer = stack.enter_context(working(command, threads=1))

        def measure(system: str, with_ids: bool = False) -> dict:
            if system == tokenization.ours:
                return ours.tokenize(texts, with_ids)
            how = tokenization.peers[system]
            return peer.ask("tokenize", texts=texts, how=how, batch_size=BATCH, with_ids=with_ids)

        systems = (tokenization.ours, *peers)
        # Comparing is the warm-up, too.
        ids = {system: measure(system, with_ids=True)["ids"] for system in systems}
        speeds = {system: [] for system in systems}
        for _ in range(repeats):
            for system, found in speeds.items():
                found.append(len(texts) / measure(system)["seconds"])
    expected = ids[tokenization.ours]
    rows = [
        {
            "system": system,
            "reviews_per_second": found,
            "differing": sum(a != b for a, b in zip(ids[system], expected, strict=True)),
        }
        for system, found in speeds.items()
    ]
    return rows, sum(map(len, expected))


class Ours:
    """A tokenizer as Transform's graph has it."""

    def __init__(self, tokenizer: tf.Module):
        self._tokenize = tf.function(tokenizer, input_signature=[tf.TensorSpec([None], tf.string)])

    def tokenize(self, texts: list[str], with_ids: bool) -> dict:
        """Tokenizes texts in batches; gives seconds and, if asked for, ids."""
        batches = [texts[at : at + BATCH] for at in range(0, len(texts), BATCH)]
        started = time.perf_counter()
        tokens = [self._tokenize(tf.constant(batch)) for batch in batches]
        arrays = [(batch.values.numpy(), batch.row_splits.numpy()) for batch in tokens]
        seconds = time.perf_counter() - started
        ids = None
        if with_ids:
            ids = [
                values[start:end].tolist()
                for values, splits in arrays
                for start, end in zip(splits, splits[1:], strict=False)
            ]
        return {"seconds": seconds, "ids": ids}


def print_rows(rows: list[dict]) -> None:
    """Prints the table; ratios are of medians."""
    columns = ("system", "reviews/s, median", "lowest", "highest", "times reviewlens")
    columns += ("reviews with other ids",)
    medians = [statistics.median(row["reviews_per_second"]) for row in rows]
    print_table(
        columns,
        (
            (
                row["system"],
                f"{median:,.0f}",
                f"{min(row['reviews_per_second']):,.0f}",
                f"{max(row['reviews_per_second']):,.0f}",
                f"{median / medians[0]:.2f}",
                f"{row['differing']:,}",
            )
            for row, median in zip(rows, medians, strict=True)
        ),
    )


if __name__ == "__main__":
    main()
