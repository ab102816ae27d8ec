"""PredictionService and ModelService over gRPC."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterator

import grpc
import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from ..status import Code, ServingError, invalid
from .core import ServerCore
from .inference import metadata
from .requests import (
    answer_classify,
    answer_multi_inference,
    answer_predict,
    answer_regress,
    check_tasks,
)
from .servable import Servable
from .tensors import to_typed_proto

_LOG = logging.getLogger("reviewlens.serve")
_LONGEST_MESSAGE = 1024
_LONGEST_TIMEOUT = 1e6
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers Predict, Classify, Regress, MultiInference and GetModelMetadata.

    Args:
        core: The models.
        max_request_bytes: What a request may grow to where it says once what holds many times.
        to_proto: How the outputs of Predict are written.
    """

    def __init__(
        self,
        core: ServerCore,
        max_request_bytes: int,
        to_proto: Callable[[np.ndarray], tensor_pb2.TensorProto] = to_typed_proto,
    ):
        self._core = core
        self._most_bytes = max_request_bytes
        self._predict = functools.partial(answer_predict, to_proto=to_proto)

    def Predict(self, request, context):
        return self._answer("Predict", self._predict, request, context)

    def Classify(self, request, context):
        return self._answer("Classify", answer_classify, request, context)

    def Regress(self, request, context):
        return self._answer("Regress", answer_regress, request, context)

    def MultiInference(
        self, request: inference_pb2.MultiInferenceRequest, context: grpc.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        with _answering(context):
            check_tasks(request.tasks)
            spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
            with _lease(self._core, spec) as servable:
                return answer_multi_inference(
                    servable, request, _time_left(context), self._most_bytes
                )

    def GetModelMetadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        with _answering(context):
            _require_spec(request)
            if not request.metadata_field:
                raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
            for field in request.metadata_field:
                if field != "signature_def":
                    raise invalid(f"Metadata field {field} is not supported")
            with _lease(self._core, request.model_spec) as servable:
                return metadata(servable)

    def _answer(self, api: str, answer: Callable, request, context: grpc.ServicerContext):
        """Answers a request for one model, and counts it."""
        started = time.perf_counter()
        status = Code.OK
        with _answering(context):
            try:
                _require_spec(request)
                with _lease(self._core, request.model_spec) as servable:
                    response = answer(servable, request, _time_left(context), self._most_bytes)
                self._core.log_request(lambda: (request, response))
                return response
            except ServingError as error:
                status = error.code
                raise
            except Exception:
                status = Code.INTERNAL
                raise
            finally:
                microseconds = (time.perf_counter() - started) * 1e6
                name = request.model_spec.name
                self._core.metrics.request(name, status.name, api, "GRPC", microseconds)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Answers GetModelStatus and HandleReloadConfigRequest.

    Args:
        core: The models.
        reload_seconds: How long a new configuration may keep its caller waiting, if the
            caller's own deadline is not sooner.
    """

    def __init__(self, core: ServerCore, reload_seconds: float):
        self._core = core
        self._reload_seconds = reload_seconds

    def GetModelStatus(
        self, request: get_model_status_pb2.GetModelStatusRequest, context
    ) -> get_model_status_pb2.GetModelStatusResponse:
        with _answering(context):
            _require_spec(request)
            spec = request.model_spec
            version = spec.version.value if spec.HasField("version") else None
            return self._core.status(spec.name, version)

    def HandleReloadConfigRequest(
        self, request: model_management_pb2.ReloadConfigRequest, context
    ) -> model_management_pb2.ReloadConfigResponse:
        response = model_management_pb2.ReloadConfigResponse()
        try:
            if request.config.WhichOneof("config") != "model_config_list":
                raise invalid(
                    "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                    "Only ModelConfigList is currently supported"
                )
            left = _time_left(context)
            seconds = self._reload_seconds
            self._core.reload(request.config, seconds if left is None else min(left, seconds))
        except ServingError as error:
            response.status.error_code = error.code
            response.status.error_message = error.message
            context.set_code(_CODES[error.code])
            context.set_details(_shorten(error.message))
        return response


@contextlib.contextmanager
def _answering(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except ServingError as error:
        context.abort(_CODES[error.code], _shorten(error.message))
    except Exception as error:
        _LOG.exception("gRPC request")
        context.abort(grpc.StatusCode.INTERNAL, f"Internal error: {type(error).__name__}")


def _require_spec(request) -> None:
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")


@contextlib.contextmanager
def _lease(core: ServerCore, spec: model_pb2.ModelSpec) -> Iterator[Servable]:
    if not spec.name:
        raise invalid("ModelSpec has no name specified.")
    choice = spec.WhichOneof("version_choice")
    version = spec.version.value if choice == "version" else None
    label = spec.version_label if choice == "version_label" else None
    with core.model(spec.name, version, label) as servable:
        yield servable


def _time_left(context: grpc.ServicerContext) -> float | None:
    """Seconds until the deadline; None without one, for which gRPC has a date far away."""
    seconds = context.time_remaining()
    return None if seconds is None or seconds > _LONGEST_TIMEOUT else seconds


def _shorten(message: str) -> str:
    if len(message) <= _LONGEST_MESSAGE:
        return message
    return message[:_LONGEST_MESSAGE] + "...TRUNCATED"
