"""What a server refuses, or why it cannot be asked."""

from __future__ import annotations

from ...errors import RunError
from ..status import Code


class ServerError(RunError):
    """A request without an answer; as text, one line with the server's address.

    Args:
        line: For a person.
        code: What kind of failure it is.
        message: In the words of the server, or of the connection to it.

    Attributes:
        code: As given.
        message: As given.
    """

    def __init__(self, line: str, code: Code = Code.UNKNOWN, message: str = ""):
        super().__init__(line)
        self.code = code
        self.message = message


class ServerUnavailable(ServerError):
    """Nobody listens, or the server is starting, stopping or has its queue full."""


class ServerTimeout(ServerError):
    """There was no answer in time."""


class ModelNotFound(ServerError):
    """The server does not serve that model, or not in that version."""


class InvalidRequest(ServerError):
    """The server does not understand the request; it will not do so later either."""


_KINDS = {
    Code.UNAVAILABLE: ServerUnavailable,
    Code.DEADLINE_EXCEEDED: ServerTimeout,
    Code.NOT_FOUND: ModelNotFound,
    Code.INVALID_ARGUMENT: InvalidRequest,
    Code.FAILED_PRECONDITION: InvalidRequest,
    Code.OUT_OF_RANGE: InvalidRequest,
}


def server_error(address: str, code: Code, message: str) -> ServerError:
    """Returns the error of the type that stands for a code.

    Args:
        address: Where the request went.
        code: Any but OK.
        message: Of any length; its lines become one.
    """
    line = f"{address}: {code.name}: {' '.join(message.split())}"
    return _KINDS.get(code, ServerError)(line, code, message)
