"""JSON documents of requests: how they are read, and how errors speak of their values.

Parsing is RapidJSON's, as in TensorFlow Serving, so that both take and refuse the same
documents in the same words.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import rapidjson

from ..status import invalid

_PARSE_ERROR = re.compile(r"Parse error at offset (\d+): (.*)", re.DOTALL)
_ROOT_IS_FOLLOWED = "The document root must not be followed by other values."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Bytes after which the description of a value breaks off.
_DESCRIPTION_BYTES = 256
_TYPE_NAMES = {
    type(None): "Null",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}


def parse(body: bytes) -> dict:
    """Parses the body of a request; what follows the first value is not looked at.

    Args:
        body: UTF-8, with or without a byte order mark.

    Returns:
        The object, its numbers as int where they are integers of 64 bits, else as float.

    Raises:
        ServingError: The body is not JSON, is nested deeper than 1000 levels, or is JSON but
            not an object (INVALID_ARGUMENT).

    Example:
        >>> parse(b'{"instances": [1.0, 2]}')
        {'instances': [1.0, 2]}
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    document = _load(body.removeprefix(_BYTE_ORDER_MARK))
    if type(document) is not dict:
        raise invalid(f"JSON Value: {describe(document)} Is not object")
    return document


def read_signature_name(document: dict) -> str:
    """Returns the name of the signature that a request asks for, empty if it names none.

    Raises:
        ServingError: The name is not a string (INVALID_ARGUMENT).
    """
    name = document.get("signature_name", "")
    if type(name) is not str:
        raise invalid(
            f"JSON Value: {describe(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return name


def is_base64(value: object) -> bool:
    """Whether a value is an object with nothing but a string "b64"."""
    return type(value) is dict and len(value) == 1 and type(value.get("b64")) is str


def decode_base64(value: dict) -> bytes:
    """Decodes an object for which `is_base64` holds; white space and no padding are fine.

    Raises:
        ServingError: The string is not base64 (INVALID_ARGUMENT).
    """
    try:
        encoded = b"".join(value["b64"].encode("ascii").split())
        digits = encoded.rstrip(b"=.")
        padding = -len(digits) % 4
        if len(encoded) - len(digits) not in (0, padding):
            raise ValueError("wrong padding")
        return base64.b64decode(digits + b"=" * padding, validate=True)
    except ValueError:
        raise invalid("Unable to base64 decode") from None


def type_name(value: object) -> str:
    """Returns RapidJSON's name for the type of a value."""
    return str(value) if type(value) is bool else _TYPE_NAMES[type(value)]


def describe(value: object) -> str:
    """Returns the JSON text of a value for an error, broken off after about 256 bytes."""
    text, size = [], 0
    for piece in _pieces(value):
        text.append(piece)
        size += len(piece.encode())
        if size >= _DESCRIPTION_BYTES:
            break
    return "".join(text)


def _load(body: bytes) -> object:
    try:
        # Native numbers are what RapidJSON itself makes of them, and faster.
        return rapidjson.loads(body, number_mode=rapidjson.NM_NATIVE | rapidjson.NM_NAN)
    except rapidjson.JSONDecodeError as error:
        [(offset, reason)] = _PARSE_ERROR.findall(str(error))
        if reason == _ROOT_IS_FOLLOWED:
            return _load(body[: int(offset)])
        reason = reason.replace("'}'", "}").replace("']'", "]")
    except UnicodeDecodeError as error:
        reason, offset = "Invalid encoding in string.", error.start
    except RecursionError:
        raise invalid("JSON Parse error: The document is nested too deeply.") from None
    raise invalid(f"JSON Parse error: {reason} at offset: {offset}")


def _pieces(value: object, depth: int = 0, prefix: str = "") -> Iterator[str]:
    """What RapidJSON's pretty writer writes, with arrays on one line, token by token."""
    if type(value) is dict:
        yield prefix + "{"
        for index, (name, member) in enumerate(value.items()):
            comma = "," if index else ""
            yield f"{comma}\n{' ' * 4 * (depth + 1)}{_scalar(name)}"
            yield from _pieces(member, depth + 1, ": ")
        yield f"\n{' ' * 4 * depth}}}" if value else "}"
    elif type(value) is list:
        yield prefix + "["
        for index, item in enumerate(value):
            yield from _pieces(item, depth + 1, ", " if index else "")
        yield "]"
    else:
        yield prefix + _scalar(value)


def _scalar(value: object) -> str:
    return rapidjson.dumps(value, ensure_ascii=False)
