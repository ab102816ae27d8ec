"""Fine-tunes an encoder and asks the model about a test split, as `domain.py` asks."""

from __future__ import annotations

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from peers.worker import answer

from reviewlens.models.precision import resolve_precision
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.text_classification.task import make_task
from reviewlens.models.training.loop import train
from reviewlens.models.training.scoring import Scorer
from reviewlens.models.training.tokenized import TokenizedTexts


def fine_tune(
    encoder: str, learnt: dict, files: dict[str, str], model: dict, training: dict
) -> dict:
    """Fine-tunes to the end.

    Args:
        encoder: Folder of the encoder.
        learnt: What `TextClassification.config` gives.
        files: Of tokenized reviews: `train` and `eval` with the shares of their grades, and
            `test`, whose classes are not looked at.
        model: Settings of the model.
        training: Settings of the training.

    Returns:
        `probabilities` and `decided` of the test split, the `best_epoch`, and the seconds of
        the processor.
    """
    started = time.process_time()
    task = make_task(**learnt)
    settings = TrainingSettings(**training)
    texts = {name: _read(path) for name, path in files.items()}
    keras.utils.set_random_seed(settings.seed)
    precision = resolve_precision(settings.precision)
    classifier = build_model(task, encoder, ModelSettings(**model), precision)
    record = train(classifier, texts["train"], texts["eval"], settings, task=task)
    score = Scorer(classifier)
    decision = task.fit_decision(score(texts["eval"]), texts["eval"], "macro_f1")
    logits = score(texts["test"])
    return {
        "probabilities": decision.probabilities(logits).tolist(),
        "decided": decision.decided(logits).tolist(),
        "best_epoch": record.best_epoch,
        "processor_seconds": time.process_time() - started,
    }


def _read(path: str) -> TokenizedTexts:
    with np.load(path) as arrays:
        return TokenizedTexts(arrays["tokens"], arrays["row_splits"], {"grade": arrays["labels"]})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    threads = parser.parse_args().threads
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    answer(fine_tune=fine_tune)
