"""Reading the text files that configure a server."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import message, text_format

from ..status import Code, ServingError

AnyMessage = TypeVar("AnyMessage", bound=message.Message)


def parse_text_file(path: str, message_class: type[AnyMessage]) -> AnyMessage:
    """Reads a file in protobuf's text format.

    Args:
        path: The file.
        message_class: What it holds: one of `config_protos`, `ModelServerConfig`, or any other.

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
        raise ServingError(Code.NOT_FOUND, f"{path}; {error.strerror}") from None
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError as error:
        reason = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
    except text_format.ParseError as error:
        reason = " ".join(str(error).split())
    raise ServingError(Code.INVALID_ARGUMENT, f"Invalid protobuf file: '{path}': {reason}")
