"""Clients that each send the next request as soon as they have an answer to the last.

Requests are bytes that are ready to be sent and answers are kept as bytes, over HTTP and over
gRPC alike, so that the clients take as little as possible from the machine that they share
with the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence

import grpc
import httpx
import uvloop

# Seconds that an answer may take.
TIMEOUT = 120.0
Send = Callable[[bytes], Awaitable[bytes]]


@dataclasses.dataclass(frozen=True)
class Target:
    """Where requests go.

    Attributes:
        address: Host and port.
        path: Path of the URL, or full name of the gRPC method.
        grpc: Whether to speak gRPC.
    """

    address: str
    path: str
    grpc: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        request: Its index.
        seconds: Until the answer was there.
        content: The answer, or None after an error.
        error: What went wrong, or "".
    """

    request: int
    seconds: float
    content: bytes | None
    error: str = ""


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What came of a load.

    Attributes:
        answers: One for each request that was sent.
        seconds: From the first request to the last answer.
        cpu_seconds: Of the clients, all together.
    """

    answers: list[Answer]
    seconds: float
    cpu_seconds: float


def measure(
    target: Target, requests: Sequence[bytes], *, clients: int, seconds: float
) -> Measurement:
    """Puts a server under load.

    Args:
        target: The server.
        requests: Bodies, sent in turn, again and again.
        clients: How many send at the same time, each over a connection of its own.
        seconds: After which no further request is sent; those under way are waited for.

    Returns:
        All answers, in the order in which they came.
    """
    return uvloop.run(_measure(target, requests, clients, seconds))


async def _measure(target, requests, clients, seconds) -> Measurement:
    connect = _grpc_client if target.grpc else _http_client
    answers: list[Answer] = []
    turns = itertools.count()

    async def work(send: Send) -> None:
        while time.perf_counter() < end:
            index = next(turns) % len(requests)
            sent = time.perf_counter()
            content, error = None, ""
            try:
                content = await send(requests[index])
            except (grpc.aio.AioRpcError, httpx.HTTPError) as problem:
                error = f"{type(problem).__name__}: {problem}"
            answers.append(Answer(index, time.perf_counter() - sent, content, error))

    async with contextlib.AsyncExitStack() as stack:
        senders = [await stack.enter_async_context(connect(target)) for _ in range(clients)]
        started, cpu_started = time.perf_counter(), time.process_time()
        end = started + seconds
        await asyncio.gather(*map(work, senders))
        return Measurement(
            answers, time.perf_counter() - started, time.process_time() - cpu_started
        )


@contextlib.asynccontextmanager
async def _http_client(target: Target):
    # Making a TLS context would take longer than the first request.
    async with httpx.AsyncClient(timeout=TIMEOUT, verify=False, trust_env=False) as client:
        url = httpx.URL(f"http://{target.address}{target.path}")
        headers = {"Content-Type": "application/json"}

        async def send(body: bytes) -> bytes:
            response = await client.post(url, content=body, headers=headers)
            response.raise_for_status()
            return response.content

        yield send


@contextlib.asynccontextmanager
async def _grpc_client(target: Target):
    # Channels with equal options would share one connection.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(target.address, options=options) as channel:
        # Without serializers a call takes and gives bytes.
        call = channel.unary_unary(target.path)

        async def send(body: bytes) -> bytes:
            return await call(body, timeout=TIMEOUT)

        yield send
