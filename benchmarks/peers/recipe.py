"""What the recipes of transformers' examples have in common: the Trainer with its defaults."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from typing import Any

import transformers


def train(
    make_model: Callable[[], Any], rows: list[dict], collator: Any, settings: dict
) -> tuple[transformers.Trainer, dict[str, float]]:
    """Trains a model without a look at an eval split.

    Args:
        make_model: Loads it, which is part of the time.
        rows: What is learnt.
        collator: Makes batches of them.
        settings: Of the Trainer, over its defaults.

    Returns:
        What can predict with the model, and `seconds` on the clock and `processor_seconds`, from
        loading the model to the last step.
    """
    started, used = time.perf_counter(), time.process_time()
    transformers.set_seed(settings["seed"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            make_model(),
            transformers.TrainingArguments(
                folder,
                **settings,
                use_cpu=True,
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            data_collator=collator,
            train_dataset=rows,
        )
        trainer.train()
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - used
    return trainer, {"seconds": seconds, "processor_seconds": processor_seconds}
