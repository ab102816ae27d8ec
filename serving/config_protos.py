"""The text files that configure a TensorFlow Serving binary, as messages.

`tensorflow-serving-api` has the messages of requests and `ModelServerConfig`, but not
these; their fields are those of tensorflow/serving's `session_bundle_config.proto`,
`monitoring_config.proto` and `ssl_config.proto`. They live in a pool of their own, so that
a program which links the real ones can be loaded beside them.
"""

from __future__ import annotations

import os
from typing import TypeVar

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
    text_format,
    wrappers_pb2,
)

from .server.status import Code, ServingError

_PACKAGE = "tensorflow.serving"
_BOOL = descriptor_pb2.FieldDescriptorProto.TYPE_BOOL
_INT64 = descriptor_pb2.FieldDescriptorProto.TYPE_INT64
_STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_INT64_VALUE = ".google.protobuf.Int64Value"
_BOOL_VALUE = ".google.protobuf.BoolValue"
_STRING_VALUE = ".google.protobuf.StringValue"

# Message -> its fields as (name, number, scalar type or full name of a message).
_MESSAGES: dict[str, list[tuple[str, int, int | str]]] = {
    "BatchingParameters": [
        ("max_batch_size", 1, _INT64_VALUE),
        ("batch_timeout_micros", 2, _INT64_VALUE),
        ("max_enqueued_batches", 3, _INT64_VALUE),
        ("num_batch_threads", 4, _INT64_VALUE),
        ("thread_pool_name", 5, _STRING_VALUE),
        ("allowed_batch_sizes", 6, _INT64),
        ("pad_variable_length_inputs", 7, _BOOL),
        ("enable_large_batch_splitting", 8, _BOOL_VALUE),
        ("max_execution_batch_size", 9, _INT64_VALUE),
    ],
    "PrometheusConfig": [("enable", 1, _BOOL), ("path", 2, _STRING)],
    "MonitoringConfig": [("prometheus_config", 1, f".{_PACKAGE}.PrometheusConfig")],
    "SSLConfig": [
        ("server_key", 1, _STRING),
        ("server_cert", 2, _STRING),
        ("custom_ca", 3, _STRING),
        ("client_verify", 4, _BOOL),
    ],
}
_REPEATED = {"allowed_batch_sizes"}

AnyMessage = TypeVar("AnyMessage", bound=message.Message)


def _build_messages() -> dict[str, type[message.Message]]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name="reviewlens/serving/config.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field_name, number, type_ in fields:
            field = described.field.add(name=field_name, number=number)
            field.label = field.LABEL_REPEATED if field_name in _REPEATED else field.LABEL_OPTIONAL
            if isinstance(type_, str):
                field.type, field.type_name = field.TYPE_MESSAGE, type_
            else:
                field.type = type_
    pool.AddSerializedFile(file.SerializeToString())
    found = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _MESSAGES}
    # protobuf 4.22 brought the first, 5 dropped the second.
    if hasattr(message_factory, "GetMessageClass"):
        get_class = message_factory.GetMessageClass
    else:
        get_class = message_factory.MessageFactory(pool).GetPrototype
    return {name: get_class(descriptor) for name, descriptor in found.items()}


_classes = _build_messages()
BatchingParameters = _classes["BatchingParameters"]
MonitoringConfig = _classes["MonitoringConfig"]
PrometheusConfig = _classes["PrometheusConfig"]
SSLConfig = _classes["SSLConfig"]


def parse_text_file(path: str, message_class: type[AnyMessage]) -> AnyMessage:
    """Reads a file in protobuf's text format.

    Args:
        path: The file.
        message_class: What it holds: one of this module, `ModelServerConfig`, or any other.

    Returns:
        The message.

    Raises:
        ServingError: NOT_FOUND if there is no such file, INVALID_ARGUMENT if it is none that
            can be read or holds anything else than that message; then the text goes on after
            TensorFlow Serving's own words with the line and the column.

    Example:
        >>> parse_text_file("batching_parameters.txt", BatchingParameters).max_batch_size.value
        64
    """
    try:
        with open(path, encoding="utf-8") as file:
            return text_format.Parse(file.read(), message_class())
    except FileNotFoundError as error:
        raise ServingError(Code.NOT_FOUND, f"{path}; {os.strerror(error.errno)}") from None
    except OSError as error:
        reason = os.strerror(error.errno)
    except UnicodeDecodeError as error:
        reason = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
    except text_format.ParseError as error:
        reason = " ".join(str(error).split())
    raise ServingError(Code.INVALID_ARGUMENT, f"Invalid protobuf file: '{path}': {reason}")
