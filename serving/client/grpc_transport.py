"""Predict over TensorFlow Serving's gRPC API."""

from __future__ import annotations

import asyncio
import contextlib

import grpc
from google.protobuf.message import Message

from ...errors import UsageError
from ..status import Code
from ..tasks.predictions import Inputs
from .errors import server_error
from .messages import PredictRequest, PredictResponse
from .target import TLS, Target
from .tensors import string_tensor, tensor_values
from .transport import Outputs

_METHOD = "/tensorflow.serving.PredictionService/Predict"
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    # The client has a back-off of its own; the channel's, up to two minutes, would outlast it.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class GrpcTransport:
    """A `Transport` over one gRPC channel.

    Args:
        target: The model.
        timeout: Seconds after which the server need not go on with a request.
    """

    def __init__(self, target: Target, timeout: float):
        if target.path:
            raise UsageError(f"{target.address}: gRPC has no path; write HOST:PORT")
        if target.tls:
            credentials = _credentials(target.tls)
            self._channel = grpc.secure_channel(target.authority, credentials, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(target.authority, _OPTIONS)
        self._predict = self._channel.unary_unary(
            _METHOD,
            request_serializer=PredictRequest.SerializeToString,
            response_deserializer=PredictResponse.FromString,
        )
        self._target = target
        self._timeout = timeout

    async def predict(self, signature: str, inputs: Inputs) -> Outputs:
        request = PredictRequest()
        request.model_spec.name = self._target.model
        request.model_spec.signature_name = signature
        if self._target.version is not None:
            request.model_spec.version.value = self._target.version
        elif self._target.label is not None:
            request.model_spec.version_label = self._target.label
        for alias, values in inputs.items():
            request.inputs.add(key=alias, value=string_tensor(values))
        try:
            answer = await _finished(self._predict.future(request, timeout=self._timeout))
        except grpc.RpcError as error:
            code = Code(error.code().value[0])
            raise server_error(self._target.address, code, error.details() or "") from None
        tensors = {output.key: tensor_values(output.value) for output in answer.outputs}
        return Outputs(tensors, answer.model_spec.version.value)

    async def close(self) -> None:
        self._channel.close()


async def _finished(call: grpc.Future) -> Message:
    """Waits for a call of a synchronous channel.

    A channel of `grpc.aio` would tie the client to one event loop per process.
    """
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()

    def finish(_: grpc.Future) -> None:
        # A cancelled call may end when the loop is closed already.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(finished.set)

    call.add_done_callback(finish)
    try:
        await finished.wait()
    except asyncio.CancelledError:
        call.cancel()
        raise
    return call.result()


def _credentials(tls: TLS) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        *(_content(path) for path in (tls.root_certificates, tls.key, tls.certificate))
    )


def _content(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"certificates ({path}): {error.strerror}") from None
