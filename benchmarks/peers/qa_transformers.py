"""Fine-tunes a model that answers questions as transformers' `run_qa.py` does, as `tasks.py` asks.

The script of transformers' examples is not part of the package; this is its recipe. Question and
context are one row, and what is longer than 384 pieces is several, the context's of which overlap
by 128; a row without the answer has it at its first token. The model is the one of the package for
the task, with two numbers for every token. It is trained by the Trainer with all its defaults but
what is asked for, and without a look at the eval split. Of the 20 likeliest starts and ends of each
row those are paired that are in order, in the context and 30 pieces apart at most; the best pair of
all rows is the answer. Runs in the peers' environment.

One thing is not as it comes: batches are padded to their own longest row instead of to 384, which
is an option of the script and takes less time.
"""

from __future__ import annotations

import argparse
import itertools
import json

import numpy as np
import torch
import transformers
from recipe import train
from worker import answer

_MOST_PIECES, _OVERLAP = 384, 128
_BEST, _LONGEST_ANSWER = 20, 30


def reply(checkpoint: str, rows: str, settings: dict, may_be_unanswerable: bool) -> dict:
    """Trains, and answers the questions of the test split.

    Args:
        checkpoint: Folder of the encoder.
        rows: File of JSON with a list for each split, `train` and `test`, of rows with
            `question`, `context` and `answer`: its start and end in characters, or null.
        settings: Of the Trainer, over its defaults.
        may_be_unanswerable: Whether a question has no answer where the first token is likelier
            than the best pair, as with `version_2_with_negative`.

    Returns:
        `answers` to each row of the test split, and of the training the `seconds` on the clock
        and the `processor_seconds`, from loading the model to the last step.
    """
    with open(rows, encoding="utf-8") as file:
        splits = json.load(file)
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    training = _training_rows(tokenizer, splits["train"])
    trainer, times = train(
        lambda: transformers.AutoModelForQuestionAnswering.from_pretrained(checkpoint),
        training,
        transformers.DataCollatorWithPadding(tokenizer),
        settings,
    )
    found = _read(tokenizer, splits["test"])
    inputs = [_inputs(found, at) for at in range(len(found["input_ids"]))]
    logits = trainer.predict(inputs).predictions[:2]
    return {"answers": _answers(splits["test"], found, *logits, may_be_unanswerable), **times}


def _read(tokenizer, rows: list[dict]) -> transformers.BatchEncoding:
    """The rows in pieces, one or more of each."""
    return tokenizer(
        [row["question"].lstrip() for row in rows],
        [row["context"] for row in rows],
        truncation="only_second",
        max_length=_MOST_PIECES,
        stride=_OVERLAP,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )


def _inputs(found: transformers.BatchEncoding, at: int) -> dict:
    names = ("input_ids", "attention_mask", "token_type_ids")
    return {name: found[name][at] for name in names if name in found}


def _context(found: transformers.BatchEncoding, at: int) -> tuple[int, int]:
    """The first piece of the context in a row, and the one behind its last."""
    texts = found.sequence_ids(at)
    first = texts.index(1)
    return first, first + texts.count(1)


def _training_rows(tokenizer, rows: list[dict]) -> list[dict]:
    found = _read(tokenizer, rows)
    training = []
    for at, of in enumerate(found["overflow_to_sample_mapping"]):
        first, behind = _context(found, at)
        offsets = found["offset_mapping"][at][first:behind]
        start = end = 0
        if (wanted := rows[of]["answer"]) is not None:
            begins, ends = wanted
            if offsets[0][0] <= begins and ends <= offsets[-1][1]:
                start = first + sum(one[0] <= begins for one in offsets) - 1
                end = behind - sum(one[1] >= ends for one in offsets)
        positions = {"start_positions": start, "end_positions": end}
        training.append({**_inputs(found, at), **positions})
    return training


def _answers(
    rows: list[dict],
    found: transformers.BatchEncoding,
    starts: np.ndarray,
    ends: np.ndarray,
    may_be_unanswerable: bool,
) -> list[str]:
    """What the logits of tokens, [rows in pieces, width], say of each row."""
    best: list[tuple[float, str]] = [(-np.inf, "")] * len(rows)
    nothing = [np.inf] * len(rows)
    for at, of in enumerate(found["overflow_to_sample_mapping"]):
        start, end = starts[at], ends[at]
        first, behind = _context(found, at)
        offsets = found["offset_mapping"][at]
        nothing[of] = min(nothing[of], float(start[0] + end[0]))
        likeliest = (np.argsort(-of_token, kind="stable")[:_BEST] for of_token in (start, end))
        for one, other in itertools.product(*likeliest):
            if first <= one <= other < min(behind, one + _LONGEST_ANSWER):
                text = rows[of]["context"][offsets[one][0] : offsets[other][1]]
                best[of] = max(best[of], (float(start[one] + end[other]), text))
    return [
        "" if may_be_unanswerable and none > score else text
        for (score, text), none in zip(best, nothing, strict=True)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    answer(reply=reply)
