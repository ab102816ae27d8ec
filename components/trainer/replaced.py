"""The checkpoint that an output of the trainer replaces, once ML Metadata has recorded it.

Until then a kill would remove the output as that of an unfinished node, and all that
had been learnt with it.
"""

from __future__ import annotations

import os

from tfx.dsl.io import fileio

from ...errors import RunError
from ...models.training.checkpoint import remove_checkpoint
from ...progress import notify

_FILE = "checkpoint.txt"


def note_replaced_checkpoint(trained_model: str, checkpoint: str | None) -> None:
    """Writes down which checkpoint an output will replace.

    Args:
        trained_model: Directory of the output `trained_model`.
        checkpoint: Path of the checkpoint, None if there is none.
    """
    if checkpoint is not None:
        with fileio.open(os.path.join(trained_model, _FILE), "w") as file:
            file.write(checkpoint)


def remove_replaced_checkpoint(trained_model: str) -> None:
    """Removes the checkpoint that an output has replaced; one that is gone is no error.

    One that cannot be removed is told, as it takes nothing but space.

    Args:
        trained_model: Directory of the output `trained_model`, which ML Metadata has recorded.
    """
    path = os.path.join(trained_model, _FILE)
    if fileio.exists(path):
        with fileio.open(path) as file:
            checkpoint = file.read()
        try:
            remove_checkpoint(checkpoint)
        except RunError as error:
            notify(str(error))
