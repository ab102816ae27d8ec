"""What the node `trainer` does: fine-tune, and keep what was learnt."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from ...errors import RunError
from ...models.encoders.registry import load_tokenizer
from ...models.encoders.truncation import UNCUT
from ...models.encoders.windows import Windows
from ...models.precision import resolve_precision
from ...models.settings import AUTO
from ...models.tasks.building import build_model
from ...models.tasks.registry import make_task
from ...models.training.callbacks import load_callbacks
from ...progress import notify
from ..tokenized_examples import read_counts, read_tokenized
from .reading import (
    choose_max_tokens,
    reading_facts,
    reading_of,
    vocabulary_facts,
    warnings_of,
    window_facts,
)
from .record import watched_facts, write_record
from .replaced import note_replaced_checkpoint
from .trained_model import TrainedWeights
from .warm_start import load_start
from .watched_training import TrainingRun, train_watched


def fine_tune(
    trained: TrainedWeights,
    *,
    encoder: str,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    trained_model: str,
    run: TrainingRun,
) -> None:
    """Fine-tunes a model; writes its weights and what happened on the way.

    The epoch is chosen by the task's metric, under the decision that is best for it, whatever
    the served model will decide for, so that the weights do not depend on that.

    The checkpoint of the training stays: whatever stops the work before its outputs are recorded,
    the next run takes no step again. It goes by `remove_replaced_checkpoint`.

    Args:
        trained: What to build and how to train it.
        encoder: Directory of the encoder.
        train_files: Patterns of the gzipped TFRecords of one split: `tf.Example`s with the
            ragged `tokens` (special tokens included, not cut) and the targets of the task.
        eval_files: The same of the other.
        trained_model: Directory that receives the weights, see `TrainedWeights`.
        run: Where it is trained, and who looks on.

    Raises:
        RunError: If a setting is out of range, a split is empty or training diverges.
        RunError: If the weights of `training.start_from` do not fit.
        RunError: If a callback cannot be made, or fails.
    """
    settings = trained.training
    # On Kubeflow some were chosen after the configuration had been checked.
    for key, problem in settings.problems():
        raise RunError(f"training.{key}: {problem}")
    task = make_task(trained.task, **trained.task_config)
    training = read_tokenized(train_files, "train", task)
    evaluation = read_tokenized(eval_files, "eval", task)
    names = getattr(task, "counts", ())
    counted = {"counted": read_counts([*train_files, *eval_files], names)} if names else {}
    precision = resolve_precision(settings.precision)
    callbacks = load_callbacks(settings.callbacks)

    keras.utils.set_random_seed(settings.seed)
    model = build_model(task, encoder, trained.model, precision)
    if settings.start_from is not None:
        load_start(model, trained, settings.start_from)
    if hasattr(task, "informed_by"):
        task = task.informed_by(training)
        trained = dataclasses.replace(trained, task_config=task.config())
    positions = model.encoder.max_positions
    if trained.model.max_tokens == AUTO:
        trained = trained.reading(choose_max_tokens(training.lengths, positions))
    lengths = training.lengths, evaluation.lengths
    if task.reads_all:
        windows = Windows.of(trained.model, task.pairs)
        questions = training.seconds, evaluation.seconds
        reading = window_facts(windows, *lengths, positions, questions)
    else:
        cut = trained.truncation
        reading = reading_facts(cut.max_tokens, cut.kind, *lengths, positions)
    reading |= vocabulary_facts(
        np.asarray(training.tokens), load_tokenizer(encoder, max_tokens=UNCUT)
    )
    for warning in warnings_of(reading, watched=run.debug is not None and run.debug.on):
        notify(warning)
    training, evaluation = (task.prepare(texts, trained.model) for texts in (training, evaluation))
    record = train_watched(
        model,
        training,
        evaluation,
        settings,
        task=task,
        trained=trained,
        run=run,
        reading=reading_of(reading),
        others=callbacks,
    )

    trained.save(trained_model, model)
    facts = {"precision": precision, "reading": reading, **counted, **watched_facts(record)}
    if settings.start_from is not None:
        facts["start_from"] = settings.start_from
    write_record(run.model_run, record, **facts)
    note_replaced_checkpoint(trained_model, record.checkpoint)
