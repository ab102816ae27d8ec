"""Fine-tunes with transformers' Trainer, as `finetune.py` and `quality.py` ask.

The model is transformers' own for the task, `BertForSequenceClassification`. Runs in the peers'
environment.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time

import numpy as np
import torch
import transformers
from worker import answer

CLASSES = 3


class Clock(transformers.TrainerCallback):
    """Notes when steps end.

    Args:
        warm_up: Steps that do not count.
    """

    def __init__(self, warm_up: int):
        self._warm_up = warm_up

    def on_train_begin(self, args, state, control, **kwargs):
        """Starts."""
        self._start()

    def on_step_end(self, args, state, control, **kwargs):
        """Starts anew after the warm-up, and is up to date after any other step."""
        if state.global_step == self._warm_up:
            self._start()
        self.seconds = time.perf_counter() - self._started
        self.processor_seconds = time.process_time() - self._used

    def _start(self):
        self._started, self._used = time.perf_counter(), time.process_time()


def time_steps(
    checkpoint: str, reviews: str, settings: dict, order: list[int] | None, warm_up: int
) -> dict[str, float]:
    """Trains for one epoch; gives the seconds and the reviews of the steps after the first.

    Args:
        checkpoint: Folder of the encoder.
        reviews: File of tokenized reviews, a whole number of batches.
        settings: `batch_size`, `epochs`, `learning_rate`, `precision` and `seed`.
        order: Of the reviews; None for one that the Trainer draws.
        warm_up: Steps that do not count.
    """
    rows = _read(reviews)
    if order is not None:
        rows = [rows[index] for index in order]
    chosen = _settings(settings, order is not None)
    trainer, clock = _train(checkpoint, rows, CLASSES, warm_up=warm_up, **chosen)
    steps = trainer.state.global_step
    return {"seconds": clock.seconds, "reviews": len(rows) * (steps - warm_up) / steps}


def train_fully(checkpoint: str, reviews: str, evaluation: str, test: str, settings: dict) -> dict:
    """Trains to the end; gives the seconds and the most probable classes."""
    trainer, clock = _train(checkpoint, _read(reviews), CLASSES, warm_up=0, **_settings(settings))
    return {
        "seconds": clock.seconds,
        "eval_argmax": trainer.predict(_read(evaluation)).predictions.argmax(1).tolist(),
        "test_argmax": trainer.predict(_read(test)).predictions.argmax(1).tolist(),
    }


def classify(checkpoint: str, texts: str, classes: int, seed: int) -> dict:
    """Trains with all defaults of the Trainer but the precision, which is faster.

    Args:
        checkpoint: Folder of the encoder.
        texts: File of JSON with `texts` and `labels` of each split.
        classes: How many there are.
        seed: Of the head, the order and dropout.

    Returns:
        `probabilities` of the test split, and `seconds` of the processor.
    """
    started = time.process_time()
    with open(texts, encoding="utf-8") as file:
        splits = json.load(file)
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    rows = {}
    for name in ("train", "test"):
        ids = tokenizer(splits[name]["texts"], truncation=True)["input_ids"]
        rows[name] = _rows(ids, splits[name]["labels"])
    trainer, _ = _train(checkpoint, rows["train"], classes, warm_up=0, bf16=True, seed=seed)
    logits = torch.tensor(trainer.predict(rows["test"]).predictions)
    return {
        "probabilities": logits.softmax(1).tolist(),
        "seconds": time.process_time() - started,
    }


def _settings(settings: dict, in_order: bool = False) -> dict:
    """The Trainer's arguments of what `finetune.py` asks for."""
    return {
        "per_device_train_batch_size": settings["batch_size"],
        "num_train_epochs": settings["epochs"],
        "learning_rate": settings["learning_rate"],
        # As ours; the Trainer's own are none of either.
        "weight_decay": 0.01,
        "warmup_steps": 0.1,
        "train_sampling_strategy": "sequential" if in_order else "random",
        "bf16": settings["precision"] == "bfloat16",
        "seed": settings["seed"],
    }


def _train(checkpoint, rows, classes, *, warm_up, **settings):
    transformers.set_seed(settings["seed"])
    model = transformers.BertForSequenceClassification.from_pretrained(
        checkpoint, num_labels=classes
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    clock = Clock(warm_up)
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            model,
            transformers.TrainingArguments(
                folder,
                per_device_eval_batch_size=64,
                **settings,
                use_cpu=True,
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            train_dataset=rows,
            callbacks=[clock],
        )
        trainer.train()
    return trainer, clock


def _read(path: str) -> list[dict]:
    with np.load(path) as arrays:
        ids = np.split(arrays["tokens"], arrays["row_splits"][1:-1])
        return _rows([row.tolist() for row in ids], arrays["labels"].tolist())


def _rows(ids: list[list[int]], labels: list[int]) -> list[dict]:
    return [
        {"input_ids": row, "attention_mask": [1] * len(row), "labels": label}
        for row, label in zip(ids, labels, strict=True)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    answer(time_steps=time_steps, train_fully=train_fully, classify=classify)
