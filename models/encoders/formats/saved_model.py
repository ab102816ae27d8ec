"""What a TF Hub text encoder's files say about it, read without running it."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import saved_model_pb2, trackable_object_graph_pb2

from ....errors import RunError

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


class SavedEncoder:
    """The variables, vocabulary and casing of a text encoder in SavedModel format.

    Follows the TF Hub API for text embeddings with transformer encoders: beside being
    callable, an encoder has an asset `vocab_file` and a boolean variable `do_lower_case`.

    Args:
        directory: Folder with `saved_model.pb`, `variables/` and `assets/`.

    Attributes:
        directory: As given.
        config: Empty: a SavedModel says nothing of its architecture.
        architecture: Empty.
        tokenizer_files: The vocabulary, as `vocab.txt`.
        vocabulary_file: Path of the vocabulary, one word piece per line.
        lower_case: Whether the vocabulary is of lower-cased text without accents.

    Raises:
        RunError: The folder has no readable SavedModel, or its model is no text encoder.

    Example:
        >>> SavedEncoder("tiny-bert-of-tf-hub").shapes["type_embeddings/embeddings"]
        [2, 16]
    """

    kind = "saved_model"
    architecture = ""

    def __init__(self, directory: str):
        self.directory = directory
        self.config: dict[str, Any] = {}
        file = os.path.join(directory, "saved_model.pb")
        try:
            with tf.io.gfile.GFile(file, "rb") as opened:
                self._graph = saved_model_pb2.SavedModel.FromString(opened.read()).meta_graphs[0]
            variables = os.path.join(directory, "variables", "variables")
            self._checkpoint = tf.train.load_checkpoint(variables)
        except (tf.errors.OpError, message.DecodeError, IndexError) as error:
            raise RunError(
                f"{directory} holds no readable SavedModel: it needs saved_model.pb and "
                f"variables/, as TF Hub encoders have"
            ) from error
        nodes = self._graph.object_graph_def.nodes
        children = {c.local_name: nodes[c.node_id] for c in nodes[0].children} if nodes else {}
        if "__call__" not in children or "vocab_file" not in children:
            raise RunError(
                f"the SavedModel in {directory} is no text encoder: it lacks the vocab_file or "
                f"the call that TF Hub's BERT encoders have"
            )
        asset = self._graph.asset_file_def[children["vocab_file"].asset.asset_file_def_index]
        self.vocabulary_file = os.path.join(directory, "assets", asset.filename)
        self.tokenizer_files = {"vocab.txt": self.vocabulary_file}
        self.lower_case = self._checkpoint.has_tensor("do_lower_case" + _VALUE) and bool(
            self._checkpoint.get_tensor("do_lower_case" + _VALUE)
        )

    @functools.cached_property
    def _keys(self) -> dict[str, str]:
        """Key in the checkpoint of every floating-point variable, by the variable's name."""
        graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
            self._checkpoint.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
        )
        types = self._checkpoint.get_variable_to_dtype_map()
        return {
            attribute.full_name: attribute.checkpoint_key
            for node in graph.nodes
            for attribute in node.attributes
            if types[attribute.checkpoint_key].is_floating
        }

    @functools.cached_property
    def shapes(self) -> dict[str, list[int]]:
        """Shape of every floating-point variable of the encoder itself, by name."""
        return {name: shape for name, shape in self._shapes.items() if name not in self.head_shapes}

    @functools.cached_property
    def head_shapes(self) -> dict[str, list[int]]:
        """The same of the head of its pretraining, which is no part of it; many have none."""
        return {
            name: shape
            for name, shape in self._shapes.items()
            if self._keys[name].startswith("mlm/") or name.startswith("cls/")
        }

    @functools.cached_property
    def _shapes(self) -> dict[str, list[int]]:
        shapes = self._checkpoint.get_variable_to_shape_map()
        return {name: shapes[key] for name, key in self._keys.items()}

    @functools.cached_property
    def operations(self) -> frozenset[str]:
        """Names of all operations in the encoder's functions."""
        functions = self._graph.graph_def.library.function
        return frozenset(node.op for function in functions for node in function.node_def)

    def read(self, name: str) -> np.ndarray:
        """Reads one variable.

        Args:
            name: One of `shapes` or of `head_shapes`.

        Returns:
            Its value.
        """
        return self._checkpoint.get_tensor(self._keys[name])
