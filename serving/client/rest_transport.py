"""Predict over TensorFlow Serving's REST API."""

from __future__ import annotations

import array
import json
import ssl
import urllib.parse
from typing import Any

import httpx

from ...errors import UsageError
from ..status import Code
from ..tasks.predictions import Inputs
from .errors import ServerError, server_error
from .target import TLS, Target
from .transport import Outputs

# The table of `serving.status` read backwards; 502 is what a proxy says of a server that is down.
_CODES = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    409: Code.ABORTED,
    413: Code.RESOURCE_EXHAUSTED,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}


class RestTransport:
    """A `Transport` over HTTP/1.1, which keeps its connections.

    Args:
        target: The model.
    """

    def __init__(self, target: Target):
        path = f"{target.path}/v1/models/{urllib.parse.quote(target.model, safe='')}"
        if target.version is not None:
            path += f"/versions/{target.version}"
        elif target.label is not None:
            path += f"/labels/{urllib.parse.quote(target.label, safe='')}"
        scheme = "https" if target.tls else "http"
        try:
            self._url = httpx.URL(f"{scheme}://{target.authority}{path}:predict")
        except httpx.InvalidURL as error:
            raise UsageError(f"{target.address!r} is no address of a server: {error}") from None
        self._address = target.address
        self._http = httpx.AsyncClient(
            headers={"Content-Type": "application/json"},
            # Whoever calls has a time-out for the whole of it.
            timeout=None,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            verify=_ssl_context(target.tls) if target.tls else False,
        )

    async def predict(self, signature: str, inputs: Inputs) -> Outputs:
        columns = {alias: [value.decode() for value in values] for alias, values in inputs.items()}
        request = {"signature_name": signature, "inputs": columns}
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = await self._http.post(self._url, content=body)
        except httpx.ConnectError as error:
            message = f"no server answers here ({error})"
            raise server_error(self._address, Code.UNAVAILABLE, message) from None
        except httpx.RemoteProtocolError as error:
            message = f"the connection broke ({error}); is this the port of the REST API?"
            raise server_error(self._address, Code.UNAVAILABLE, message) from None
        # httpx hands on the error as it is where a server says only after the handshake that it
        # refuses the client's certificate.
        except (httpx.RequestError, ssl.SSLError) as error:
            message = f"the connection broke ({error or type(error).__name__})"
            raise server_error(self._address, Code.UNAVAILABLE, message) from None
        if answer.status_code != httpx.codes.OK:
            raise self._refusal(answer)
        outputs = _json(answer).get("outputs")
        if not isinstance(outputs, dict):
            message = "the answer is none of TensorFlow Serving's to a model of reviewlens"
            raise server_error(self._address, Code.UNKNOWN, message)
        return Outputs({alias: _float32(value) for alias, value in outputs.items()}, version=None)

    async def close(self) -> None:
        await self._http.aclose()

    def _refusal(self, answer: httpx.Response) -> ServerError:
        code = _CODES.get(answer.status_code, Code.UNKNOWN)
        message = _json(answer).get("error")
        if isinstance(message, str):
            return server_error(self._address, code, message)
        # Not TensorFlow Serving: a proxy, whose 404 says nothing of models, or another program.
        code = Code.UNKNOWN if code is Code.NOT_FOUND else code
        message = f"HTTP status {answer.status_code} {answer.reason_phrase} for {self._url}"
        return server_error(self._address, code, message)


def _json(answer: httpx.Response) -> dict[str, Any]:
    """The object in the body, or an empty one where there is none."""
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _float32(value: Any) -> Any:
    """Gives rows of floats the very values that their digits stand for, as gRPC delivers them.

    TensorFlow Serving writes a point into every float, so numbers without one are integers.
    """
    if isinstance(value, list) and value and isinstance(value[0], list):
        return [_float32_row(row) for row in value]
    return _float32_row(value)


def _float32_row(row: Any) -> Any:
    if not isinstance(row, list) or all(type(item) is int for item in row):
        return row
    try:
        return array.array("f", row).tolist()
    except (TypeError, OverflowError):
        return row


def _ssl_context(tls: TLS) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.root_certificates)
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        files = ", ".join(filter(None, (tls.root_certificates, tls.certificate, tls.key)))
        raise UsageError(f"certificates ({files}): {error.strerror or error}") from None
    return context
