"""From the names and layouts that other libraries have for BERT's kind of weights to ours."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ...errors import RunError
from .base import EncoderFiles
from .transformer import TransformerEncoder

# Of Hugging Face's BERT and RoBERTa, where a configuration is silent.
_EPSILON = 1e-12
NO_TOKENIZER = "the encoder has no file of a tokenizer, without which nobody can use it"
# What Hugging Face calls GELU, and whether it is the tanh approximation.
_ACTIVATIONS = {
    "gelu": False,
    "gelu_python": False,
    "gelu_new": True,
    "gelu_fast": True,
    "gelu_pytorch_tanh": True,
}


@dataclasses.dataclass(frozen=True)
class TensorNames:
    """What a library calls the weights of a `TransformerEncoder`.

    Attributes:
        tables: Our tables, to their tensors.
        norms: Our norms outside of blocks, to what theirs begin with.
        dense: Our dense layers outside of blocks, each to the beginnings of those of theirs whose
            outputs it joins.
        block: What a block of theirs begins with, given its number from 0.
        block_norms: As `norms`, after the beginning of a block.
        block_dense: As `dense`, after the beginning of a block.
        norm_kinds: What the names of gamma and beta end with.
        dense_kinds: What the names of kernel and bias end with.
        transposed: Whether kernels are [outputs, inputs].
    """

    tables: Mapping[str, str]
    norms: Mapping[str, str]
    dense: Mapping[str, Sequence[str]]
    block: Callable[[int], str]
    block_norms: Mapping[str, str]
    block_dense: Mapping[str, Sequence[str]]
    norm_kinds: tuple[str, str]
    dense_kinds: tuple[str, str]
    transposed: bool = False

    def sources(self, num_layers: int) -> dict[str, list[str]]:
        """Names of the tensors that make up each of our variables, by its path in the encoder."""
        sources = {name: [tensor] for name, tensor in self.tables.items()}
        places = [("", "", self.norms, self.dense)]
        places += [
            (f"layer_{index}/", self.block(index), self.block_norms, self.block_dense)
            for index in range(num_layers)
        ]
        for ours, theirs, norms, dense in places:
            for kind, end in zip(("gamma", "beta"), self.norm_kinds, strict=True):
                sources |= {f"{ours}{name}_{kind}": [theirs + norms[name] + end] for name in norms}
            for kind, end in zip(("kernel", "bias"), self.dense_kinds, strict=True):
                sources |= {
                    f"{ours}{name}_{kind}": [theirs + part + end for part in parts]
                    for name, parts in dense.items()
                }
        return sources


def bert_names(prefix: str, *, pooler: bool, early: bool) -> TensorNames:
    """Hugging Face's names for the weights of BERT and RoBERTa.

    Args:
        prefix: See `prefix_of`.
        pooler: Whether there is one.
        early: Whether norms have TensorFlow's names, as in early weights.
    """
    return TensorNames(
        tables={
            "word_embeddings": f"{prefix}embeddings.word_embeddings.weight",
            "position_embeddings": f"{prefix}embeddings.position_embeddings.weight",
            "type_embeddings": f"{prefix}embeddings.token_type_embeddings.weight",
        },
        norms={"embeddings_norm": f"{prefix}embeddings.LayerNorm"},
        dense={"pooler": [f"{prefix}pooler.dense"]} if pooler else {},
        block=lambda index: f"{prefix}encoder.layer.{index}.",
        block_norms={
            "attention_norm": "attention.output.LayerNorm",
            "output_norm": "output.LayerNorm",
        },
        block_dense={
            "query_key_value": [f"attention.self.{part}" for part in ("query", "key", "value")],
            "attention_output": ["attention.output.dense"],
            "intermediate": ["intermediate.dense"],
            "output": ["output.dense"],
        },
        norm_kinds=(".gamma", ".beta") if early else (".weight", ".bias"),
        dense_kinds=(".weight", ".bias"),
        transposed=True,
    )


def bert_names_in(files: EncoderFiles, prefix: str) -> TensorNames:
    """Those of `bert_names` that some files have.

    Args:
        files: Where the weights are; those of a pooler may be missing.
        prefix: See `prefix_of`.
    """
    return bert_names(
        prefix,
        pooler=f"{prefix}pooler.dense.weight" in files.shapes,
        early=f"{prefix}embeddings.LayerNorm.gamma" in files.shapes,
    )


def keras_hub_names(
    tables: Mapping[str, str], norm: str, dense: Mapping[str, Sequence[str]]
) -> TensorNames:
    """keras-hub's names for the weights of its BERT and RoBERTa backbones.

    Args:
        tables: See `TensorNames`.
        norm: What the tensors of the embeddings' norm begin with.
        dense: See `TensorNames`.
    """
    parts = [f"_self_attention_layer/{part}_dense" for part in ("query", "key", "value")]
    return TensorNames(
        tables=tables,
        norms={"embeddings_norm": norm},
        dense=dense,
        block=lambda index: f"layers/transformer_encoder{f'_{index}' if index else ''}/",
        block_norms={
            "attention_norm": "_self_attention_layer_norm",
            "output_norm": "_feedforward_layer_norm",
        },
        block_dense={
            "query_key_value": parts,
            "attention_output": ["_self_attention_layer/output_dense"],
            "intermediate": ["_feedforward_intermediate_dense"],
            "output": ["_feedforward_output_dense"],
        },
        norm_kinds=("/vars/0", "/vars/1"),
        dense_kinds=("/vars/0", "/vars/1"),
    )


def assign_weights(
    encoder: TransformerEncoder,
    files: EncoderFiles,
    names: TensorNames,
    first_position: int = 0,
) -> None:
    """Gives an encoder the weights of some files.

    Args:
        encoder: Has the sizes that the files say.
        files: Where the weights are.
        names: What they are called there.
        first_position: The row of their table of positions that a first token has.

    Raises:
        RunError: If one of them is missing or of another shape.
    """
    sources = names.sources(encoder.num_layers)
    for variable in encoder.trainable_weights:
        tensors = sources[variable.path.removeprefix(encoder.path + "/")]
        values = [files.read(tensor) for tensor in tensors]
        if variable is encoder.position_embeddings:
            values = [value[first_position:] for value in values]
        if names.transposed and len(variable.shape) == 2 and encoder.depth_of(variable) > 0:
            values = [value.T for value in values]
        # TF Hub and keras-hub have an axis for the heads, [..., heads, width].
        rows = variable.shape[:-1]
        try:
            variable.assign(np.concatenate([value.reshape(*rows, -1) for value in values], -1))
        except ValueError as error:
            shapes = ", ".join(str(files.shapes[tensor]) for tensor in tensors)
            raise RunError(
                f"{tensors[0]} in {files.directory} is of shape {shapes}, which does not make "
                f"{list(variable.shape)} as the configuration has it"
            ) from error


def named_weights(
    encoder: TransformerEncoder, names: TensorNames, first_position: int = 0
) -> dict[str, np.ndarray]:
    """Gives the weights of an encoder the names of another library: `assign_weights` backwards.

    Args:
        encoder: Whose weights.
        names: What they are called there.
        first_position: Rows of their table of positions before that of a first token; zeros.

    Returns:
        Float32 arrays by name; kernels are [inputs, outputs] or turned around, as `names` says.
    """
    sources = names.sources(encoder.num_layers)
    tensors: dict[str, np.ndarray] = {}
    for variable in encoder.trainable_weights:
        parts = sources[variable.path.removeprefix(encoder.path + "/")]
        values = np.asarray(keras.ops.convert_to_numpy(variable), np.float32)
        if variable is encoder.position_embeddings:
            values = np.pad(values, [(first_position, 0), (0, 0)])
        split = np.split(values, len(parts), axis=-1)
        if names.transposed and values.ndim == 2 and encoder.depth_of(variable) > 0:
            split = [part.T for part in split]
        tensors |= zip(parts, map(np.ascontiguousarray, split), strict=True)
    return tensors


def check_tensors(files: EncoderFiles, needed: Collection[str], within: Sequence[str] = ()) -> None:
    """Raises where the tensors of an encoder are not those of its architecture.

    Args:
        files: Where they are.
        needed: Names of those that have to be there.
        within: What the names of an encoder's tensors begin with; of these there may be no others.
            The rest are of a head.

    Raises:
        RunError: If one is missing or too many.
    """
    if missing := [name for name in needed if name not in files.shapes]:
        raise RunError(f"the weights in {files.directory} lack {missing[0]}")
    beginnings, known = tuple(within), set(needed)
    if others := [
        name for name in files.shapes if name.startswith(beginnings) and name not in known
    ]:
        raise RunError(
            f"the encoder in {files.directory} has weights that its architecture, "
            f"{files.architecture}, has not: {others[0]}"
        )


def configured(files: EncoderFiles, key: str, otherwise: float | None = None) -> Any:
    """A number of an encoder's configuration.

    Args:
        files: Where the configuration is.
        key: Its key.
        otherwise: What holds if it is not there; None if it has to be.

    Raises:
        RunError: If it is not there, or no number from 0 on.
    """
    value = files.config.get(key, otherwise)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return value
    raise RunError(f"the configuration in {files.directory} has {value!r} for {key}")


def is_approximate_gelu(files: EncoderFiles, key: str) -> bool:
    """Whether the activation that a configuration names is the tanh approximation of GELU.

    Args:
        files: Where the configuration is.
        key: Where in it the activation is named.

    Raises:
        RunError: If it is no GELU.
    """
    name = files.config.get(key, "gelu")
    if name not in _ACTIVATIONS:
        known = ", ".join(_ACTIVATIONS)
        raise RunError(
            f"the encoder in {files.directory} has the activation {name!r}; known are {known}"
        )
    return _ACTIVATIONS[name]


def activation_name(approximate_gelu: bool) -> str:
    """What Hugging Face calls one of the two forms of GELU.

    Args:
        approximate_gelu: Whether it is the tanh approximation.
    """
    return next(name for name, form in _ACTIVATIONS.items() if form == approximate_gelu)


def hugging_face_arguments(files: EncoderFiles) -> dict[str, Any]:
    """What a configuration of Hugging Face says of BERT's and RoBERTa's kind of encoder.

    Args:
        files: Where the configuration is.

    Returns:
        Arguments of `TransformerEncoder`.

    Raises:
        RunError: If it lacks a size, or has something that is not computed here.
    """
    positions = files.config.get("position_embedding_type", "absolute")
    if positions != "absolute" or files.config.get("is_decoder"):
        what = "a decoder" if files.config.get("is_decoder") else f"of {positions!r} positions"
        raise RunError(
            f"the encoder in {files.directory} is {what}, which is not computed here; what is are "
            "encoders with absolute positions"
        )
    return {
        "hidden_size": configured(files, "hidden_size"),
        "num_layers": configured(files, "num_hidden_layers"),
        "num_heads": configured(files, "num_attention_heads"),
        "intermediate_size": configured(files, "intermediate_size"),
        "epsilon": configured(files, "layer_norm_eps", _EPSILON),
        "approximate_gelu": is_approximate_gelu(files, "hidden_act"),
    }


def prefix_of(files: EncoderFiles, name: str) -> str:
    """What the tensors of an encoder begin with: in models with a head its name, else nothing."""
    begins = f"{name}."
    return begins if any(tensor.startswith(begins) for tensor in files.shapes) else ""
