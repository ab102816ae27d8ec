"""The REST API of TensorFlow Serving, as an ASGI application."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import functools
import json
import logging
import re
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from ..paths import MODELS_PATH
from ..status import Code, ServingError, http_status
from .core import ServerCore
from .json_rendering import render_error
from .limits import TooLarge
from .rest_handler import Target, infer, inform

_LOG = logging.getLogger("reviewlens.serve")
_METHODS = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}
_API = re.compile(r"/v1/.*", re.IGNORECASE)
_JSON = [(b"content-type", b"application/json")]
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST, GET"),
    (b"access-control-allow-headers", b"Content-Type"),
]


class RestApp:
    """Answers HTTP requests with the paths, checks and messages of TensorFlow Serving.

    Bodies are received without a thread, so that slow clients cost nothing. JSON and models
    have threads of their own, and so has what is asked about models: a probe of the server's
    health is not kept waiting by predictions.

    Args:
        core: The models.
        timeout: Seconds after which to give up a request; 0 for never.
        threads: Predictions at work at the same time.
        cors: Whether scripts of any web page may read the answers.
        prometheus_path: Path of the page for Prometheus, or None for no such page.
        max_request_bytes: Most bytes of a body, before and after it is inflated.

    Example:
        >>> app = RestApp(core, timeout=30, threads=8, cors=False, prometheus_path=None,
        ...               max_request_bytes=100 * 2**20)
        >>> uvicorn.run(app, port=8501, http="httptools", ws="none", lifespan="off")
    """

    def __init__(
        self,
        core: ServerCore,
        *,
        timeout: float,
        threads: int,
        cors: bool,
        prometheus_path: str | None,
        max_request_bytes: int,
    ):
        self._core = core
        self._timeout = timeout if timeout > 0 else None
        self._headers = _CORS if cors else []
        self._prometheus_path = prometheus_path
        self._max_request_bytes = max_request_bytes
        self._workers = concurrent.futures.ThreadPoolExecutor(threads, "rest")
        self._informers = concurrent.futures.ThreadPoolExecutor(1, "rest-status")

    def close(self) -> None:
        """Ends the threads, once the requests at work are answered; others are dropped."""
        self._workers.shutdown(cancel_futures=True)
        self._informers.shutdown(cancel_futures=True)

    async def __call__(self, scope, receive, send) -> None:
        """Answers one request (ASGI 3)."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        length = (b"content-length", str(len(answer.body)).encode())
        headers = [*answer.headers, length]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope, receive: Callable) -> _Answer:
        method, path = scope["method"], scope["raw_path"].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        uri = f"{path}?{query}" if query else path
        headers = dict(scope["headers"])
        if method not in _METHODS:
            return _page(501, "Not Implemented")
        if path == self._prometheus_path:
            return await self._render_metrics(uri)
        if (method, uri) == ("GET", MODELS_PATH):
            names = json.dumps({"models": self._core.names()}).encode()
            return _Answer(200, names, [*_JSON, *self._headers])
        if not _API.fullmatch(uri):
            return _page(404, "Not Found")
        if method == "OPTIONS":
            return self._preflight(headers)
        return await self._call(Target.parse(method, uri), headers, receive)

    async def _call(
        self, target: Target, headers: Mapping[bytes, bytes], receive: Callable
    ) -> _Answer:
        """Answers a request of the API, and counts it."""
        started = time.perf_counter()
        code, status, extra = Code.OK, 200, []
        try:
            target.check()
            if target.is_inference:
                body = await self._read(headers, receive)
                zipped = b"gzip" in headers.get(b"content-encoding", b"")
                work = functools.partial(self._infer, target, body, zipped)
                text = await _run(self._workers, work, receive)
            else:
                work = functools.partial(inform, self._core, target)
                text = await _run(self._informers, work, receive)
        except TooLarge as error:
            # What is left of the body would have to be read before another request.
            extra = [(b"connection", b"close")]
            code, status, text = error.code, 413, render_error(error.message)
        except ServingError as error:
            code, status, text = error.code, http_status(error.code), render_error(error.message)
        except Exception as error:
            _LOG.exception("%s %s", target.method, target.uri)
            code, status = Code.INTERNAL, http_status(Code.INTERNAL)
            text = render_error(f"Internal error: {type(error).__name__}")
        microseconds = (time.perf_counter() - started) * 1e6
        api = target.verb if target.is_inference else ""
        self._core.metrics.request(target.name, code.name, api, "REST", microseconds)
        return _Answer(status, text, [*_JSON, *self._headers, *extra])

    async def _read(self, headers: Mapping[bytes, bytes], receive: Callable) -> bytes:
        """The body; what is too large is not read at all if the client says so beforehand."""
        self._check_size(int(headers.get(b"content-length", 0)))
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _gone()
            body += message["body"]
            self._check_size(len(body))
            more = message["more_body"]
        return bytes(body)

    def _check_size(self, size: int) -> None:
        if size > self._max_request_bytes:
            raise TooLarge(
                f"The request's body is larger than {self._max_request_bytes} bytes "
                "(--max_request_bytes)"
            )

    def _infer(self, target: Target, body: bytes, zipped: bool) -> bytes:
        if zipped:
            body = self._inflate(body)
        return infer(self._core, target, body, self._timeout, self._max_request_bytes)

    def _inflate(self, body: bytes) -> bytes:
        """The inflated body; empty if it is no gzip."""
        stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            inflated = stream.decompress(body, self._max_request_bytes + 1)
        except zlib.error:
            return b""
        self._check_size(len(inflated))
        return inflated if stream.eof else b""

    def _preflight(self, headers: Mapping[bytes, bytes]) -> _Answer:
        """What a browser asks before it lets a page of another origin send a request."""
        allowed = re.search(rb"https?://", headers.get(b"origin", b""))
        code = Code.OK if allowed else Code.FAILED_PRECONDITION
        self._core.metrics.request("", code.name, "", "REST", 0.0)
        return _Answer(http_status(code), b"", self._headers)

    async def _render_metrics(self, uri: str) -> _Answer:
        status = 200
        if uri == self._prometheus_path:
            loop = asyncio.get_running_loop()
            text = await loop.run_in_executor(self._informers, self._core.metrics.render)
        else:
            status, text = 400, f"Unexpected path: {uri}. Should be {self._prometheus_path}"
        return _Answer(status, text.encode(), [(b"content-type", b"text/plain")])


@dataclasses.dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


def _gone() -> ServingError:
    return ServingError(Code.CANCELLED, "The client has closed the connection")


async def _run(
    executor: concurrent.futures.Executor, work: Callable[[], bytes], receive: Callable
) -> bytes:
    """Runs work in a thread; what has not begun is dropped when the client goes away."""
    answer = asyncio.get_running_loop().run_in_executor(executor, work)
    gone: asyncio.Future[Any] = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise _gone()
    finally:
        gone.cancel()
        answer.cancel()


async def _disconnected(receive: Callable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _page(status: int, reason: str) -> _Answer:
    """An error as libevent, the HTTP library of TensorFlow Serving, words it."""
    page = (
        f"<HTML><HEAD>\n<TITLE>{status} {reason}</TITLE>\n</HEAD><BODY>\n"
        f"<H1>{reason}</H1>\n</BODY></HTML>\n"
    )
    return _Answer(status, page.encode(), [(b"content-type", b"text/html")])
