"""What the node `encoder-evaluator` does: ask an encoder before and after its pre-training."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from tfx.dsl.io import fileio

from ...models.memory import give_back_memory
from ...models.tasks.masked_language_model.comparison import compare_guesses, guess_counts
from ...models.tasks.masked_language_model.model import RANDOM_NEXT, MaskedLanguageModel
from ...models.tasks.masked_language_model.task import MaskedLanguageModeling, make_task
from ...models.training.scoring import Scorer
from ...models.training.tokenized import TokenizedTexts
from ..encoder_facts import RANDOM_WEIGHTS
from ..metrics_file import write_metrics
from ..pretrainer.building import build_with_heads
from ..pretrainer.pretrained import PretrainedWeights
from ..segments.reading import read_segments
from .head_fitting import fit_heads, steps_for
from .judging import FITTED, FRESH, OWN, Start, refusals, sentence
from .settings import EncoderEvaluationSettings


def evaluate_encoder(
    trained_model: str,
    *,
    encoder: str,
    facts: Mapping[str, Any],
    train_files: Sequence[str],
    test_files: Sequence[str],
    evaluation: str,
    settings: EncoderEvaluationSettings,
) -> list[str]:
    """Judges a pre-trained encoder on segments that it has not read; writes `metrics.json`.

    It is asked for the same hidden pieces and the same pairs as the encoder that it started from.

    Args:
        trained_model: Directory of what `PretrainedWeights` has saved.
        encoder: Directory of the encoder that it started from.
        facts: What is known of that, see `encoder_facts`.
        train_files: Patterns of the files of the train split, on which a head is fitted to an
            encoder that has none.
        test_files: Those of the split that both are judged on.
        evaluation: Directory that receives `metrics.json`.
        settings: When it is good enough.

    Returns:
        Why it is not good enough to be pushed; nothing where it is.

    Raises:
        RunError: A split is empty.
    """
    trained = PretrainedWeights.load(trained_model)
    task = make_task(**trained.task_config)
    fileio.makedirs(evaluation)
    scratch = evaluation if os.path.isdir(evaluation) else None
    test = task.prepare(read_segments(test_files, "test", scratch), trained.model)

    outputs = _ask(trained.build(trained_model, encoder), task, test)
    figures = _figures(task, outputs, test)
    counts = guess_counts(outputs, test.targets[RANDOM_NEXT], task.objectives)
    start = None
    model, heads, steps = _before(trained, task, encoder, facts, train_files, scratch, settings)
    if model is not None:
        before = _ask(model, task, test)
        start = Start(
            facts["name"],
            heads,
            steps,
            _figures(task, before, test),
            compare_guesses(outputs, before, test.targets[RANDOM_NEXT], task.objectives),
        )
    reasons = refusals(settings, figures, counts, start)
    metrics = {
        "task": task.name,
        "test": {**figures, **counts, "segments": len(test)},
        "start": start and {**start.facts(), "sentence": sentence(start)},
    }
    write_metrics(evaluation, _finite(metrics))
    return reasons


def _before(
    trained: PretrainedWeights,
    task: MaskedLanguageModeling,
    encoder: str,
    facts: Mapping[str, Any],
    train_files: Sequence[str],
    scratch: str | None,
    settings: EncoderEvaluationSettings,
) -> tuple[MaskedLanguageModel | None, dict[str, str], int]:
    """The encoder at the start with a head for each objective, where those are from, and in how
    many steps they were fitted."""
    keras.utils.set_random_seed(trained.training.seed)
    # What it knows is to be read off, not to be changed.
    quiet = dataclasses.replace(trained.model, dropout=0.0)
    model, loaded = build_with_heads(task, encoder, quiet, "float32")
    missing = [name for name in task.objectives if name not in loaded]
    steps = 0
    is_random = facts.get(RANDOM_WEIGHTS, False)
    if missing and not is_random:
        if not settings.head_steps:
            return None, {}, 0
        training = task.prepare(read_segments(train_files, "train", scratch), trained.model)
        # No more than the pre-training has seen, or a short one would seem to do harm.
        steps = min(settings.head_steps, steps_for(len(training), trained.training.epochs))
        fit_heads(model, missing, training, task, steps)
    way = FRESH if is_random else FITTED
    return model, {name: OWN if name in loaded else way for name in task.objectives}, steps


def _ask(
    model: MaskedLanguageModel, task: MaskedLanguageModeling, texts: TokenizedTexts
) -> np.ndarray:
    outputs = Scorer(task.scored(model))(texts)
    give_back_memory()
    return outputs


def _figures(
    task: MaskedLanguageModeling, outputs: np.ndarray, texts: TokenizedTexts
) -> dict[str, float]:
    """Those of the objectives; their sum is for picking an epoch only."""
    figures = task.measure(outputs, texts).figures
    return {name: value for name, value in figures.items() if name != "log_loss"}


def _finite(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None for what is no finite number, of which JSON knows none."""

    def of(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _finite(value)
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {name: of(value) for name, value in figures.items()}
