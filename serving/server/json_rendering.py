"""Answers as JSON text, to the character as TensorFlow Serving writes them."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from ..status import Code, invalid
from .inference import Classification

_MUST_ESCAPE = re.compile(r'[\x00-\x1f"\\]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
_ESCAPES["\t"] = "\\t"
_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
# Significant digits that tell any two numbers apart.
_DIGITS = {np.dtype(np.float32): 9, np.dtype(np.float64): 17}
_INTEGERS = {np.dtype(t) for t in ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")}


def render_predictions(outputs: Mapping[str, np.ndarray]) -> bytes:
    """Writes the answer to a `:predict` request in row format.

    Args:
        outputs: Each with the batch as its first dimension, by alias; texts are object arrays
            of bytes.

    Returns:
        `{"predictions": […]}`, of bare values for one output, else of objects.

    Raises:
        ServingError: An output has no batch dimension, another batch size than the one before,
            or a type that JSON cannot have (INVALID_ARGUMENT).

    Example:
        >>> print(render_predictions({"y": np.array([2.5, 3], np.float32)}).decode())
        {
            "predictions": [2.5, 3.0
            ]
        }
    """
    outputs = _arrays(outputs)
    batch = None
    for alias, value in outputs.items():
        if value.ndim == 0:
            raise invalid(f"Tensor name: {alias} has no shape information ")
        if batch not in (None, len(value)):
            raise invalid(
                f"Tensor name: {alias} has inconsistent batch size: {len(value)} expecting: {batch}"
            )
        batch = len(value)
    if len(outputs) == 1:
        ((alias, value),) = outputs.items()
        rows = _nest(_elements(alias, value, value.ndim + 1), value.shape, 1, _line)
        predictions = "[" + ", ".join(rows) + ("\n    ]" if rows else "]")
    else:
        columns = [
            [
                f"{_quote(alias.encode())}: {text}"
                for text in _nest(_elements(alias, value, value.ndim + 2), value.shape, 1, _line)
            ]
            for alias, value in outputs.items()
        ]
        objects = [_block("{", row, "}", 2) for row in zip(*columns, strict=True)]
        predictions = _block("[", objects, "]", 1)
    return _document("predictions", predictions)


def render_outputs(outputs: Mapping[str, np.ndarray]) -> bytes:
    """Writes the answer to a `:predict` request in columnar format.

    Args:
        outputs: Of any shapes, by alias; texts are object arrays of bytes.

    Returns:
        `{"outputs": …}`, the value of the only output or an object of all.

    Raises:
        ServingError: An output has a type that JSON cannot have (INVALID_ARGUMENT).
    """
    outputs = _arrays(outputs)
    depth = 1 if len(outputs) == 1 else 2
    texts = {}
    for alias, value in outputs.items():
        elements = _elements(alias, value, depth + value.ndim)
        (texts[alias],) = _nest(elements, value.shape, 0, _block_of_list(depth))
    if len(texts) == 1:
        return _document("outputs", *texts.values())
    members = [f"{_quote(alias.encode())}: {text}" for alias, text in texts.items()]
    return _document("outputs", _block("{", members, "}", 1))


def render_classification(answer: Classification) -> bytes:
    """Writes the answer to a `:classify` request: a label and a score for each class."""
    size = math.prod(answer.shape)
    labels, scores = ['""'] * size, ["0.0"] * size
    if answer.classes is not None:
        labels = [_quote(label) for label in answer.classes.ravel().tolist()]
    if answer.scores is not None:
        scores = _decimals(answer.scores)
    pairs = [f"[{label}, {score}]" for label, score in zip(labels, scores, strict=True)]
    rows = _nest(pairs, answer.shape, 1, _line)
    return _document("results", "[" + ", ".join(rows) + "\n    ]")


def render_regression(values: np.ndarray) -> bytes:
    """Writes the answer to a `:regress` request.

    Args:
        values: float32 [batch].
    """
    return _document("results", _line(_decimals(values), 0))


def render_error(message: str) -> bytes:
    """Writes the body of an answer that is not 200."""
    return _document("error", _quote(message.encode("utf-8", "surrogateescape")))


def render_status(response: get_model_status_pb2.GetModelStatusResponse) -> bytes:
    """Writes the states of a model's versions."""
    versions = [
        {
            "version": str(version.version),
            "state": version.State.Name(version.state),
            "status": {
                "error_code": Code(version.status.error_code).name,
                "error_message": version.status.error_message,
            },
        }
        for version in response.model_version_status
    ]
    text = json.dumps({"model_version_status": versions}, indent=1, ensure_ascii=False)
    return text.encode() + b"\n"


