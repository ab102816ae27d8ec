"""Training that goes on from what an earlier one has learnt, instead of from the encoder alone."""

from __future__ import annotations

import hashlib
import os

import keras
from tfx.dsl.io import fileio

from ...errors import RunError
from .saved_weights import WEIGHTS_FILE
from .trained_model import TrainedWeights

_BLOCK = 1 << 20
# What of the model decides which variables it has, and what they mean.
_BUILT_BY = ("pooling", "native")


def weights_fingerprint(directory: str) -> str:
    """Says in one short text which weights a training would start from.

    Args:
        directory: Of a trained model, see `TrainedWeights`.

    Raises:
        RunError: There are no weights in it.
    """
    _check_there(directory)
    digest = hashlib.sha256()
    with fileio.open(os.path.join(directory, WEIGHTS_FILE), "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:32]


def load_start(model: keras.Model, wanted: TrainedWeights, directory: str) -> None:
    """Gives a model the weights, of encoder and head, that an earlier training ended with.

    Args:
        model: What the task has built.
        wanted: What it was built for.
        directory: Of the earlier one's trained model, see `TrainedWeights`.

    Raises:
        RunError: There are no weights in it, or they are of another encoder, task, classes or
            way to build the model.
    """
    _check_there(directory)
    found = TrainedWeights.load(directory)
    if differing := [
        f"its {what} is {theirs!r}, that of this run {ours!r}"
        for what, theirs, ours in _compared(found, wanted)
        if theirs != ours
    ]:
        raise RunError(
            f"training.start_from: {directory} does not fit: {'; '.join(differing)}; leave "
            "training.start_from out to start from the encoder"
        )
    try:
        model.load_weights(os.path.join(directory, WEIGHTS_FILE))
    except ValueError as error:
        reason = str(error).strip().partition("\n")[0]
        raise RunError(
            f"training.start_from: {directory}: the weights are of another form than this model: "
            f"{reason}"
        ) from error


def _compared(found: TrainedWeights, wanted: TrainedWeights) -> list[tuple[str, object, object]]:
    # What the found one has besides, it has learnt from its texts.
    names = sorted(wanted.task_config)
    return [
        ("encoder", found.encoder, wanted.encoder),
        ("task", found.task, wanted.task),
        *((name, _listed(found, name), _listed(wanted, name)) for name in names),
        *(
            (f"model.{name}", getattr(found.model, name), getattr(wanted.model, name))
            for name in _BUILT_BY
        ),
    ]


def _listed(trained: TrainedWeights, name: str) -> object:
    """Of JSON come lists where a task may have tuples."""
    value = trained.task_config.get(name)
    return list(value) if isinstance(value, tuple) else value


def _check_there(directory: str) -> None:
    if not fileio.exists(os.path.join(directory, WEIGHTS_FILE)):
        raise RunError(
            f"training.start_from: {directory} has no {WEIGHTS_FILE}: it is the output of the node "
            "trainer, OUTPUT/pipeline/trainer/trained_model/NUMBER"
        )
