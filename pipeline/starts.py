"""What a training starts from: from the words of `training.start_from` to a folder of weights."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import RunError, UsageError
from ..files import version_numbers
from ..progress import notify
from .pushed import runs_that_pushed, version_of

if TYPE_CHECKING:
    from ..models.settings import TrainingSettings
    from .targets import Target

LAST = "last"


def resolve_start(
    training: TrainingSettings, target: Target, push_dir: str
) -> tuple[str | None, str]:
    """Finds the trained weights that a training shall start from.

    Args:
        training: Of the configuration.
        target: Where the run takes place.
        push_dir: Where its models are pushed to.

    Returns:
        The folder of a trained model, None for none; and a text that changes with the weights in
        it, for the cache key, "" where they are not to be seen from here.

    Raises:
        RunError: There is no such model, or its weights are not there any more.
        UsageError: Its files are not on this machine, and it is not named by its address.
    """
    start = training.start_from
    if start is None:
        return None, ""
    if not target.has_files:
        if "://" not in start:
            raise UsageError(
                f"training.start_from: is {start}, but a compiled pipeline starts from what a node "
                "trainer has left in an object store: give the address of its trained_model"
            )
        return start, ""
    if start == LAST and not _has_version(push_dir):
        notify(f"training.start_from: no model is in {push_dir} yet: starts from the encoder")
        return None, ""
    from ..components.trainer.warm_start import weights_fingerprint

    folder = _folder_of(push_dir if start == LAST else start)
    return folder, weights_fingerprint(folder)


def _has_version(push_dir: str) -> bool:
    return os.path.isdir(push_dir) and bool(version_numbers(os.listdir(push_dir)))


def _folder_of(start: str) -> str:
    from ..components.trainer.saved_weights import WEIGHTS_FILE

    if "://" in start or os.path.exists(os.path.join(start, WEIGHTS_FILE)):
        return start
    version = version_of(start, "training.start_from: ")
    folder = _trained_by_the_run_of(version)
    if folder is None or not os.path.exists(folder):
        why = (
            "no run is known that fine-tuned and pushed it: it has to lie where that pushed it to"
            if folder is None
            else f"{folder} was removed"
        )
        raise RunError(
            f"training.start_from: {version}: its trained weights cannot be found: {why}; name "
            "another model, or leave the key out to start from the encoder"
        )
    notify(f"training starts from {version}")
    return os.path.abspath(folder)


def _trained_by_the_run_of(version: str) -> str | None:
    from .records import nodes_of_summary

    output = os.path.abspath(os.path.join(version, *[os.pardir] * 3))
    for _, summary in runs_that_pushed(version):
        if summary.get("run") and summary.get("config"):
            node = nodes_of_summary(output, summary).get("trainer")
            if node and node.outputs.get("trained_model"):
                return node.outputs["trained_model"][0].uri
    return None
