"""Reads byte-level byte pairs from the files of a Hugging Face folder.

RoBERTa's vocabulary writes each byte as one character (Radford et al. 2019, "Language Models are
Unsupervised Multitask Learners"): as itself where it is a visible one of Latin-1, and as the next
one from U+0100 on where it is not, so that a space is "Ġ".
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ....errors import RunError

START, PADDING, END, UNKNOWN, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"

_VISIBLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_HIDDEN = [byte for byte in range(0x100) if byte not in _VISIBLE]
# A byte as the vocabulary writes it to the same byte in Latin-1.
_TO_LATIN = {byte: chr(byte) for byte in _VISIBLE}
_TO_LATIN |= {0x100 + i: chr(byte) for i, byte in enumerate(_HIDDEN)}
_BYTES = [chr(written) for written in _TO_LATIN]

# What `tokenizer.json` may say where it matters; the first is what RoBERTa's own says.
_ROBERTAS = {
    "normalizer": (None,),
    "pre_tokenizer.type": ("ByteLevel",),
    "pre_tokenizer.add_prefix_space": (False,),
    "pre_tokenizer.use_regex": (True, None),
    "model.type": ("BPE", None),
    "model.dropout": (None, 0),
    "model.continuing_subword_prefix": ("", None),
    "model.end_of_word_suffix": ("", None),
    "model.ignore_merges": (False, None),
    "post_processor.type": ("RobertaProcessing",),
    "post_processor.add_prefix_space": (False,),
    "post_processor.trim_offsets": (True,),
}
# The same of `tokenizer_config.json`, which overrules it.
_ROBERTAS_CONFIG = {"add_prefix_space": (False, None)}


@dataclasses.dataclass(frozen=True)
class BytePairs:
    """A vocabulary of byte-level byte pairs.

    Pieces are written with a byte as its character of Latin-1: `piece.encode("latin-1")` is the
    text that a piece stands for.

    Attributes:
        files: The files it was read from: path by name.
        size: All ids are below it.
        special: Id by name of "<s>", "</s>", "<pad>", "<unk>" and, if there is one, "<mask>".
        ids: Id by piece, of all that text can become: the 256 bytes and what is merged of them.
        ranks: By piece, the number of the merge that makes it; bytes have none. Of all
            neighbours those are merged first whose number is the lowest.
    """

    files: Mapping[str, str]
    size: int
    special: Mapping[str, int]
    ids: Mapping[str, int]
    ranks: Mapping[str, int]


def read_byte_pairs(files: Mapping[str, str]) -> BytePairs:
    """Reads a vocabulary, and makes sure that texts are to be tokenized as by RoBERTa.

    Args:
        files: Paths by name: `tokenizer.json`, or `vocab.json` and `merges.txt`; if there is a
            `tokenizer_config.json` it is looked at, too.

    Returns:
        The vocabulary.

    Raises:
        RunError: A file is not given, is no JSON or has not the parts it should have.
        RunError: The vocabulary lacks a byte, "<s>", "</s>", "<pad>", "<unk>" or what a merge
            takes or makes, or its ids are not 0, 1, 2 and so on.
        RunError: The files ask for something that RoBERTa's tokenizer does not do.
        tf.errors.OpError: A file cannot be read.
    """
    if "tokenizer.json" in files:
        used = {"tokenizer.json": files["tokenizer.json"]}
        vocabulary, merges = _read_tokenizer(files["tokenizer.json"])
    elif {"vocab.json", "merges.txt"} <= files.keys():
        used = {name: files[name] for name in ("vocab.json", "merges.txt")}
        vocabulary, merges = _read_json(files["vocab.json"]), _read_merges(files["merges.txt"])
    else:
        raise RunError(
            "RoBERTa's tokenizer is made of tokenizer.json, or of vocab.json and merges.txt; "
            f"there is {', '.join(sorted(files)) or 'no file'}"
        )
    if "tokenizer_config.json" in files:
        path = files["tokenizer_config.json"]
        _check_settings(path, _read_json(path), _ROBERTAS_CONFIG)
    path = " and ".join(used.values())
    _check_vocabulary(path, vocabulary)
    ranks = _ranks(_merge_numbers(path, vocabulary, merges))
    return BytePairs(
        files=used,
        size=len(vocabulary),
        special={
            name: vocabulary[name]
            for name in (START, PADDING, END, UNKNOWN, MASK)
            if name in vocabulary
        },
        ids={piece.translate(_TO_LATIN): vocabulary[piece] for piece in [*_BYTES, *ranks]},
        ranks={piece.translate(_TO_LATIN): rank for piece, rank in ranks.items()},
    )


def _read_tokenizer(path: str) -> tuple[dict[str, int], Sequence]:
    """Vocabulary and merges of `tokenizer.json`, whose settings are checked."""
    tokenizer = _read_json(path)
    _check_settings(path, tokenizer, _ROBERTAS)
    vocabulary, merges = _at(tokenizer, "model.vocab"), _at(tokenizer, "model.merges")
    if not isinstance(vocabulary, dict) or not isinstance(merges, list):
        raise RunError(f"{path}: model has no vocab or no merges")
    for added in tokenizer.get("added_tokens", ()):
        name, index = _at(added, "content"), _at(added, "id")
        if not _at(added, "special"):
            raise RunError(
                f"{path}: added_tokens has {name!r}, which is cut out of texts before they are "
                "tokenized; RoBERTa's tokenizer knows no such tokens"
            )
        if vocabulary.setdefault(name, index) != index:
            raise RunError(
                f"{path}: {name!r} is {index} in added_tokens and {vocabulary[name]} in model"
            )
    for key, name in (("cls", START), ("sep", END)):
        framed = _at(tokenizer, f"post_processor.{key}")
        if framed != [name, vocabulary.get(name)]:
            raise RunError(f"{path}: post_processor.{key} is {framed!r}, not {name!r} and its id")
    return vocabulary, merges


def _read_merges(path: str) -> list[str]:
    lines = _read(path).split("\n")
    return [line for line in lines if line and not line.startswith("#version")]


def _read_json(path: str) -> dict[str, Any]:
    try:
        content = json.loads(_read(path))
    except ValueError as error:
        raise RunError(f"{path} is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise RunError(f"{path}: has a {type(content).__name__} where an object should be")
    return content


def _read(path: str) -> str:
    with tf.io.gfile.GFile(path, "rb") as file:
        content = file.read()
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise RunError(f"{path} is no UTF-8: {error}") from None


def _at(settings: Any, name: str) -> Any:
    """The value under a dotted name; None if there is none."""
    for part in name.split("."):
        settings = settings.get(part) if isinstance(settings, dict) else None
    return settings


def _check_settings(path: str, settings: dict, allowed: Mapping[str, tuple]) -> None:
    for name, values in allowed.items():
        value = _at(settings, name)
        if value not in values:
            given = json.dumps(value)
            raise RunError(
                f"{path}: {name} is {given if len(given) < 80 else given[:80] + ' …'}; "
                f"RoBERTa's is {json.dumps(values[0])}"
            )


def _check_vocabulary(path: str, vocabulary: dict[str, Any]) -> None:
    missing = [name for name in (START, END, PADDING, UNKNOWN) if name not in vocabulary]
    if missing:
        raise RunError(f"{path}: the vocabulary has no {', '.join(missing)}")
    lacking = next((byte for byte in _BYTES if byte not in vocabulary), None)
    if lacking is not None:
        raise RunError(
            f"{path} is no byte-level vocabulary: it lacks {lacking!r}, which is the byte "
            f"0x{ord(_TO_LATIN[ord(lacking)]):02X}"
        )
    ids = vocabulary.values()
    if not all(type(index) is int for index in ids) or sorted(ids) != list(range(len(ids))):
        raise RunError(f"{path}: the vocabulary's ids are not 0 to {len(ids) - 1}, each once")


def _merge_numbers(
    path: str, vocabulary: Mapping[str, int], merges: Iterable
) -> dict[tuple[str, str], int]:
    """The number of each merge by the two pieces it takes."""
    numbers = {}
    for number, merge in enumerate(merges):
        # Older files write the two as one string.
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, list) or [type(piece) for piece in pair] != [str, str]:
            raise RunError(f"{path}: merge {number} is {merge!r}, which is no pair of pieces")
        for piece in (*pair, "".join(pair)):
            if piece not in vocabulary:
                raise RunError(f"{path}: the vocabulary has no {piece!r}, of merge {number}")
            if not _TO_LATIN.keys() >= set(map(ord, piece)):
                raise RunError(f"{path} is no byte-level vocabulary: merge {number} is {merge!r}")
        numbers[tuple(pair)] = number
    return numbers


def _ranks(numbers: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """The number of the merge by which text becomes a piece, for all pieces that text becomes.

    Whether pieces are merged depends on nothing but what they stand for: as long as neither is
    merged with what is beside them, they came about as they would in a text of their own. So if
    that text of its own does not become one piece, nowhere does it; and if it does, it does so by
    the same merge everywhere, and any two neighbours that read like a piece are that merge's.
    """
    ranks = {}
    for pair in numbers:
        piece = "".join(pair)
        number = _last_merge(piece, numbers)
        if number is not None:
            ranks[piece] = number
    return ranks


def _last_merge(piece: str, numbers: Mapping[tuple[str, str], int]) -> int | None:
    """Merges the bytes of a piece; None if something is left to the side of the last merge."""
    parts = list(piece)
    while True:
        found = [numbers.get(pair, len(numbers)) for pair in zip(parts, parts[1:], strict=False)]
        number = min(found)
        if number == len(numbers):
            return None
        if len(parts) == 2:
            return number
        at = found.index(number)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
