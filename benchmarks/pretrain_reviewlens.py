"""Pre-trains with `reviewlens.models.training.loop.train`, as `pretrain.py` asks."""

from __future__ import annotations

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from peers.worker import answer

from reviewlens.models.precision import resolve_precision
from reviewlens.models.settings import MaskedModelSettings, PretrainingSettings
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.masked_language_model.task import make_task
from reviewlens.models.training.loop import train
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.progress import reporting_to


def time_steps(encoder: str, segments: str, evaluation: str, settings: dict, warm_up: int) -> dict:
    """Trains for one epoch, and times the steps after the first.

    Args:
        encoder: Folder of the encoder.
        segments: File of them, a whole number of batches.
        evaluation: File of a few more.
        settings: Of the training, and `mask_rate`.
        warm_up: Steps that do not count, a multiple of those between two reports.

    Returns:
        See `peers/pretrain_transformers.py`.
    """
    times, used = {}, {}

    def note(done, total, text):
        times[done], used[done] = time.perf_counter(), time.process_time()

    task = make_task(objectives=("mlm",), mask_rate=settings.pop("mask_rate"))
    chosen = PretrainingSettings(epochs=1, **settings)
    keras.utils.set_random_seed(chosen.seed)
    precision = resolve_precision(chosen.precision)
    model = build_model(task, encoder, MaskedModelSettings(), precision)
    with reporting_to(note):
        record = train(model, _read(segments), _read(evaluation), chosen, task=task)
    last = max(times)
    return {
        "seconds": times[last] - times[warm_up],
        "processor_seconds": used[last] - used[warm_up],
        "share": (last - warm_up) / last,
        "loss": record.history[0]["loss"],
    }


def _read(path: str) -> TokenizedTexts:
    with np.load(path) as arrays:
        return TokenizedTexts(arrays["tokens"], arrays["row_splits"], {})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    threads = parser.parse_args().threads
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    answer(time_steps=time_steps)
