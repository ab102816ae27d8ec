"""RoBERTa's encoders from the files that they come as."""

from __future__ import annotations

from ....errors import RunError
from ..base import EncoderFamily, EncoderFiles
from ..conversion import (
    assign_weights,
    bert_names_in,
    check_tensors,
    configured,
    hugging_face_arguments,
    keras_hub_names,
    prefix_of,
)
from .backbone import RobertaEncoder
from .byte_pairs import read_byte_pairs
from .tokenizer import BytePairTokenizer

# Of `<pad>`; keras-hub's backbone has no other, and of its table not the rows up to it.
_PADDING_ID = 1
KERAS_HUB = keras_hub_names(
    tables={
        "word_embeddings": "layers/token_and_position_embedding/token_embedding/vars/0",
        "position_embeddings": "layers/token_and_position_embedding/position_embedding/vars/0",
    },
    norm="layers/layer_normalization",
    dense={},
)
# What keras-hub calls the files that Hugging Face has.
_KERAS_HUB_FILES = {"vocabulary.json": "vocab.json", "merges.txt": "merges.txt"}


def accepts(files: EncoderFiles) -> bool:
    """Whether an encoder's configuration says that it is of RoBERTa's architecture."""
    return files.architecture in ("roberta", "RobertaBackbone")


def load(files: EncoderFiles, **kwargs) -> RobertaEncoder:
    """Makes the encoder, with the weights of the files and, in float32, their outputs.

    Args:
        files: A folder that `accepts` takes.
        **kwargs: `dropout`, `seed`, `name` and `dtype` of the new layer.

    Raises:
        RunError: The configuration and the weights are not those of one encoder, or of one that
            is not RoBERTa's after all.
    """
    if files.kind == "keras_hub":
        names, within, first_position = KERAS_HUB, ["layers/"], 0
        arguments = {
            "hidden_size": configured(files, "hidden_dim"),
            "num_layers": configured(files, "num_layers"),
            "num_heads": configured(files, "num_heads"),
            "intermediate_size": configured(files, "intermediate_dim"),
            "epsilon": 1e-5,
            "approximate_gelu": False,
        }
    else:
        prefix = prefix_of(files, files.architecture)
        names = bert_names_in(files, prefix)
        within = [f"{prefix}{part}." for part in ("embeddings", "encoder", "pooler")]
        # A first token has the position after that of padding.
        first_position = configured(files, "pad_token_id", _PADDING_ID) + 1
        arguments = hugging_face_arguments(files)
    sources = names.sources(arguments["num_layers"]).values()
    check_tensors(files, [tensor for tensors in sources for tensor in tensors], within)
    shapes = {ours: files.shapes[theirs] for ours, theirs in names.tables.items()}
    encoder = RobertaEncoder(
        shapes["word_embeddings"][0],
        max_positions=shapes["position_embeddings"][0] - first_position,
        num_types=shapes["type_embeddings"][0] if "type_embeddings" in shapes else 0,
        has_pooler=bool(names.dense),
        tokenizer_files=tokenizer_files(files),
        **arguments,
        **kwargs,
    )
    assign_weights(encoder, files, names, first_position)
    return encoder


def load_tokenizer(files: EncoderFiles, **cut) -> BytePairTokenizer:
    """Makes the tokenizer of the files, which cuts texts by `max_tokens` and `truncation`."""
    return BytePairTokenizer(tokenizer_files(files), **cut)


def vocabulary_size(files: EncoderFiles) -> int:
    """Counts the byte pairs of the files."""
    return read_byte_pairs(tokenizer_files(files)).size


def tokenizer_files(files: EncoderFiles) -> dict[str, str]:
    """Finds the files of the tokenizer, under the names that Hugging Face has for them.

    Raises:
        RunError: There are none.
    """
    found = dict(files.tokenizer_files)
    if files.kind == "keras_hub":
        found = {ours: found[name] for name, ours in _KERAS_HUB_FILES.items() if name in found}
    if not found:
        raise RunError(f"{files.directory} has no vocabulary and merges of byte pairs")
    return found


FAMILY = EncoderFamily("roberta", accepts, load, load_tokenizer, vocabulary_size)
