"""HTTP connections that cannot be kept from others: bounded in number, size and time.

uvicorn reads a request's headers however large they are and however long they take, and has no
end for a connection that never asks anything.
"""

from __future__ import annotations

import asyncio
import http
import time

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .limits import SURPLUS_CONNECTIONS, HttpLimits

# What a header costs apart from its text (RFC 9113, section 6.5.2).
_HEADER_BYTES = 32
# Bytes a second below which a client only pretends to send or to read.
_SLOWEST = 500
# A client that has just come is given this long to ask before another may have its place.
_GRACE_SECONDS = 1.0
_TOO_MANY = "There are too many connections (--rest_api_max_connections)"


class Connections:
    """The connections of one server, and which of them only wait for a request.

    When there are too many, those that have waited longest are closed. If none waits, a few more
    are let in, so that the server can still be asked how its models are.

    Args:
        limits: How many there may be, and how slow.

    Attributes:
        limits: As given.

    Example:
        >>> connections = Connections(HttpLimits(1000, 65536, 60.0, 75.0))
        >>> config = uvicorn.Config(app, http=functools.partial(HttpProtocol, connections))
    """

    def __init__(self, limits: HttpLimits):
        self.limits = limits
        self._open: dict[HttpProtocol, None] = {}
        # The one that has waited longest is the first.
        self._waiting: dict[HttpProtocol, None] = {}
        self._watch: asyncio.TimerHandle | None = None

    @property
    def full(self) -> bool:
        """Whether there are more connections than there may be."""
        return len(self._open) > self.limits.connections

    def add(self, connection: HttpProtocol) -> bool:
        """Lets a connection in, maybe in the place of another; returns whether it may stay."""
        self._open[connection] = None
        self.wait(connection)
        most = self.limits.connections
        while len(self._open) > most:
            oldest = next(iter(self._waiting))
            young = time.monotonic() - oldest.since < _GRACE_SECONDS
            if oldest is connection or (young and len(self._open) <= most + SURPLUS_CONNECTIONS):
                break
            self._drop(oldest)
        if self._watch is None:
            self._watch_later(connection.loop)
        return len(self._open) <= most + SURPLUS_CONNECTIONS

    def make_room(self, connection: HttpProtocol) -> bool:
        """Makes room for one that has a request; returns whether there is any."""
        now = time.monotonic()
        for other in list(self._waiting):
            if not self.full:
                break
            # Who has just been answered will ask again.
            idle = other.cycle is None or now - other.since > _GRACE_SECONDS
            if other is not connection and idle:
                self._drop(other)
        return not self.full

    def wait(self, connection: HttpProtocol) -> None:
        """Notes that a connection has nothing to do but to wait for a request."""
        connection.since = time.monotonic()
        self._waiting[connection] = None

    def work(self, connection: HttpProtocol) -> None:
        """Notes that a connection has a request."""
        self._waiting.pop(connection, None)

    def remove(self, connection: HttpProtocol) -> None:
        """Forgets a connection that is closed."""
        self._open.pop(connection, None)
        self._waiting.pop(connection, None)

    def _drop(self, connection: HttpProtocol) -> None:
        self.remove(connection)
        connection.drop()

    def _watch_later(self, loop: asyncio.AbstractEventLoop) -> None:
        period = min(1.0, self.limits.read_seconds / 4, self.limits.idle_seconds / 4)
        self._watch = loop.call_later(period, self._check, loop)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        """One look at all connections costs requests less than a timer for each."""
        now = time.monotonic()
        for connection in list(self._open):
            connection.check(now, waiting=connection in self._waiting)
        self._watch = None
        if self._open:
            self._watch_later(loop)


