"""Fine-tunes a tagger of words as transformers' `run_ner.py` does, as `tasks.py` asks.

The script of transformers' examples is not part of the package; this is its recipe. Words are
given; each is cut into pieces, the first of which has the word's tag, and the others none. The
model is the one of the package for the task, with a linear layer over every token. It is trained
by the Trainer with all its defaults but what is asked for, and without a look at the eval split;
a word gets the most probable tag of its first piece. Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import json

import torch
import transformers
from recipe import train
from worker import answer

# Of a token that has no tag.
_NONE = -100
_OUTSIDE = "O"


def tag(checkpoint: str, rows: str, settings: dict) -> dict:
    """Trains, and tags the words of the test split.

    Args:
        checkpoint: Folder of the encoder.
        rows: File of JSON with `tags`, the names of all, and of each split, `train` and `test`,
            a list of rows with `words` and `tags`.
        settings: Of the Trainer, over its defaults.

    Returns:
        `tags` of each row of the test split, and of the training the `seconds` on the clock and
        the `processor_seconds`, from loading the model to the last step.
    """
    with open(rows, encoding="utf-8") as file:
        splits = json.load(file)
    names = splits["tags"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    training, unseen = (_tokenize(tokenizer, splits[name], names) for name in ("train", "test"))
    trainer, times = train(
        lambda: transformers.AutoModelForTokenClassification.from_pretrained(
            checkpoint,
            num_labels=len(names),
            id2label=dict(enumerate(names)),
            label2id={name: index for index, name in enumerate(names)},
        ),
        training,
        transformers.DataCollatorForTokenClassification(tokenizer),
        settings,
    )
    found = trainer.predict(unseen).predictions.argmax(-1)
    return {
        "tags": [
            _of_words(row, predicted, len(given["words"]), names)
            for row, predicted, given in zip(unseen, found.tolist(), splits["test"], strict=True)
        ],
        **times,
    }


def _tokenize(tokenizer, rows: list[dict], names: list[str]) -> list[dict]:
    """Pieces of each row's words, with a label on the first piece of each."""
    indices = {name: index for index, name in enumerate(names)}
    # What the encoder does not read is cut off; there is no window.
    found = tokenizer([row["words"] for row in rows], truncation=True, is_split_into_words=True)
    tokenized = []
    for at, row in enumerate(rows):
        words = found.word_ids(at)
        labels = [
            _NONE if word is None or word == before else indices[row["tags"][word]]
            for word, before in zip(words, [None, *words], strict=False)
        ]
        tokenized.append({name: found[name][at] for name in found} | {"labels": labels})
        tokenized[-1]["words"] = words
    return tokenized


def _of_words(row: dict, predicted: list[int], words: int, names: list[str]) -> list[str]:
    """A tag for each word; none is found in one that has no pieces."""
    tags = [_OUTSIDE] * words
    for word, label, index in zip(row["words"], row["labels"], predicted, strict=False):
        if label != _NONE:
            tags[word] = names[index]
    return tags


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    answer(tag=tag)
