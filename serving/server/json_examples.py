"""The examples of a `:classify` or `:regress` request, from JSON to `tf.Example`s."""

from __future__ import annotations

import math
from typing import Any

from tensorflow.core.example import example_pb2, feature_pb2

from ..status import invalid
from .json_document import decode_base64, describe, is_base64, type_name
from .limits import check_growth

_LISTS = {"bytes": "bytes_list", "float": "float_list", "int64": "int64_list"}


def read_examples(document: dict, most_bytes: float = math.inf) -> list[bytes]:
    """Reads the examples of a request.

    Strings and base64 objects become bytes features, numbers with a point or exponent float
    features, integers, true and false int64 features.

    Args:
        document: With `examples`, a list of objects of feature values or lists of such, and
            maybe `context`, an object of features that all examples share.
        most_bytes: What the context may grow to when each example has it.

    Returns:
        Serialized `tf.Example`s with the features of the context.

    Raises:
        ServingError: There are no examples, or one cannot be read (INVALID_ARGUMENT), or the
            context is too large (RESOURCE_EXHAUSTED).

    Example:
        >>> example_pb2.Example.FromString(*read_examples({"examples": [{"x": 1.5}]}))
        features { feature { key: "x" value { float_list { value: 1.5 } } } }
    """
    shared = b""
    if "context" in document:
        shared = _read_example(document["context"])
    problem = ""
    examples = document.get("examples", ())
    if "examples" not in document:
        problem = "When method is classify, key 'examples' is expected and was not found"
    elif type(examples) is not list:
        problem = "Expecting 'examples' value to be an list/array"
    elif not examples:
        problem = "'examples' value is an empty array"
    if problem:
        raise invalid(f"JSON Value: {describe(document)} {problem}")
    check_growth(len(shared) * len(examples), most_bytes)
    # Messages that follow each other are merged when they are read.
    return [shared + _read_example(example) for example in examples]


def _read_example(value: object) -> bytes:
    if type(value) is not dict:
        raise invalid(f"Example must be JSON object but got JSON {type_name(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for item in content if type(content) is list else [content]:
            _add(item, name, feature)
    return example.SerializeToString()


def _add(value: Any, name: str, feature: feature_pb2.Feature) -> None:
    if value is None or type(value) is list or (type(value) is dict and not is_base64(value)):
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")
    kind = {float: "float", int: "int64", bool: "int64"}.get(type(value), "bytes")
    known = feature.WhichOneof("kind")
    if known not in (None, _LISTS[kind]):
        raise invalid(
            f"Unexpected element type in feature: {name} "
            f"expecting type: {known.removesuffix('_list')}"
        )
    if type(value) is dict:
        value = decode_base64(value)
    elif type(value) is str:
        value = value.encode()
    elif kind == "int64" and value >= 2**63:
        raise invalid(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    getattr(feature, _LISTS[kind]).value.append(value)
