"""An end in which every request that was accepted is answered, and every other one refused.

Neither gRPC nor uvicorn does that by itself. gRPC cancels what has arrived but was not handed to
a thread yet; a listening socket that is closed resets the connections that nobody has accepted
yet; and a connection that is idle may bring a request in the moment in which it is closed. So
the end has two steps: first nothing new is let in while those who are inside can still ask, and
learn that it was for the last time; the door is closed when no more of them do.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ctypes
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import cast

import uvicorn

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; the module `socket` does not name it.
# Seconds without a new request after which no more are expected: longer than a client that has
# just been answered takes for its next one.
_QUIET_SECONDS = 0.25
# Seconds within which a handshake that has begun is over.
_HANDSHAKE_SECONDS = 0.1
# Seconds after which the door is closed even though requests still come.
_PATIENCE_SECONDS = 2.0


class Quiet:
    """Tells when no more requests come.

    Example:
        >>> quiet = Quiet()
        >>> quiet.disturb()
        >>> while quiet.seconds_left() > 0:
        ...     time.sleep(quiet.seconds_left())
    """

    def __init__(self):
        self._began = self._last = time.monotonic()

    def disturb(self) -> None:
        """Notes that a request has come."""
        self._last = time.monotonic()

    def begin(self) -> None:
        """From now on somebody waits for it, and does so no longer than the patience lasts."""
        self._began = time.monotonic()

    def seconds_left(self) -> float:
        """How long nothing more may come from now on; 0 or less if that has been long enough."""
        end = min(self._last + _QUIET_SECONDS, self._began + _PATIENCE_SECONDS)
        return end - time.monotonic()


class Workers(concurrent.futures.ThreadPoolExecutor):
    """The threads of a gRPC server; they can let requests wait until the server has closed.

    Args:
        threads: Requests that are worked on at once.

    Example:
        >>> workers = Workers(8)
        >>> server = grpc.server(workers)
        >>> server.start()
        >>> workers.close(lambda: server.stop(grace=10)).wait()
        True
    """

    def __init__(self, threads: int):
        super().__init__(threads, thread_name_prefix="grpc")
        self._quiet = Quiet()
        self._open = threading.Event()
        self._open.set()

    def submit(self, work: Callable, /, *args, **kwargs) -> concurrent.futures.Future:
        """Accepts a request; called by gRPC for each that arrives."""
        self._quiet.disturb()
        return super().submit(self._work, work, *args, **kwargs)

    def close(self, stop: Callable[[], threading.Event]) -> threading.Event:
        """Stops the server in a moment in which no request is between the network and a thread.

        A client that waits for an answer sends nothing; so what comes now waits, until nothing
        more comes, and is answered after the server has told its clients to go.

        Args:
            stop: Tells the server to accept nothing more.

        Returns:
            What `stop` has returned.
        """
        self._open.clear()
        self._quiet.begin()
        while (seconds := self._quiet.seconds_left()) > 0:
            time.sleep(seconds)
        try:
            return stop()
        finally:
            self._open.set()

    def _work(self, work: Callable, /, *args, **kwargs):
        self._open.wait()
        return work(*args, **kwargs)


class RestServer(uvicorn.Server):
    """A uvicorn server that resets no connection when it ends.

    Args:
        config: With an ASGI application.
        door: A duplicate of the socket that it will run on: those who have not been accepted
            yet must outlive the one that uvicorn closes. Closed at the end.

    Example:
        >>> server = RestServer(uvicorn.Config(app), listener.dup())
        >>> server.run(sockets=[listener])
    """

    def __init__(self, config: uvicorn.Config, door: socket.socket):
        super().__init__(config)
        self._door = door
        self._app = config.app = _Closing(cast(Callable, config.app))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts who stands before the door, closes it, and hears out those inside."""
        self._app.closing = True
        _let_nobody_come(self._door)
        await asyncio.sleep(_HANDSHAKE_SECONDS)
        for server in self.servers:
            server.close()
        accepted = []
        with self._door, contextlib.suppress(BlockingIOError):
            self._door.setblocking(False)
            while True:
                accepted.append(self._door.accept()[0])
        loop = asyncio.get_running_loop()
        for connection in accepted:
            await loop.connect_accepted_socket(self._new_protocol, connection)
        quiet = self._app.quiet
        quiet.begin()
        if self.server_state.connections:
            # Any of them may be about to ask.
            quiet.disturb()
        while (seconds := quiet.seconds_left()) > 0:
            await asyncio.sleep(seconds)
        await super().shutdown(sockets)

    def _new_protocol(self) -> asyncio.Protocol:
        protocol: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


class _Closing:
    """An application whose answers, at the end, say that the connection has had its last."""

    def __init__(self, app: Callable):
        self.quiet = Quiet()
        self.closing = False
        self._app = app

    async def __call__(self, scope, receive, send) -> None:
        self.quiet.disturb()

        async def send_last(message) -> None:
            if self.closing and message["type"] == "http.response.start":
                others = [pair for pair in message["headers"] if pair[0] != b"connection"]
                message = {**message, "headers": [*others, (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, send_last)


def _let_nobody_come(listener: socket.socket) -> None:
    """Has Linux leave the requests for new connections unheard; others only lose a guarantee.

    Whoever finished a handshake between the last `accept` and the end of the socket would be
    reset. Whoever hears nothing asks again after a second, and is refused then.
    """
    if sys.platform != "linux":
        return
    # tcp[13] & SYN ? drop : keep, in the instructions of linux/filter.h: code, then where to go
    # on if true and if false, then the operand.
    program = [(0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF)]
    packed = ctypes.create_string_buffer(
        b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    )
    described = struct.pack("@HP", len(program), ctypes.addressof(packed))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
