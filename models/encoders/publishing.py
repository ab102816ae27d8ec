"""From a trained encoder to a folder that others can start from."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ...errors import RunError
from ...files import tree_digests, whole_folder
from .base import Encoder
from .pretraining_heads import MASKED_LANGUAGE, read_head
from .registry import FAMILIES
from .sources.contents import FACTS_FILE, is_notice
from .sources.fetching import encoder_digest

NOTICE_FILE = "NOTICE"


def write_encoder(
    encoder: Encoder,
    directory: str,
    *,
    head: Mapping[str, np.ndarray] | None = None,
    facts: Mapping[str, Any] | None = None,
    source: str = "",
    saved_model: bool = True,
) -> dict[str, Any]:
    """Writes an encoder as a folder in the forms that others read, whole or not at all.

    One of BERT's architecture is there twice with equal outputs: as a SavedModel with TF Hub's API
    for text encoders, with the part `mlm` where the head guesses masked tokens; and as Hugging
    Face has it, head and tokenizer included, which keras-hub reads as well (it knows no other
    GELU than the tanh approximation). RoBERTa's has the second form only, a SavedModel that was
    trained as it is the first. Here `load_encoder` loads each of them, `read_head` gives the head
    back.

    Args:
        encoder: With weights in float32.
        directory: On this machine, made with its parents; if it exists, it has to be empty.
        head: What it was pretrained with, see `read_head`; nothing where None.
        facts: What is known of it, for `encoder.json`. `started_from` may be among it: a text or
            the facts `name`, `source`, `sha256` and `licence` of another encoder.
        source: Directory of the encoder that it started from; licences and notices in it are
            copied.
        saved_model: Whether there shall be a SavedModel where there can be another form as well.

    Returns:
        What `encoder.json` says: the facts, and its `layers`, `hidden_size`, `parameters`,
        `vocabulary_size`, the objectives of its `head`, its `sha256` (see `encoder_digest`) and
        that of each of its `files`.

    Raises:
        RunError: The encoder has no tokenizer, or is of a family that is not written.
        OSError: The folder cannot be written.

    Example:
        >>> encoder = load_encoder("tiny-bert-of-tf-hub")
        >>> facts = write_encoder(encoder, "encoders/mine/1", facts={"name": "mine"})
        >>> load_encoder("encoders/mine/1").num_layers == facts["layers"]
        True
    """
    write = _writer_of(encoder)
    facts = dict(facts or {})
    with whole_folder(directory) as folder:
        write(encoder, head or {}, folder, saved_model)
        _write_notices(folder, facts.get("started_from"), source)
        facts |= {
            "layers": encoder.num_layers,
            "hidden_size": encoder.hidden_size,
            "parameters": sum(
                weight.shape.num_elements() for weight in encoder.trainable_variables
            ),
            "vocabulary_size": encoder.vocabulary_size,
            # A SavedModel has no place for what tells next sentences.
            "head": sorted(
                {"mlm" if name in MASKED_LANGUAGE else "nsp" for name in read_head(folder)}
            ),
            "sha256": encoder_digest(folder),
            "files": tree_digests(folder),
        }
        with open(os.path.join(folder, FACTS_FILE), "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=2, ensure_ascii=False)
    return facts


def read_facts(directory: str) -> dict[str, Any]:
    """Reads what is known of an encoder that was trained here.

    Args:
        directory: Of the encoder, or of a copy as `fetch_encoder` leaves it.

    Returns:
        What `write_encoder` gave; nothing where it has not written the encoder.

    Example:
        >>> facts = write_encoder(encoder, "encoders/mine/1", facts={"name": "mine"})
        >>> read_facts("encoders/mine/1") == facts
        True
    """
    path = os.path.join(directory, FACTS_FILE)
    if not tf.io.gfile.exists(path):
        return {}
    with tf.io.gfile.GFile(path) as file:
        facts = json.load(file)
    # Others call their vocabularies so.
    return facts if isinstance(facts.get("files"), dict) else {}


def _writer_of(encoder: Encoder) -> Callable[..., None]:
    for name in FAMILIES:
        module = importlib.import_module(f".{name}.publishing", __package__)
        if isinstance(encoder, module.ENCODER):
            return module.write
    raise RunError(
        f"an encoder of {type(encoder).__name__} cannot be written to a folder: known are "
        f"{', '.join(FAMILIES)}"
    )


def _write_notices(folder: str, started_from: Mapping[str, Any] | None, source: str) -> None:
    """Licences and notices of the source, and a note on what the encoder is made of."""
    notices = [name for name in tf.io.gfile.listdir(source) if is_notice(name)] if source else []
    for name in notices:
        tf.io.gfile.copy(os.path.join(source, name), os.path.join(folder, name))
    if not started_from or started_from.get("random_weights"):
        return
    licence = started_from.get("licence")
    note = (
        "This encoder was trained by reviewlens, starting from another one:\n"
        f"  {started_from['name']}, from {started_from['source']}\n"
        f"  SHA-256 of its weights and tokenizer: {started_from['sha256']}\n"
        f"  licence: {licence or 'not known here; ask where it comes from'}\n"
        "Its weights are made of the weights of that one: whoever passes them on keeps to that\n"
        "licence.\n"
    )
    notice = Path(folder, NOTICE_FILE)
    if notice.exists():
        note += f"\nThe notice of that one:\n\n{notice.read_text(encoding='utf-8')}"
    notice.write_text(note, encoding="utf-8")
