"""What the files of a model are, wherever they lie."""

from __future__ import annotations

import hashlib
import os

from tfx.dsl.io import fileio

from ..files import stream_digest
from .model_card import CARD_FILE

# Without it no server loads a model, so it is written last.
MARK = "saved_model.pb"
# Custom property of a blessing: the digest of the model that it is about.
MODEL_DIGEST = "model_sha256"


def model_digest(folder: str) -> str:
    """Hashes the names and contents of all files below a folder, but for the card of a version.

    That one tells of the model, and is written when it has been judged.

    Args:
        folder: Path or address that TFX can open.

    Returns:
        SHA-256 in 64 hexadecimal digits, equal for equal files at other places.
    """
    files = [
        os.path.join(parent, name) for parent, _, names in fileio.walk(folder) for name in names
    ]
    card = os.path.join(folder, CARD_FILE)
    whole = hashlib.sha256()
    for path in sorted(path for path in files if path != card):
        with fileio.open(path, "rb") as file:
            whole.update(f"{stream_digest(file)} {os.path.relpath(path, folder)}\0".encode())
    return whole.hexdigest()


def is_model(folder: str) -> bool:
    """Whether a folder holds a SavedModel, whole as far as a server can tell."""
    return fileio.exists(os.path.join(folder, MARK))
