"""Tokenizes with Hugging Face's tokenizers, as `tokenization.py` asks.

Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import time

import transformers
from worker import answer


class Task:
    """The tokenizer of transformers, and the one of `tokenizers` inside it.

    Args:
        checkpoint: Folder with `tokenizer.json` or `vocab.txt`.
        max_tokens: Longest output in word pieces.
    """

    def __init__(self, checkpoint: str, max_tokens: int):
        self._max_tokens = max_tokens
        self._fast = transformers.AutoTokenizer.from_pretrained(checkpoint)
        self._bare = transformers.AutoTokenizer.from_pretrained(checkpoint).backend_tokenizer
        self._bare.enable_truncation(max_tokens)
        self._bare.no_padding()

    def tokenize(self, texts: list[str], how: str, batch_size: int, with_ids: bool) -> dict:
        """Tokenizes texts in batches; gives seconds and, if asked for, ids.

        Args:
            texts: Raw reviews.
            how: `transformers` or `tokenizers`.
            batch_size: Texts at a time.
            with_ids: Whether to give the ids.
        """
        batches = [texts[at : at + batch_size] for at in range(0, len(texts), batch_size)]
        tokenize = {"transformers": self._with_transformers, "tokenizers": self._with_tokenizers}
        started = time.perf_counter()
        ids = [row for batch in batches for row in tokenize[how](batch)]
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "ids": ids if with_ids else None}

    def _with_transformers(self, batch: list[str]) -> list[list[int]]:
        found = self._fast(
            batch,
            truncation=True,
            max_length=self._max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        return found["input_ids"]

    def _with_tokenizers(self, batch: list[str]) -> list[list[int]]:
        # Without the offsets into the text, which cost time and which nobody asked for.
        return [encoding.ids for encoding in self._bare.encode_batch_fast(batch)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--max-tokens", type=int, required=True)
    arguments = parser.parse_args()
    answer(tokenize=Task(arguments.checkpoint, arguments.max_tokens).tokenize)