class HttpProtocol(HttpToolsProtocol):
    """One connection, whose client is sent away when it takes too much or too long.

    Args:
        connections: Those of the server.
        arguments: Those of uvicorn's protocol.

    Attributes:
        since: When it last began to wait for a request, in `time.monotonic`'s seconds.
    """

    def __init__(self, connections: Connections, **arguments):
        super().__init__(**arguments)
        self.since = 0.0
        self._connections = connections
        self._limits = connections.limits
        # Whether it was let in although there were enough.
        self._surplus = False
        # When the request began whose headers are not complete; None between requests.
        self._begun: float | None = None
        # Bytes since the parser last found the beginning of a request, or a piece of its body.
        self._unread = 0
        # Why the parser was made to stop, other than that what came is no HTTP.
        self._problem: tuple[int, str] | None = None
        # Status and message of the last answer; nothing is read any more.
        self._refusal: tuple[int, str] | None = None
        self._reading = _Progress()
        self._writing = _Progress()
        self._unsent = 0

    # Narrower than asyncio has it, as uvicorn's own.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._connections.add(self):
            self._refuse(503, _TOO_MANY)
        self._surplus = self._connections.full

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        self._unread += len(data)
        super().data_received(data)
        if self._unread > self._limits.header_bytes:
            self._refuse(431, self._too_large())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = time.monotonic()
        self._unread = 0

    def on_headers_complete(self) -> None:
        size = len(self.url)
        for name, value in self.headers:
            size += len(name) + len(value) + _HEADER_BYTES
        if size > self._limits.header_bytes:
            self._problem = (431, self._too_large())
            raise ValueError(self._problem)
        surplus = self._surplus and not self._connections.make_room(self)
        if surplus and self.parser.get_method() != b"GET":
            self._problem = (503, _TOO_MANY)
            raise ValueError(self._problem)
        super().on_headers_complete()
        if surplus:
            self.cycle.keep_alive = False
        self._reading.start(self._begun or time.monotonic())
        self._begun = None
        self._connections.work(self)

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        self._reading.bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        more = bool(self.pipeline)
        super().on_response_complete()
        if more or self.transport.is_closing():
            return
        if self._refusal is not None:
            self._answer_refusal()
        else:
            self._connections.wait(self)

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, or what one of the methods above has refused."""
        self._refuse(*(self._problem or (400, msg)))

    def check(self, now: float, *, waiting: bool) -> None:
        """Ends the connection if it is too slow.

        Args:
            now: In `time.monotonic`'s seconds.
            waiting: Whether it waits for a request.
        """
        patience = self._limits.read_seconds
        unsent = self.transport.get_write_buffer_size()
        if unsent:
            if not self._unsent:
                self._writing.start(now)
            self._writing.bytes += max(self._unsent - unsent, 0)
            if self._writing.stalls(now, patience):
                self.transport.abort()
        elif self._refusal is not None:
            pass
        elif self._begun is not None and waiting:
            if now - max(self._begun, self.since) > patience:
                self._refuse(408, "The headers took too long (--rest_api_read_timeout_in_ms)")
        elif waiting:
            if now - self.since > self._limits.idle_seconds:
                self.transport.close()
        # What is read once a request before it is answered is not the client's fault.
        elif self.cycle.more_body and not self.pipeline and self._reading.stalls(now, patience):
            self._refuse(408, "The body took too long (--rest_api_read_timeout_in_ms)")
        self._unsent = unsent

    def drop(self) -> None:
        """Closes the connection for the sake of another one."""
        # What a client does not read would keep a closed connection open.
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def _too_large(self) -> str:
        return (
            f"The request's headers are larger than {self._limits.header_bytes} bytes "
            "(--rest_api_max_header_bytes)"
        )

    def _refuse(self, status: int, message: str) -> None:
        """Answers once and for all, after the requests before this one."""
        if self._refusal is not None:
            return
        self._refusal = (status, message)
        if self.cycle is None or self.cycle.response_complete:
            self._answer_refusal()
            return
        if not self.cycle.more_body:
            return
        # It is the last request that is refused.
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        if self.pipeline:
            self.pipeline.popleft()
        else:
            self._answer_refusal()

    def _answer_refusal(self) -> None:
        if self._refusal is None or self.transport.is_closing():
            return
        status, message = self._refusal
        head = (
            f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n"
            "content-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(message)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write((head + message).encode())
        self.transport.close()


class _Progress:
    """How much a client has moved lately."""

    def __init__(self):
        self.bytes = 0
        self._started = 0.0

    def start(self, now: float) -> None:
        self.bytes, self._started = 0, now

    def stalls(self, now: float, seconds: float) -> bool:
        """Whether it was too little; begins anew if it was enough."""
        if now - self._started < seconds:
            return False
        if self.bytes < seconds * _SLOWEST:
            return True
        self.start(now)
        return False
