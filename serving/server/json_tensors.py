"""The inputs of a `:predict` request, from JSON to arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorflow.core.framework import types_pb2

from ..status import Code, ServingError, invalid
from .json_document import decode_base64, describe, is_base64, type_name

# numpy's limit is 32, one of which is the batch.
_MOST_DIMENSIONS = 31


def read_inputs(
    document: dict, inputs: Mapping[str, int], signature_name: str
) -> tuple[dict[str, np.ndarray], bool]:
    """Reads the tensors of a request in either format.

    Args:
        document: The request, with `instances` (row format) or `inputs` (columnar format).
        inputs: The `DataType` of each input of the signature by its alias.
        signature_name: As in the request, for an error.

    Returns:
        The tensors by alias, texts as object arrays of bytes, and whether the request is in
        row format, which decides about the format of the answer.

    Raises:
        ServingError: The request does not fit the signature (INVALID_ARGUMENT), or an input's
            type cannot be had from JSON (UNIMPLEMENTED).

    Example:
        >>> read_inputs({"instances": ["Great!"]}, {"text": types_pb2.DT_STRING}, "")
        ({'text': array([b'Great!'], dtype=object)}, True)
    """
    if not inputs:
        raise invalid(f"Failed to get input map for signature: {signature_name or 'DEFAULT'}")
    types = {alias: _element_type(inputs[alias]) for alias in sorted(inputs)}
    if "instances" in document:
        return _read_instances(_instances(document), types), True
    if "inputs" in document:
        return _read_columns(document["inputs"], types), False
    raise invalid("Missing 'inputs' or 'instances' key")


def _instances(document: dict) -> list:
    instances = document["instances"]
    problem = ""
    if "inputs" in document:
        problem = (
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        )
    elif type(instances) is not list:
        problem = "Expecting 'instances' to be an list/array"
    elif not instances:
        problem = "No values in 'instances' array"
    if problem:
        raise invalid(f"JSON Value: {describe(document)} {problem}")
    return instances


def _read_instances(instances: list, types: Mapping[str, _Type]) -> dict[str, np.ndarray]:
    first = instances[0]
    if len(types) > 1 and not _is_row(first):
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    if _is_row(first):
        if all(type(row) is dict and row.keys() == types.keys() for row in instances):
            columns = {alias: [row[alias] for row in instances] for alias in types}
            if all(types[alias].fits_all(column) for alias, column in columns.items()):
                return {a: types[a].array(column, len(column)) for a, column in columns.items()}
        return _read_rows(instances, types)
    ((alias, element_type),) = types.items()
    if element_type.fits_all(instances):
        return {alias: element_type.array(instances, len(instances))}
    return {alias: _read_values(instances, element_type)}


def _read_rows(rows: list, types: Mapping[str, _Type]) -> dict[str, np.ndarray]:
    """Reads objects one by one, which finds the first one that is wrong."""
    batches = {alias: _Batch(element_type) for alias, element_type in types.items()}
    for index, row in enumerate(rows):
        if not _is_row(row):
            raise invalid(f"Expecting object but got list at item {index} of input list")
        for alias, value in row.items():
            try:
                if alias not in batches:
                    raise invalid(f"JSON object: does not have named input: {alias}")
                batches[alias].add(value)
            except ServingError as error:
                raise _failure(f"{index} key: {alias}", error) from None
        if row.keys() != types.keys():
            raise invalid(
                f"Failed to process element: {index} of 'instances' list. "
                f"JSON object: {describe(row)} keys must be equal to: {','.join(types)}"
            )
    return {alias: batch.array() for alias, batch in batches.items()}


def _read_values(values: list, element_type: _Type) -> np.ndarray:
    """Reads values and lists one by one."""
    batch = _Batch(element_type)
    for index, value in enumerate(values):
        if _is_row(value):
            raise invalid(f"Expecting value/list but got object at item {index} of input list")
        try:
            batch.add(value)
        except ServingError as error:
            raise _failure(str(index), error) from None
    return batch.array()


def _failure(element: str, error: ServingError) -> ServingError:
    return invalid(
        f"Failed to process element: {element} of 'instances' list. "
        f"Error: {error.code.name}: {error.message}"
    )


def _is_row(value: object) -> bool:
    return type(value) is dict and not is_base64(value)


def _read_columns(value: Any, types: Mapping[str, _Type]) -> dict[str, np.ndarray]:
    if not _is_row(value):
        if len(types) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        value = dict.fromkeys(types, value)
    columns = {}
    for alias, element_type in types.items():
        if alias not in value:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
        shape = _shape(value[alias])
        flat: list = []
        _flatten(value[alias], 0, shape, element_type, flat)
        columns[alias] = element_type.array(flat, *shape)
    return columns


class _Batch:
    """One input of all rows, which must have the same shape."""

    def __init__(self, element_type: _Type):
        self._type = element_type
        self._shape: tuple[int, ...] | None = None
        self._flat: list = []
        self._size = 0
        self._rows = 0

    def add(self, value: object) -> None:
        shape = _shape(value)
        before = len(self._flat)
        _flatten(value, 0, shape, self._type, self._flat)
        size = len(self._flat) - before
        if self._shape is None:
            self._shape, self._size = shape, size
        elif size != self._size:
            raise invalid(f"Expecting tensor size: {self._size} but got: {size}")
        elif shape != self._shape:
            raise invalid(f"Expecting shape {_text(self._shape)} but got: {_text(shape)}")
        self._rows += 1

    def array(self) -> np.ndarray:
        return self._type.array(self._flat, self._rows, *(self._shape or ()))


def _shape(value: object) -> tuple[int, ...]:
    """The shape of a value, going by the first element on each level."""
    shape = []
    inner = value
    while type(inner) is list:
        shape.append(len(inner))
        if not inner:
            break
        inner = inner[0]
    if len(shape) > _MOST_DIMENSIONS:
        raise invalid(f"JSON Value: {describe(value)} has more than {_MOST_DIMENSIONS} dimensions")
    return tuple(shape)


def _text(shape: Sequence[int]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


def _flatten(
    value: object, level: int, shape: tuple[int, ...], element_type: _Type, flat: list
) -> None:
    """Appends the elements of nested lists to `flat`, making sure that they have this shape."""
    rank = len(shape)
    if type(value) is not list:
        if level != rank:
            raise invalid(
                f"JSON Value: {describe(value)} found at incorrect level: {level + 1} in the "
                f"JSON DOM. Expected at level: {rank}"
            )
        flat.append(element_type.read(value))
        return
    if level >= rank:
        raise invalid(f"Encountered list at unexpected level: {level} expected < {rank}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    if level == rank - 1 and element_type.fits_all(value):
        flat.extend(value)
        return
    for item in value:
        _flatten(item, level + 1, shape, element_type, flat)


@dataclasses.dataclass(frozen=True)
class _Type:
    """A type of tensor elements: what it is called, and which JSON values stand for it."""

    name: str
    accepts: frozenset[type]
    dtype: type | None
    # The type that has room for every accepted value, from which narrower ones are cut.
    wide: type | None
    limits: tuple[int, int] | None = None

    def fits_all(self, values: Sequence) -> bool:
        if not values or not set(map(type, values)) <= self.accepts:
            return False
        return self.limits is None or (
            min(values) >= self.limits[0] and max(values) <= self.limits[1]
        )

    def read(self, value: object) -> object:
        if type(value) is dict and self.dtype is object:
            if not is_base64(value):
                raise invalid(
                    f"JSON Value: {describe(value)} not formatted correctly for base64 data"
                )
            return decode_base64(value)
        if self.dtype is None and type(value) is not dict:
            raise ServingError(
                Code.UNIMPLEMENTED,
                f"Conversion of JSON Value: {describe(value)} to type: {self.name}",
            )
        if not self.fits_all([value]):
            raise invalid(
                f"JSON Value: {describe(value)} Type: {type_name(value)} "
                f"is not of expected type: {self.name}"
            )
        return value

    def array(self, flat: list, *shape: int) -> np.ndarray:
        if self.dtype is object:
            flat = [text.encode() if type(text) is str else text for text in flat]
        # Numbers beyond float32 become infinite, as in C++.
        with np.errstate(over="ignore"):
            return np.array(flat, self.wide).astype(self.dtype, copy=False).reshape(shape)


_NUMBER, _INTEGER = frozenset({int, float}), frozenset({int})
_INT32, _INT64 = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1)
_TYPES = {
    types_pb2.DT_FLOAT: _Type("float", _NUMBER, np.float32, np.float64),
    types_pb2.DT_DOUBLE: _Type("double", _NUMBER, np.float64, np.float64),
    types_pb2.DT_INT8: _Type("int8", _INTEGER, np.int8, np.int64, _INT32),
    types_pb2.DT_INT16: _Type("int16", _INTEGER, np.int16, np.int64, _INT32),
    types_pb2.DT_INT32: _Type("int32", _INTEGER, np.int32, np.int64, _INT32),
    types_pb2.DT_UINT8: _Type("uint8", _INTEGER, np.uint8, np.int64, _INT32),
    types_pb2.DT_INT64: _Type("int64", _INTEGER, np.int64, np.int64, _INT64),
    types_pb2.DT_UINT32: _Type("uint32", _INTEGER, np.uint32, np.int64, (0, 2**32 - 1)),
    types_pb2.DT_UINT64: _Type("uint64", _INTEGER, np.uint64, np.uint64, (0, 2**64 - 1)),
    types_pb2.DT_BOOL: _Type("bool", frozenset({bool}), np.bool_, np.bool_),
    types_pb2.DT_STRING: _Type("string", frozenset({str}), object, object),
}


def _element_type(data_type: int) -> _Type:
    name = types_pb2.DataType.Name(data_type).removeprefix("DT_").lower()
    return _TYPES.get(data_type) or _Type(name, frozenset(), None, None)
