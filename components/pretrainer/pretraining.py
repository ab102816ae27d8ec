"""What the node `pretrainer` does: pre-train, and keep what was learnt."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from tfx.dsl.io import fileio

from ...errors import RunError
from ...models.encoders.publishing import read_facts
from ...models.precision import precision_policy, resolve_precision
from ...models.tasks.building import load_fitting_encoder
from ...models.tasks.masked_language_model.frequencies import log_frequencies
from ...models.tasks.masked_language_model.keeping import Keeping
from ...models.tasks.masked_language_model.model import MLM, NSP, RANDOM_NEXT
from ...models.tasks.masked_language_model.task import make_task
from ...models.training.tokenized import TokenizedTexts
from ..segments.reading import has_segments, read_segments
from ..trainer.record import watched_facts, write_record
from ..trainer.replaced import note_replaced_checkpoint
from ..trainer.watched_training import TrainingRun, train_watched
from .building import build_with_heads
from .pretrained import PretrainedWeights

# The weight where an encoder comes without its heads.
_KEEP = 10.0


def pretrain(
    trained: PretrainedWeights,
    *,
    encoder: str,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    test_files: Sequence[str],
    trained_model: str,
    run: TrainingRun,
    random_weights: bool = False,
) -> None:
    """Pre-trains an encoder; writes its weights and what happened on the way.

    It goes on with the heads that came with the encoder, where there are any; a fresh one that
    guesses pieces knows at the start how frequent each is. The epoch is chosen
    by the loss on the eval split, whose masks are always the same.

    The checkpoint of the training stays: whatever stops the work before its outputs are recorded,
    the next run takes no step again. It goes by `remove_replaced_checkpoint`.

    Args:
        trained: What to build and how to train it.
        encoder: Directory of the encoder.
        train_files: Patterns of the files of one split, as `TextSegments` writes them.
        eval_files: The same of the split that the epoch is chosen by.
        test_files: The same of the one that is judged by later; here it only has to be there.
        trained_model: Directory that receives the weights, see `PretrainedWeights`.
        run: Where it is trained, and who looks on.
        random_weights: Whether the encoder has learnt nothing yet.

    Raises:
        RunError: If a setting is out of range or does not fit the encoder, there is too little
            text, or training diverges.
    """
    settings = trained.training
    # On Kubeflow some were chosen after the configuration had been checked.
    for key, problem in settings.problems():
        raise RunError(f"training.{key}: {problem}")
    task = make_task(**trained.task_config)
    fileio.makedirs(run.model_run)
    # The ids are many: there is more room where the outputs are than where temporary files are.
    scratch = run.model_run if os.path.isdir(run.model_run) else None
    training = read_segments(train_files, "train", scratch)
    evaluation = read_segments(eval_files, "eval", scratch)
    _check_text(training, test_files, trained)
    precision = resolve_precision(settings.precision)

    keras.utils.set_random_seed(settings.seed)
    model, loaded = build_with_heads(task, encoder, trained.model, precision)
    if set(loaded) == set(model.objectives):
        # No head is to be warmed up.
        settings = dataclasses.replace(settings, head_warmup=0.0)
    if MLM in set(model.objectives) - set(loaded):
        bias = model.head_of(MLM)["bias"]
        bias.assign(log_frequencies(training.tokens, model.encoder.vocabulary_size))
    training, evaluation = (task.prepare(texts, trained.model) for texts in (training, evaluation))
    reading = _reading_facts(training, trained.model.max_tokens)
    keep = settings.keep
    if isinstance(keep, str):
        keep = _weight_of_keeping(encoder, has_heads=bool(loaded), random_weights=random_weights)
    if keep:
        with precision_policy(precision):
            task = Keeping.of(task, load_fitting_encoder(encoder, trained.model), keep)
    record = train_watched(
        model,
        training,
        evaluation,
        settings,
        task=task,
        trained=trained,
        run=run,
    )

    trained.save(trained_model, model)
    write_record(
        run.model_run,
        record,
        tokens_per_second=record.tokens_per_second,
        precision=precision,
        reading=reading,
        keep=keep,
        heads={name: "loaded" if name in loaded else "fresh" for name in model.objectives},
        **watched_facts(record),
    )
    note_replaced_checkpoint(trained_model, record.checkpoint)


def _weight_of_keeping(encoder: str, *, has_heads: bool, random_weights: bool) -> float:
    """What `training.keep: auto` comes to."""
    if random_weights:
        return 0.0
    # Of one that was pre-trained here the heads say nothing: it may have been a sentence encoder.
    before = read_facts(encoder).get("training", {})
    return before.get("keep", 0.0 if has_heads else _KEEP)


def _check_text(
    training: TokenizedTexts, test_files: Sequence[str], trained: PretrainedWeights
) -> None:
    batch = trained.training.batch_size
    if len(training) < batch:
        raise RunError(
            f"the train split has {len(training)} segments of up to {trained.model.max_tokens} "
            f"tokens, which is less than one batch of {batch}: give more text, or a smaller "
            "training.batch_size or model.max_tokens"
        )
    if NSP in trained.model.objectives and (training.targets[RANDOM_NEXT] < 0).all():
        raise RunError(
            "model.objectives has nsp, but no segment of the train split has two parts to tell "
            "apart, as no document has two sentences: choose model.objectives=[mlm]"
        )
    # Otherwise the evaluator would find out after hours.
    if not has_segments(test_files):
        raise RunError(f"the test split is empty: {', '.join(test_files)}")


def _reading_facts(training: TokenizedTexts, max_tokens: int) -> dict[str, Any]:
    tokens, segments = int(training.row_splits[-1]), len(training)
    return {
        "max_tokens": max_tokens,
        "segments": segments,
        "tokens": tokens,
        "filled": round(tokens / (segments * max_tokens), 6),
        "pairs": round(float(np.mean(training.targets[RANDOM_NEXT] >= 0)), 6),
    }
