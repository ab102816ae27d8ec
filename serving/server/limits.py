"""What one client may take from the others: memory, and connections."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import resource

from ..status import Code, ServingError

# Connections of HTTP beyond the limit, in which only what is asked about models is answered.
SURPLUS_CONNECTIONS = 16
# Files that are opened for anything but connections while the server runs: models, logs.
_OTHER_FILES = 64
# More than anybody has; each takes some 10 kB.
_MOST_CONNECTIONS = 10_000


@dataclasses.dataclass(frozen=True)
class HttpLimits:
    """What one HTTP client may take.

    Attributes:
        connections: Most connections at the same time.
        header_bytes: Most bytes of a request line and headers, with 32 more for each header.
        read_seconds: How long a client may take over the headers of a request, and how often
            it must have moved some of a body or of an answer.
        idle_seconds: How long a connection may wait for a request.
    """

    connections: int
    header_bytes: int
    read_seconds: float
    idle_seconds: float


class TooLarge(ServingError):
    """A request that is, or would become, larger than the server allows (RESOURCE_EXHAUSTED)."""

    def __init__(self, message: str):
        super().__init__(Code.RESOURCE_EXHAUSTED, message)


def check_growth(size: int, most_bytes: float) -> None:
    """Makes sure that a request does not grow too large where it says once what holds often.

    Args:
        size: Bytes that its inputs would have if they were written out.
        most_bytes: How many they may have.

    Raises:
        TooLarge: They would have more.
    """
    if size > most_bytes:
        raise TooLarge(
            f"The request stands for {size} bytes of inputs, more than {most_bytes} "
            "(--max_request_bytes)"
        )


def connections_allowed() -> int:
    """How many connections each of HTTP and gRPC may have, so that files remain to be opened."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    left = allowed - len(os.listdir("/dev/fd")) - _OTHER_FILES - SURPLUS_CONNECTIONS
    return min(max(left // 2, 1), _MOST_CONNECTIONS)


def raise_file_limit() -> None:
    """Lets this process have as many files open as its administrator allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems have limits that they say of themselves but do not accept.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
