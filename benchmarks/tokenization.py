"""Tokenizes with reviewlens and with Hugging Face's tokenizers on one core, in turn.

    python benchmarks/tokenization.py womens_clothing_reviews.csv

Ours is what Transform's graph does: `WordpieceTokenizer` in a `tf.function`. All take Python's
strings in batches of 1,000 and leave ids; these are compared. Prints a Markdown table and
appends the figures to `results/tokenization.json`. Needs `make bench-peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import time

import tensorflow as tf
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record
from reviews import RECIPE, read_reviews
from tables import print_table
from workers import peer_python, working

from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.encoders.sources.minilm import minilm_files

BATCH = 1_000
MAX_TOKENS = RECIPE.model.max_tokens
OURS = "reviewlens, WordpieceTokenizer in a graph"
# Names in the table, and how `peers/tokenize_transformers.py` calls them.
PEERS_OF_OURS = {
    "transformers, BertTokenizerFast": "transformers",
    "tokenizers, encode_batch_fast": "tokenizers",
}


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, help="reviews drawn; all if left out")
    parser.add_argument("--repeats", type=int, default=5)
    add_peers(parser, PEERS_OF_OURS)
    arguments = parser.parse_args()

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    texts, _ = read_reviews(arguments.csv, arguments.rows)
    ours = Ours()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    with contextlib.ExitStack() as stack:
        if arguments.peers:
            script = str(PEERS / "tokenize_transformers.py")
            command = [peer_python(), script, minilm_files(), f"--max-tokens={MAX_TOKENS}"]
            peer = stack.enter_context(working(command, threads=1))

        def measure(system: str, with_ids: bool = False) -> dict:
            if system == OURS:
                return ours.tokenize(texts, with_ids)
            how = PEERS_OF_OURS[system]
            return peer.ask("tokenize", texts=texts, how=how, batch_size=BATCH, with_ids=with_ids)

        systems = (OURS, *arguments.peers)
        # Comparing is the warm-up, too.
        ids = {system: measure(system, with_ids=True)["ids"] for system in systems}
        speeds = {system: [] for system in systems}
        for _ in range(arguments.repeats):
            for system, found in speeds.items():
                found.append(len(texts) / measure(system)["seconds"])
    rows = [
        {
            "system": system,
            "reviews_per_second": found,
            "differing": sum(a != b for a, b in zip(ids[system], ids[OURS], strict=True)),
        }
        for system, found in speeds.items()
    ]
    print_rows(rows)
    print_left_out(PEERS_OF_OURS, arguments.peers)
    facts = {"rows": len(texts), "tokens": sum(map(len, ids[OURS])), "systems": rows}
    append_record("tokenization", {"threads": 1, **facts})


class Ours:
    """The tokenizer as Transform's graph has it."""

    def __init__(self):
        vocabulary = os.path.join(minilm_files(), "vocab.txt")
        tokenizer = WordpieceTokenizer(vocabulary, lower_case=True, max_tokens=MAX_TOKENS)
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
