"""The model that a run has pushed: where it lies, and how it is loaded without noise."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..files import version_numbers
from ..serving.model_card import read_model_card
from .output import RUNS, SUMMARY

if TYPE_CHECKING:
    from ..serving.local_model import LocalModel

_SAVED_MODEL = "saved_model.pb"
# What a model is asked with that does not say what it was trained on.
ANY_COLUMNS: Mapping[str, Any] = {"text": ["text"]}


def version_of(model: str, flag: str = "") -> str:
    """The version directory that a path leads to.

    Args:
        model: A version directory, the directory above it, or the output of a run. The address
            of another file system is given back as it is.
        flag: How the path was given, for messages, such as `--model `.

    Raises:
        RunError: There is no model.
    """
    if "://" in model:
        return model
    serving = os.path.join(model, "serving")
    if os.path.isfile(os.path.join(model, SUMMARY)) and os.path.isdir(serving):
        names = sorted(os.listdir(serving))
        if len(names) != 1:
            raise RunError(f"{flag}{model}: has {len(names)} models in serving/; name one of them")
        model = os.path.join(serving, names[0])
    if not os.path.isdir(model):
        raise RunError(
            f"{flag}{model}: no such directory; a run pushes its model to OUTPUT/serving/NAME"
        )
    if os.path.exists(os.path.join(model, _SAVED_MODEL)):
        return model
    for name in reversed(version_numbers(os.listdir(model)).values()):
        if os.path.exists(os.path.join(model, name, _SAVED_MODEL)):
            return os.path.join(model, name)
    raise RunError(f"{flag}{model} holds no model: neither {_SAVED_MODEL} nor a version such as 1/")


def runs_that_pushed(version: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Finds the runs that have pushed a version, by their summaries.

    Args:
        version: Its version directory, in the output of its run.

    Yields:
        Path of a summary, that of the last run of this output first, and what it says.
    """
    output = os.path.abspath(os.path.join(version, *[os.pardir] * 3))
    kept = sorted(glob.glob(os.path.join(glob.escape(output), RUNS, "*", SUMMARY)), reverse=True)
    for path in (os.path.join(output, SUMMARY), *kept):
        try:
            with open(path, encoding="utf-8") as file:
                summary = json.load(file)
            pushed = summary.get("pushed_to") or ""
        except (OSError, ValueError, AttributeError):
            continue
        # An output that was moved has its versions under their names still.
        if pushed.rstrip("/").split("/")[-2:] == os.path.abspath(version).split("/")[-2:]:
            yield path, summary


def columns_of(version: str) -> Mapping[str, Any]:
    """The columns that a model was trained on, see `review_example_gen.columns`.

    Args:
        version: Its version directory.

    Returns:
        What its `model.json` says; the column `text` where the model is older than this.

    Raises:
        RunError: That cannot be read.
    """
    try:
        return read_model_card(version).get("columns") or ANY_COLUMNS
    except ValueError as error:
        raise RunError(f"{version}: {error}") from None


def load_model(directory: str) -> LocalModel:
    """Loads a model and has it answer once, with what TensorFlow says of that thrown away.

    Args:
        directory: See `version_of`.

    Raises:
        RunError: There is no model of reviewlens in it.
    """
    from .capture import captured_output
    from .environment import prepare_environment

    prepare_environment()
    with captured_output(os.devnull):
        from ..serving.local_model import LocalModel

        model = LocalModel(directory)
        # TensorFlow has something to say of a kernel when it is first used.
        model.predict([dict.fromkeys(model.inputs, "")])
        return model
