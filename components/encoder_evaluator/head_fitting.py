"""Heads for an encoder that has none of its own, so that what it knows can be measured."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator

import numpy as np

from ...models.memory import forgetting_gradients
from ...models.settings import PretrainingSettings
from ...models.tasks.masked_language_model.frequencies import log_frequencies
from ...models.tasks.masked_language_model.model import MLM, MaskedLanguageModel
from ...models.tasks.masked_language_model.task import MaskedLanguageModeling
from ...models.training.batching import pad_batch, pad_targets, shuffled_batches
from ...models.training.optimization import LazyAdamW, LinearWarmupDecay
from ...models.training.step import TrainStep
from ...models.training.tokenized import TokenizedTexts
from ...progress import report

# A head alone bears higher rates than an encoder does. That of MiniLM is after 100 steps where it
# would be after nearly 200 at a third of this.
_SETTINGS = PretrainingSettings(batch_size=32, learning_rate=3e-3)
_REPORT_EVERY = 10


def fit_heads(
    model: MaskedLanguageModel,
    objectives: Collection[str],
    texts: TokenizedTexts,
    task: MaskedLanguageModeling,
    steps: int,
) -> None:
    """Fits some heads of a model, while the encoder and the other heads stay as they are.

    Args:
        model: Whose heads are fitted, in place.
        objectives: Those of the heads.
        texts: What they are fitted on, which nothing is judged by.
        task: Of the model.
        steps: Batches of 32 segments.
    """
    fitted = [variable for name in objectives for variable in model.head_of(name).values()]
    if MLM in objectives:
        bias = model.head_of(MLM)["bias"]
        bias.assign(log_frequencies(texts.tokens, model.encoder.vocabulary_size))
    mine = {id(variable) for variable in fitted}
    for variable in model.variables:
        variable.trainable = id(variable) in mine
    optimizer = LazyAdamW(
        LinearWarmupDecay(_SETTINGS.learning_rate, round(_SETTINGS.warmup * steps), steps)
    )
    with forgetting_gradients():
        step = TrainStep(task, model, optimizer, task.loss(texts, _SETTINGS), seed=_SETTINGS.seed)
        for number, rows in enumerate(itertools.islice(_batches(texts), steps), start=1):
            inputs = pad_batch(texts, rows, model.encoder.inputs)
            width = next(iter(inputs.values())).shape[1]
            step(inputs, pad_targets(texts, rows, width, task.targets))
            if number % _REPORT_EVERY == 0 or number == steps:
                loss = float(step.loss_sum) / number
                report(number, steps, f"head of the encoder at the start  loss {loss:.3f}")


def steps_for(segments: int, epochs: int) -> int:
    """In how many steps `fit_heads` reads segments so many times.

    Args:
        segments: How many there are.
        epochs: How many times.
    """
    return -(-segments // _SETTINGS.batch_size) * epochs


def _batches(texts: TokenizedTexts) -> Iterator[np.ndarray]:
    for epoch in itertools.count():
        random = np.random.default_rng([_SETTINGS.seed, epoch])
        yield from shuffled_batches(texts.lengths, _SETTINGS.batch_size, random)
