"""Pre-trains with transformers' Trainer, as `pretrain.py` asks.

The model is the package's own for the task, `BertForMaskedLM`, and the masks are those of
`DataCollatorForLanguageModeling`, which pads to the longest segment of a batch; a head that the
checkpoint does not have is fresh. Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import tempfile

import numpy as np
import torch
import transformers
from finetune_transformers import Clock
from worker import answer


def time_steps(checkpoint: str, segments: str, settings: dict, warm_up: int) -> dict[str, float]:
    """Trains for one epoch, and times the steps after the first.

    Args:
        checkpoint: Folder of the encoder.
        segments: File of them, a whole number of batches.
        settings: `batch_size`, `learning_rate`, `mask_rate`, `precision`, `order` and `seed`.
        warm_up: Steps that do not count.

    Returns:
        `seconds` on the clock and `processor_seconds`, the share of the epoch's steps that they
        are of, and the `loss` that the epoch had on average.
    """
    rows = _read(segments)
    transformers.set_seed(settings["seed"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    clock = Clock(warm_up)
    with tempfile.TemporaryDirectory() as folder:
        trainer = transformers.Trainer(
            transformers.BertForMaskedLM.from_pretrained(checkpoint),
            transformers.TrainingArguments(
                folder,
                per_device_train_batch_size=settings["batch_size"],
                num_train_epochs=1,
                learning_rate=settings["learning_rate"],
                # As ours; the Trainer's own are none of either.
                weight_decay=0.01,
                warmup_steps=0.1,
                train_sampling_strategy=settings["order"],
                bf16=settings["precision"] == "bfloat16",
                seed=settings["seed"],
                use_cpu=True,
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            data_collator=transformers.DataCollatorForLanguageModeling(
                tokenizer, mlm_probability=settings["mask_rate"]
            ),
            train_dataset=rows,
            callbacks=[clock],
        )
        loss = trainer.train().training_loss
    steps = trainer.state.global_step
    return {
        "seconds": clock.seconds,
        "processor_seconds": clock.processor_seconds,
        "share": (steps - warm_up) / steps,
        "loss": loss,
    }


def _read(path: str) -> list[dict]:
    """Rows with what spares the collator to look for special tokens one by one."""
    with np.load(path) as arrays:
        rows = np.split(arrays["tokens"], arrays["row_splits"][1:-1])
        special = np.isin(arrays["tokens"], arrays["special"]).astype(int)
        masks = np.split(special, arrays["row_splits"][1:-1])
    return [
        {"input_ids": row.tolist(), "special_tokens_mask": mask.tolist(), "length": len(row)}
        for row, mask in zip(rows, masks, strict=True)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    answer(time_steps=time_steps)
