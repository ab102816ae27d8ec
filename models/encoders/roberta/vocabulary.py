"""Learns the byte pairs of some texts, with Hugging Face's learner."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

from ..vocabularies import LEAST_SEEN, too_small_a_text
from .byte_pairs import END, MASK, PADDING, START, UNKNOWN

# In the order of RoBERTa's ids; `<mask>` is the last of all.
_SPECIAL = [START, PADDING, END, UNKNOWN]
# The learner counts words itself, one after the other.
_MOST_WORDS = 10_000_000


def split_words(texts: Sequence[bytes]) -> list[bytes]:
    """Cuts texts into the words that a `BytePairTokenizer` makes pieces of.

    Args:
        texts: In UTF-8.

    Returns:
        All words of all texts, each as often as it stands there; spaces are before their word.

    Example:
        >>> split_words([b"Fits well!"])
        [b'Fits', b' well', b'!']
    """
    from tokenizers import pre_tokenizers

    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words = []
    for text in texts:
        decoded = text.decode()
        found = splitter.pre_tokenize_str(decoded)
        words += [decoded[start:end].encode() for _, (start, end) in found]
    return words


def learn_byte_pairs(counts: Sequence[tuple[str, int]], size: int, directory: str) -> None:
    """Learns merges of bytes (Sennrich et al., ACL 2016) and writes them as Hugging Face has them.

    Args:
        counts: Words as `split_words` has them, and how often each was seen; every word once.
        size: Pieces, the 256 bytes and five special ones included.
        directory: Receives `vocab.json` and `merges.txt`; always the same of the same counts.

    Raises:
        RunError: There are fewer pairs that are seen twice.

    Example:
        >>> learn_byte_pairs([("fit", 9), (" fits", 7)], 263, "pairs")
        >>> sorted(os.listdir("pairs"))
        ['merges.txt', 'vocab.json']
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1,
        min_frequency=LEAST_SEEN,
        show_progress=False,
        special_tokens=_SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(_repeated(sorted(counts)), trainer)
    if tokenizer.get_vocab_size() < size - 1:
        raise too_small_a_text(size, tokenizer.get_vocab_size() + 1)
    os.makedirs(directory, exist_ok=True)
    tokenizer.model.save(directory)
    path = os.path.join(directory, "vocab.json")
    with open(path, encoding="utf-8") as file:
        vocabulary = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**vocabulary, MASK: len(vocabulary)}, file, ensure_ascii=False)


def _repeated(counts: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Every word as often as it was seen, or where that is too often a share of it."""
    share = min(1.0, _MOST_WORDS / max(1, sum(count for _, count in counts)))
    for word, count in counts:
        for _ in range(round(count * share)):
            yield word
