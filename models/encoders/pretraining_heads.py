"""The heads that encoders were pretrained with, as their files have them and under our names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from .base import EncoderFiles
from .formats.opening import open_encoder_files
from .formats.saved_model import SavedEncoder

# What of a head guesses masked tokens; what is left tells whether a text follows another.
MASKED_LANGUAGE = ("dense/kernel", "dense/bias", "norm/gamma", "norm/beta", "bias")
NEXT_SENTENCE = ("next_sentence/kernel", "next_sentence/bias")


@dataclasses.dataclass(frozen=True)
class HeadNames:
    """What a library calls the parts of a head.

    Attributes:
        names: By our names.
        word_embeddings: What its table of words ends with, which the head shares.
        transposed: Whether kernels are [outputs, inputs].
    """

    names: Mapping[str, str]
    word_embeddings: str = "word_embeddings.weight"
    transposed: bool = True

    def rename(self, head: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A head under these names.

        Args:
            head: As `read_head` gives it; what has no name here is left out.
        """
        return {
            theirs: np.ascontiguousarray(self.turn(ours, np.asarray(head[ours], np.float32)))
            for ours, theirs in self.names.items()
            if ours in head
        }

    def turn(self, name: str, values: np.ndarray) -> np.ndarray:
        """A part of a head from our layout to theirs, or from theirs to ours.

        Args:
            name: Our name of it.
            values: The part.
        """
        return values.T if self.transposed and len(values.shape) == 2 else values


def bert_head(early: bool) -> HeadNames:
    """Hugging Face's names for BERT's head.

    Args:
        early: Whether norms have TensorFlow's names, as in early weights.
    """
    gamma, beta = ("gamma", "beta") if early else ("weight", "bias")
    transform = "cls.predictions.transform"
    return HeadNames(
        {
            "dense/kernel": f"{transform}.dense.weight",
            "dense/bias": f"{transform}.dense.bias",
            "norm/gamma": f"{transform}.LayerNorm.{gamma}",
            "norm/beta": f"{transform}.LayerNorm.{beta}",
            "bias": "cls.predictions.bias",
            "next_sentence/kernel": "cls.seq_relationship.weight",
            "next_sentence/bias": "cls.seq_relationship.bias",
        }
    )


ROBERTA_HEAD = HeadNames(
    {
        "dense/kernel": "lm_head.dense.weight",
        "dense/bias": "lm_head.dense.bias",
        "norm/gamma": "lm_head.layer_norm.weight",
        "norm/beta": "lm_head.layer_norm.bias",
        "bias": "lm_head.bias",
    }
)
DISTILBERT_HEAD = HeadNames(
    {
        "dense/kernel": "vocab_transform.weight",
        "dense/bias": "vocab_transform.bias",
        "norm/gamma": "vocab_layer_norm.weight",
        "norm/beta": "vocab_layer_norm.bias",
        "bias": "vocab_projector.bias",
    }
)
TF_HUB_HEAD = HeadNames(
    {
        "dense/kernel": "bert/cls/predictions/transform/dense/kernel",
        "dense/bias": "bert/cls/predictions/transform/dense/bias",
        "norm/gamma": "bert/cls/predictions/transform/LayerNorm/gamma",
        "norm/beta": "bert/cls/predictions/transform/LayerNorm/beta",
        "bias": "bert/cls/predictions/output_bias/bias",
    },
    word_embeddings="word_embeddings/embeddings",
    transposed=False,
)
_KNOWN = (bert_head(early=False), bert_head(early=True), ROBERTA_HEAD, DISTILBERT_HEAD, TF_HUB_HEAD)


def read_head(directory: str) -> dict[str, np.ndarray]:
    """Reads the head that an encoder comes with.

    It is BERT's: a dense layer, the encoder's activation, a norm, the table of words backwards and
    a bias for each; and beside it two logits of the pooled output, which tell whether the second
    text follows the first (label 0) or not (1). Many encoders come without, such as MiniLM.

    Args:
        directory: As `fetch_encoder` leaves it.

    Returns:
        Float32 arrays by name, of as much as there is: `dense/kernel` [hidden, width],
        `dense/bias`, `norm/gamma` and `norm/beta` [width], `bias` [vocabulary], where the width is
        the table's, and mostly `hidden`, too; and
        `next_sentence/kernel` [hidden, 2], `next_sentence/bias` [2]. One that shares no table with
        the encoder, or is of other sizes, is none.

    Raises:
        RunError: The folder holds no encoder, or one that is damaged.

    Example:
        >>> sorted(read_head("all-MiniLM-L6-v2"))
        []
    """
    for files in open_encoder_files(directory):
        if head := _head_of(files):
            return head
    return {}


def _head_of(files: EncoderFiles) -> dict[str, np.ndarray]:
    shapes = files.head_shapes if isinstance(files, SavedEncoder) else files.shapes
    head: dict[str, np.ndarray] = {}
    for known in _KNOWN:
        tables = [name for name in files.shapes if name.endswith(known.word_embeddings)]
        for part in (MASKED_LANGUAGE, NEXT_SENTENCE) if len(tables) == 1 else ():
            found = {name: known.names.get(name, "") for name in part}
            if not all(theirs in shapes for theirs in found.values()):
                continue
            values = {name: known.turn(name, files.read(found[name])) for name in part}
            if _fits(values, files.shapes[tables[0]]) and _shares_table(files, part):
                head |= values
    return head


def _fits(values: Mapping[str, np.ndarray], table: list[int]) -> bool:
    """Whether parts are of the sizes that a table of words [rows, width] has."""
    rows, width = table
    last = {"bias": rows, "next_sentence/kernel": 2, "next_sentence/bias": 2}
    return all(value.shape[-1] == last.get(name, width) for name, value in values.items())


def _shares_table(files: EncoderFiles, part: tuple[str, ...]) -> bool:
    """Whether what guesses tokens has no table of its own."""
    return part is NEXT_SENTENCE or files.config.get("tie_word_embeddings", True) is not False
