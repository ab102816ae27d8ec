"""How much of the reviews a model reads, and what is to be said of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...models.rules.rule import Reading
from ...models.rules.texts import HARDLY_READ, OTHER_ENCODER, UnreadTokens
from ...models.settings import AUTO, LEAST_AUTO_TOKENS, MAX_TOKENS

if TYPE_CHECKING:
    from ...models.encoders.base import Tokenizer
    from ...models.encoders.windows import Windows

# `auto` takes the first of 128, 160, … 256 that leaves this share of the tokens unread at most.
# Short reviews are no faster with less, as batches are padded to their longest, and the served
# model may be asked of longer ones; more takes more than twice the memory and time of 128.
_MOST, _STEP = 256, 32
_UNREAD = 0.005
# Above it a person should know.
_WARNED = 0.1
# English reviews are 1.04 to 1.05 pieces a word to MiniLM, French ones 1.5, German ones 2.0 and
# Russian ones 4.3, of which none is unknown; of Chinese ones half are.
_MOST_PIECES = 1.4
_MOST_UNKNOWN = 0.05


def choose_max_tokens(lengths: np.ndarray, max_positions: int) -> int:
    """Chooses how many tokens are read of reviews, for `model.max_tokens: auto`.

    Args:
        lengths: Tokens of each review of the training split, uncut, int64 [n].
        max_positions: What the encoder reads at most.

    Returns:
        The smallest of 128, 160, … with which no more than 0.5 % of all tokens are unread; 256
        if it takes more than that; what the encoder reads if that is less.

    Example:
        >>> choose_max_tokens(np.array([90, 140, 150]), 512)
        160
    """
    most = min(_MOST, max_positions)
    for length in range(LEAST_AUTO_TOKENS, most, _STEP):
        if _unread(lengths, length) <= _UNREAD:
            return length
    return most


def reading_facts(
    max_tokens: int,
    truncation: str,
    training: np.ndarray,
    evaluation: np.ndarray,
    max_positions: int,
) -> dict[str, Any]:
    """What `training.json` says of the reading.

    Args:
        max_tokens: Tokens that are read of a review at most.
        truncation: What stays of a longer one.
        training: Tokens of each review of the training split, uncut, int64 [n].
        evaluation: The same of the eval split.
        max_positions: What the encoder reads at most.

    Returns:
        `max_tokens` and `truncation`; `auto`, the `max_tokens` that `choose_max_tokens` gives; of
        the training split `reviews_cut`, the share of reviews that are longer, and
        `tokens_unread`, the share of all tokens; of the eval split the same two under `eval`.

    Example:
        >>> facts = reading_facts(128, "head", np.array([100, 300]), np.array([28]), 512)
        >>> facts["reviews_cut"], facts["tokens_unread"]
        (0.5, 0.43)
    """
    return {
        "max_tokens": max_tokens,
        "truncation": truncation,
        "auto": choose_max_tokens(training, max_positions),
        **_shares(training, max_tokens),
        "eval": _shares(evaluation, max_tokens),
    }


def window_facts(
    windows: Windows,
    training: np.ndarray,
    evaluation: np.ndarray,
    max_positions: int,
    questions: Sequence[np.ndarray | None] = (None, None),
) -> dict[str, Any]:
    """What `training.json` says of the reading of a task that reads the whole of a review.

    Args:
        windows: In which they are read.
        training: Tokens of each review of the training split, int64 [n].
        evaluation: The same of the eval split.
        max_positions: What the encoder reads at most.
        questions: Of both splits the tokens before each review, where a question is read ahead
            of it.

    Returns:
        `max_tokens` of a window and `stride`; `auto`, the `max_tokens` that `choose_max_tokens`
        gives; `reviews_in_windows`, the share of reviews of the training split that take several;
        where there are questions, `question_tokens`, how many are read of one, and
        `questions_cut`, the share of longer ones; of the eval split the shares under `eval`.

    Example:
        >>> window_facts(Windows(128, 63), np.array([100, 300]), np.array([28]), 512)["stride"]
        63
    """
    shares = []
    for lengths, heads in zip((training, evaluation), questions, strict=True):
        shares.append({"reviews_in_windows": _share(lengths > windows.max_tokens)})
        if heads is not None and windows.most_head is not None:
            shares[-1]["questions_cut"] = _share(heads > windows.most_head)
    return {
        "max_tokens": windows.max_tokens,
        "stride": windows.stride,
        "auto": choose_max_tokens(training, max_positions),
        **({"question_tokens": windows.most_head} if windows.most_head is not None else {}),
        **shares[0],
        "eval": shares[1],
    }


def reading_warning(facts: Mapping[str, Any]) -> str | None:
    """What a person should know of the reading, and what to do.

    Args:
        facts: As `reading_facts` or `window_facts` gives them.

    Returns:
        A sentence if more than a tenth of the reviews or of the questions are cut, otherwise
        None.
    """
    share, told, ways = _unread_of(facts)
    if share is None or share <= _WARNED:
        return None
    does = ", ".join(f"{setting} {what}" for setting, what in ways.items())
    return f"{told}: {does}" if ways else told


def reading_of(facts: Mapping[str, Any]) -> Reading:
    """What the rules that watch a training judge of the reading.

    Args:
        facts: As `reading_facts` or `window_facts` gives them, with those of `vocabulary_facts`.
    """
    share, told, ways = _unread_of(facts)
    # Nothing reads more than that but what reads no tokens.
    advice = " or ".join(ways) or "model.wide=on, as n-grams are of the whole text"
    unread = facts.get("tokens_unread", share)
    return Reading(facts.get("unknown_pieces"), unread, told, advice)


def warnings_of(facts: Mapping[str, Any], watched: bool) -> list[str]:
    """What is told before a training; not what the rules tell when it begins, if they watch.

    Args:
        facts: As for `reading_of`.
        watched: Whether they do.
    """
    told = [reading_warning(facts), vocabulary_warning(facts)]
    if watched:
        if (reading_of(facts).unread or 0.0) > UnreadTokens().share:
            told[0] = None
        told[1] = vocabulary_warning({**facts, "unknown_pieces": 0.0})
    return [warning for warning in told if warning]


def vocabulary_facts(tokens: np.ndarray, tokenizer: Tokenizer) -> dict[str, float]:
    """What `training.json` says of how the encoder's vocabulary covers the reviews.

    Args:
        tokens: Ids of the training split, int [total].
        tokenizer: The encoder's, which gave them.

    Returns:
        `unknown_pieces`, the share of pieces that the vocabulary does not have, and
        `pieces_per_word`, how many a word is cut into on average; 0 where there are none.
    """
    counts = np.bincount(tokens, minlength=tokenizer.vocabulary_size)
    counts[[tokenizer.start_id, tokenizer.end_id]] = 0
    total, unknown = int(counts.sum()), int(counts[tokenizer.special_ids].sum())
    words = int(counts[~tokenizer.continuations].sum())
    return {
        "unknown_pieces": round(unknown / max(total, 1), 6),
        "pieces_per_word": round(total / max(words, 1), 4),
    }


def vocabulary_warning(facts: Mapping[str, Any]) -> str | None:
    """What a person should know of how the encoder's vocabulary covers the reviews.

    Args:
        facts: As `vocabulary_facts` gives them; may lack them.

    Returns:
        A sentence if a word is cut into more than 1.4 pieces, or more than 5 % of the pieces are
        unknown, as in texts of a language that the encoder has not read; otherwise None.

    Example:
        >>> vocabulary_warning({"unknown_pieces": 0.0, "pieces_per_word": 1.05})
    """
    found = []
    if facts.get("pieces_per_word", 0) > _MOST_PIECES:
        found.append(f"cuts a word into {facts['pieces_per_word']:.1f} pieces on average")
    if facts.get("unknown_pieces", 0) > _MOST_UNKNOWN:
        found.append(f"does not know {facts['unknown_pieces']:.0%} of the pieces")
    if not found:
        return None
    return (
        f"the vocabulary of the encoder {' and '.join(found)}: {HARDLY_READ}; choose "
        f"{OTHER_ENCODER}"
    )


def _unread_of(facts: Mapping[str, Any]) -> tuple[float | None, str, dict[str, str]]:
    """Which share is longer than what is read, what is said of it, and what settings do about it.

    It is that of the questions where there are any; None where all is read.
    """
    if "questions_cut" in facts:
        most = facts["question_tokens"]
        key = "max_question_tokens" if most < facts["max_tokens"] // 2 else "max_tokens"
        told = (
            f"{facts['questions_cut']:.0%} of the questions are longer than the {most} tokens "
            "that are read of them"
        )
        return facts["questions_cut"], told, {f"a higher model.{key}": "reads more"}
    if "reviews_cut" not in facts:
        return None, "", {}
    told = (
        f"{facts['reviews_cut']:.0%} of the reviews are longer than the {facts['max_tokens']} "
        f"tokens that are read, and {facts['tokens_unread']:.0%} of all tokens are not read"
    )
    ways = {}
    if facts["max_tokens"] < facts["auto"]:
        ways[f"model.max_tokens={AUTO}"] = f"reads {facts['auto']}, in more time"
    elif facts["max_tokens"] < MAX_TOKENS:
        ways["a higher model.max_tokens"] = "reads more, in more time"
    if facts["truncation"] == "head":
        ways["model.truncation=head_tail"] = "reads their ends as well"
    return facts["reviews_cut"], told, ways


def _share(chosen: np.ndarray) -> float:
    return round(float(np.mean(chosen)), 6)


def _shares(lengths: np.ndarray, max_tokens: int) -> dict[str, float]:
    return {
        "reviews_cut": _share(lengths > max_tokens),
        "tokens_unread": round(_unread(lengths, max_tokens), 6),
    }


def _unread(lengths: np.ndarray, max_tokens: int) -> float:
    return float(np.maximum(lengths - max_tokens, 0).sum() / lengths.sum())
