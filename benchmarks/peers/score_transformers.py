"""Scores raw texts with transformers' text-classification pipeline, as `score.py` asks.

Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path

import numpy as np
import torch
import transformers
from decision import conclude
from mean_pooled_bert import load_classifier
from worker import answer


class Task:
    """The pipeline.

    Args:
        checkpoint: Of `convert.py`.
        precision: `float32` or `bfloat16`.
    """

    def __init__(self, checkpoint: str, precision: str):
        self._decision = json.loads(Path(checkpoint, "decision.json").read_text())
        model = load_classifier(checkpoint).to(getattr(torch, precision))
        self._indices = model.config.label2id
        self._pipeline = transformers.pipeline(
            "text-classification",
            model=model,
            tokenizer=transformers.AutoTokenizer.from_pretrained(checkpoint),
            device="cpu",
        )

    def score(self, texts: list[str], batch_size: int) -> dict:
        """Scores texts; gives seconds, probabilities and class indices.

        Args:
            texts: Raw reviews; similar lengths are put together, which the pipeline does not.
            batch_size: Reviews at a time.
        """
        started = time.perf_counter()
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        answers = self._pipeline(
            [texts[index] for index in order],
            batch_size=batch_size,
            top_k=None,
            function_to_apply="none",
            truncation=True,
        )
        logits = np.zeros((len(texts), len(self._indices)))
        for index, scores in zip(order, answers, strict=True):
            for score in scores:
                logits[index, self._indices[score["label"]]] = score["score"]
        probabilities, classes = conclude(logits, self._decision)
        return {
            "seconds": time.perf_counter() - started,
            "probabilities": probabilities.tolist(),
            "classes": classes.tolist(),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    # Its error is that it does not know this class of models.
    transformers.logging.set_verbosity(logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    answer(score=Task(arguments.checkpoint, arguments.precision).score)
