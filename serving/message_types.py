"""Protobuf messages from a few lines of their language, without the packages that define them.

`tensorflow-serving-api` has all of TensorFlow Serving's messages and brings TensorFlow along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf import descriptor_pb2, message, message_factory


def message_types(
    package: str, declarations: Mapping[str, Sequence[str]]
) -> dict[str, type[message.Message]]:
    """Makes message classes, in a pool that no other package's messages are in.

    On the wire the names of messages do not matter, only those of the fields' types and their
    numbers; so a map is declared as what it is there, `repeated` messages of `key` and `value`.

    Args:
        package: Name of a package that nobody else has.
        declarations: Name of each message -> its fields, as a proto3 file has them.

    Returns:
        The classes by the names of their messages.

    Example:
        >>> types = message_types("demo", {"Point": ["int64 x = 1", "repeated string tags = 2"]})
        >>> types["Point"](x=1).SerializeToString()
        b'\\x08\\x01'
    """
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in declarations.items():
        declared = file.message_type.add(name=name)
        for field in fields:
            *rule, type_name, field_name, _, number = field.split()
            added = declared.field.add(name=field_name, number=int(number))
            added.label = added.LABEL_REPEATED if rule else added.LABEL_OPTIONAL
            if type_name in declarations:
                added.type, added.type_name = added.TYPE_MESSAGE, f".{package}.{type_name}"
            else:
                added.type = added.Type.Value(f"TYPE_{type_name.upper()}")
    classes = message_factory.GetMessages([file])
    return {name: classes[f"{package}.{name}"] for name in declarations}