def render_metadata(response: get_model_metadata_pb2.GetModelMetadataResponse) -> bytes:
    """Writes name, version and signatures of a model."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    spec = response.model_spec
    document = {
        "model_spec": {
            "name": spec.name,
            "signature_name": spec.signature_name,
            "version": str(spec.version.value),
        },
        "metadata": {
            "signature_def": json_format.MessageToDict(
                signatures, including_default_value_fields=True, preserving_proto_field_name=True
            )
        },
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _arrays(outputs: Mapping[str, np.ndarray | bytes]) -> dict[str, np.ndarray]:
    """In the order of their names; TensorFlow gives a scalar string as mere bytes."""
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    return {
        alias: np.array(value, object) if type(value) is bytes else np.asarray(value)
        for alias, value in sorted(outputs.items())
    }


def _elements(alias: str, value: np.ndarray, depth: int) -> list[str]:
    """The text of each element; `depth` is the number of brackets around one."""
    if value.dtype == object:
        quoted = value.ravel().tolist()
        if not alias.endswith("_bytes"):
            return [_quote(text) for text in quoted]
        encoded = [f'"b64": "{base64.b64encode(text).decode()}"' for text in quoted]
        return [_block("{", [member], "}", depth) for member in encoded]
    if value.dtype in _DIGITS:
        return _decimals(value)
    if value.dtype in _INTEGERS:
        return [str(number) for number in value.ravel().tolist()]
    if value.dtype == bool:
        return ["true" if flag else "false" for flag in value.ravel().tolist()]
    name = "half" if value.dtype == np.float16 else value.dtype.name
    raise invalid(f"Failed to write JSON value for tensor type: {name}")


def _decimals(values: np.ndarray) -> list[str]:
    """Six digits where they give the number back, else as many as it takes."""
    digits = _DIGITS[values.dtype]
    numbers = values.ravel().tolist()
    short = [f"{number:.6g}" for number in numbers]
    # Only then is it read back as a float32.
    read = np.array([float(text) for text in short], values.dtype).tolist()
    texts = [
        text if back == number else f"{number:.{digits}g}"
        for text, back, number in zip(short, read, numbers, strict=True)
    ]
    return [
        text if "." in text or "e" in text else _SPECIAL.get(text) or text + ".0" for text in texts
    ]


def _quote(text: bytes) -> str:
    """A JSON string; bytes that are no UTF-8 stay as they are."""
    return f'"{_MUST_ESCAPE.sub(_escape, text.decode("utf-8", "surrogateescape"))}"'


def _escape(match: re.Match) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04X}"


def _nest(texts: list[str], shape: Sequence[int], first: int, write_list) -> list[str]:
    """Joins elements to lists, from the innermost axis out to the axis `first`."""
    for axis in reversed(range(first, len(shape))):
        size = shape[axis]
        texts = [
            write_list(texts[index * size : (index + 1) * size], axis)
            for index in range(math.prod(shape[:axis]))
        ]
    return texts


def _line(items: Iterable[str], axis: int) -> str:
    return "[" + ", ".join(items) + "]"


def _block_of_list(depth: int):
    return lambda items, axis: _block("[", items, "]", depth + axis)


def _block(opening: str, items: Sequence[str], closing: str, depth: int) -> str:
    """Brackets with an item a line, indented as deep as the brackets around them say."""
    if not items:
        return opening + closing
    indent = "\n" + " " * 4 * depth
    return opening + ",".join(f"{indent}    {item}" for item in items) + indent + closing


def _document(name: str, value: str) -> bytes:
    return _block("{", [f'"{name}": {value}'], "}", 0).encode("utf-8", "surrogateescape")
