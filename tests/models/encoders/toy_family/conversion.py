"""The toy from a folder with `config.json`, `model.safetensors` and `vocab.txt`, its buckets."""

from __future__ import annotations

from reviewlens.models import EncoderFamily

from .backbone import WordEncoder
from .tokenizer import HashTokenizer


def accepts(files):
    return files.architecture == "words"


def load(files, **kwargs):
    size = files.shapes["table"]
    encoder = WordEncoder(*size, files.tokenizer_files["vocab.txt"], **_known(kwargs))
    for name in ("table", "kernel", "bias"):
        getattr(encoder, name).assign(files.read(name))
    return encoder


def load_tokenizer(files, **cut):
    return HashTokenizer(files.tokenizer_files["vocab.txt"], **cut)


def vocabulary_size(files):
    return load_tokenizer(files, max_tokens=2).vocabulary_size


def _known(arguments):
    return {name: value for name, value in arguments.items() if name != "seed"}


FAMILY = EncoderFamily("words", accepts, load, load_tokenizer, vocabulary_size)
