"""Which files make an encoder, in each of the formats that are read.

What else lies beside them, such as the same weights for other frameworks, is neither fetched
nor copied.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable
from pathlib import Path

from ....errors import RunError

_SAVED_MODEL = ("saved_model.pb", "variables/*", "assets/*")
_SAFETENSORS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
_KERAS_WEIGHTS = ("model.weights.h5", "model.weights.json", "model_*.weights.h5")
_TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)
# What is known of an encoder that was trained here, see `publishing`.
FACTS_FILE = "encoder.json"
# What a file says that is neither weights nor tokenizer: how they are put to use, or came about.
_DESCRIPTIONS = ("saved_model.pb", "config.json", "metadata.json", FACTS_FILE)
# What others say of its use; wherever it goes, they go with it.
_NOTICES = ("LICENSE*", "LICENCE*", "NOTICE*", "COPYING*")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

# Shell patterns of names, relative to the encoder's folder, in which `*` matches slashes, too.
PATTERNS = tuple(
    dict.fromkeys(
        (
            *_SAVED_MODEL,
            *_DESCRIPTIONS,
            *_SAFETENSORS,
            *_KERAS_WEIGHTS,
            *_TOKENIZER,
            *_NOTICES,
        )
    )
)


def encoder_files(folder: Path) -> dict[str, Path]:
    """Lists the files of a folder that make an encoder.

    Args:
        folder: On this machine. Links to folders are left out: they could lead in a circle.

    Returns:
        Path by name relative to the folder, in the order of the names.
    """
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            found[path.relative_to(folder).as_posix()] = path
    return {name: found[name] for name in sorted(found) if _is_any(name, PATTERNS)}


def is_description(name: str) -> bool:
    """Whether a file is neither weights nor tokenizer.

    Args:
        name: One of `encoder_files`.
    """
    return name in _DESCRIPTIONS or is_notice(name)


def is_notice(name: str) -> bool:
    """Whether a file is a licence or a notice.

    Args:
        name: One of `encoder_files`.
    """
    return _is_any(name, _NOTICES)


def is_encoder_root(names: Iterable[str]) -> bool:
    """Whether files beside each other look like the top of an encoder.

    Args:
        names: Of the files in one folder, without the folder.
    """
    return not {"saved_model.pb", "config.json"}.isdisjoint(names)


def check_names(source: str, names: Iterable[str]) -> None:
    """Tells by the names alone what is missing, before anything is fetched or read.

    Args:
        source: For the message.
        names: Of all files, relative to the encoder's folder.

    Raises:
        RunError: No format has its description, its weights and its tokenizer among them.
    """
    names = list(names)
    if "saved_model.pb" in names:
        return
    if "config.json" not in names:
        raise RunError(
            f"{source} is no encoder: it has neither saved_model.pb, as those of TF Hub, nor "
            "config.json, as those of Hugging Face and KerasHub"
        )
    if not any(_is_any(name, (*_SAFETENSORS[:2], *_KERAS_WEIGHTS)) for name in names):
        pickles = [name for name in names if _is_any(name, _PICKLES)]
        if pickles:
            raise RunError(
                f"{source} has its weights only as a pickle, {min(pickles)}, which may run any "
                "code and is never opened; what is read is model.safetensors"
            )
        raise RunError(f"{source} has no weights: there is no model.safetensors in it")
    if not any(_is_any(name, ("tokenizer.json", "vocab.txt", "vocab.json")) for name in names):
        raise RunError(
            f"{source} has no tokenizer: there is neither tokenizer.json nor vocab.txt nor "
            "vocab.json with merges.txt in it"
        )


def _is_any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
