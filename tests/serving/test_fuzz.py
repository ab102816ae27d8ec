"""Requests that nobody would send: each gets an answer that blames it, and the next one is served.

Fixed seeds: what is found here is found by everyone.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket

import grpc
import httpx
import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

GOOD_BODY = b'{"instances": [1, 2, 5]}'
BLAMES = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.OUT_OF_RANGE,
}
# Methods and types that nobody has here; a server that is busy; a model that takes too long.
MEANT = {501, 503, 504}


@pytest.fixture(scope="module")
def server(model_server, half_plus_two, flags):
    return model_server(
        model_name="half",
        model_base_path=half_plus_two,
        max_request_bytes=1_000_000,
        **flags,
    )


@st.composite
def damaged(draw, original: bytes) -> bytes:
    """The original with a few pieces cut, doubled or replaced."""
    data = original
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 20, len(data))))
        piece = draw(st.sampled_from([b"", b"\0", b"\r\n", b":", b'"', b"[", b"}", b"1e999"]))
        piece = draw(st.just(piece) | st.just(2 * data[start:end]) | st.binary(max_size=5))
        data = data[:start] + piece + data[end:]
    return data


# gRPC.


@pytest.fixture(scope="module")
def calls(server):
    """The calls by the type of their requests."""
    with grpc.insecure_channel(server.grpc) as channel:
        predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        yield {
            predict_pb2.PredictRequest: predictions.Predict,
            classification_pb2.ClassificationRequest: predictions.Classify,
            regression_pb2.RegressionRequest: predictions.Regress,
            inference_pb2.MultiInferenceRequest: predictions.MultiInference,
            get_model_metadata_pb2.GetModelMetadataRequest: predictions.GetModelMetadata,
            get_model_status_pb2.GetModelStatusRequest: models.GetModelStatus,
        }


def good_requests() -> list:
    example = example_pb2.Example()
    example.features.feature["x"].float_list.value.append(3.0)
    requests = []
    for kind, signature in (
        (predict_pb2.PredictRequest, "serving_default"),
        (classification_pb2.ClassificationRequest, "classify_x_to_y"),
        (regression_pb2.RegressionRequest, "regress_x_to_y"),
        (get_model_metadata_pb2.GetModelMetadataRequest, ""),
        (get_model_status_pb2.GetModelStatusRequest, ""),
    ):
        request = kind()
        request.model_spec.name = "half"
        request.model_spec.signature_name = signature
        requests.append(request)
    predict, classify, regress, metadata, _ = requests
    predict.inputs["x"].dtype = 1
    predict.inputs["x"].tensor_shape.dim.add(size=2)
    predict.inputs["x"].float_val.extend([1.0, 2.0])
    classify.input.example_list.examples.append(example)
    regress.input.example_list_with_context.context.CopyFrom(example)
    regress.input.example_list_with_context.examples.add()
    metadata.metadata_field.append("signature_def")
    both = inference_pb2.MultiInferenceRequest()
    for method in ("classify", "regress"):
        task = both.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = "half"
        task.model_spec.signature_name = f"{method}_x_to_y"
    both.input.example_list.examples.append(example)
    return [*requests, both]


NAMES = st.sampled_from(
    ["half", "x", "y", "inputs", "outputs", "serving_default", "scalar", "classify_x_to_y"]
    + ["regress_x_to_y", "tensorflow/serving/predict", "signature_def", "", "ä\0"]
)
INTEGERS = [0, 1, -1, 2, 3, 7, 20, 21, 101, 123, 999, 2**16, 2**31 - 1, 2**62, 2**63 - 1]
TYPES = [0, 3, 7, 9, 12, 14, 19, 20, 21, 101, 999]
FLOATS = [0.0, -1.5, 1e300, float("inf"), float("nan")]


def scalar(draw, field: FieldDescriptor):
    """A value for a field, or for one element of it."""
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        if field.type == FieldDescriptor.TYPE_BYTES:
            return draw(st.binary(max_size=9))
        return draw(NAMES)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return draw(st.booleans())
    if kind == FieldDescriptor.CPPTYPE_FLOAT or kind == FieldDescriptor.CPPTYPE_DOUBLE:
        return draw(st.sampled_from(FLOATS))
    number = draw(st.sampled_from(INTEGERS))
    wide = kind in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
    number = number if wide else min(number, 2**31 - 1)
    unsigned = kind in (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64)
    return max(number, 0) if unsigned else number


def change(draw, message, depth: int = 0) -> None:
    """Changes one field of a message, or one inside of it."""
    field = draw(st.sampled_from(list(message.DESCRIPTOR.fields)))
    value = getattr(message, field.name)
    entry = field.message_type
    if draw(st.integers(0, 5)) == 0 or depth > 6:
        message.ClearField(field.name)
    elif entry is not None and entry.GetOptions().map_entry:
        element = entry.fields_by_name["value"]
        key = draw(st.sampled_from(sorted(value)) if len(value) and draw(st.booleans()) else NAMES)
        if element.message_type is not None:
            change(draw, value[key], depth + 1)
        else:
            value[key] = scalar(draw, element)
    elif field.label == FieldDescriptor.LABEL_REPEATED:
        if entry is None:
            value.extend(scalar(draw, field) for _ in range(draw(st.integers(0, 3))))
        else:
            kept = len(value) and draw(st.booleans())
            change(draw, value[0] if kept else value.add(), depth + 1)
    elif entry is not None:
        value.SetInParent()
        change(draw, value, depth + 1)
    else:
        setattr(message, field.name, scalar(draw, field))


@st.composite
def messages(draw):
    request = draw(st.sampled_from(good_requests()))
    changed = request
    # Most of what can be wrong is deep inside of tensors.
    if draw(st.booleans()):
        request = good_requests()[0]
        request.model_spec.signature_name = draw(st.sampled_from(["serving_default", "scalar"]))
        changed = request.inputs["x"]
        changed.dtype = draw(st.sampled_from([1, 1, 1, *TYPES]))
        changed.tensor_shape.dim[0].size = draw(st.sampled_from([1, 2, *INTEGERS]))
    for _ in range(draw(st.integers(1, 4))):
        change(draw, changed)
    return request


@settings(derandomize=True, max_examples=400, deadline=None)
@given(messages())
def test_every_message_is_answered_or_blamed(calls, request):
    try:
        calls[type(request)](request, timeout=60)
    except grpc.RpcError as error:
        assert error.code() in BLAMES, (error.code(), error.details())
    good = good_requests()[0]
    answer = calls[type(good)](good, timeout=60)
    assert list(answer.outputs["y"].float_val) == [2.5, 3.0]


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.sampled_from(good_requests()).map(lambda r: r.SerializeToString()).flatmap(damaged))
def test_bytes_that_are_no_message_do_no_harm(server, calls, data):
    with grpc.insecure_channel(server.grpc) as channel:
        try:
            channel.unary_unary("/tensorflow.serving.PredictionService/Predict")(data, timeout=60)
        except grpc.RpcError as error:
            # gRPC itself, in every language, calls what it cannot read an internal error.
            unread = (grpc.StatusCode.INTERNAL, "Exception deserializing request!")
            assert error.code() in BLAMES or (error.code(), error.details()) == unread
    good = good_requests()[0]
    assert list(calls[type(good)](good, timeout=60).outputs["y"].float_val) == [2.5, 3.0]


# REST.

TEXTS = st.sampled_from(["half", "x", "serving_default", "scalar", "classify_x_to_y", "", "1", "ä"])
NUMBERS = st.integers(-(2**70), 2**70) | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.builds(lambda text: {"b64": text}, TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "b64", "inputs", "y"]), inner, max_size=2)
    ),
    max_leaves=8,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "instances": st.lists(VALUES, max_size=3) | VALUES,
        "inputs": VALUES,
        "examples": st.lists(st.dictionaries(TEXTS, VALUES, max_size=2), max_size=3) | VALUES,
        "context": st.dictionaries(TEXTS, VALUES, max_size=2) | VALUES,
        "signature_name": st.sampled_from(["scalar", "classify_x_to_y", "regress_x_to_y"]) | VALUES,
    },
)


BODIES = (
    DOCUMENTS.map(lambda document: json.dumps(document).encode())
    | st.sampled_from(
        [GOOD_BODY, b'{"inputs": {"x": [1.5]}}', b'{"examples": [{"x": 1.5}], "context": {"y": 1}}']
    ).flatmap(damaged)
    | st.binary(max_size=30)
)


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=f"http://{server.rest}/v1/models", timeout=60) as opened:
        yield opened


@settings(derandomize=True, max_examples=400, deadline=None)
@given(BODIES, st.sampled_from(["predict", "classify", "regress"]), st.booleans())
def test_every_body_is_answered_or_blamed(client, body, verb, zipped):
    headers = {"Content-Encoding": "gzip"} if zipped and not body.startswith(b"{") else {}
    response = client.post(f"/half:{verb}", content=body, headers=headers)
    assert response.status_code in {200, 400, 413} | MEANT, response.text
    if response.status_code != 200:
        assert list(response.json()) == ["error"]


PREDICT = b"POST /v1/models/half:predict HTTP/1.1\r\nHost: a\r\n"
REQUESTS = [
    PREDICT + b"Content-Length: 24\r\n\r\n" + GOOD_BODY,
    PREDICT + b"Transfer-Encoding: chunked\r\n\r\n18\r\n" + GOOD_BODY + b"\r\n0\r\n\r\n",
    PREDICT + b"Expect: 100-continue\r\nContent-Length: 24\r\n\r\n" + GOOD_BODY,
    b"GET /v1/models/half/versions/123/metadata HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"OPTIONS /v1/models/half HTTP/1.0\r\nOrigin: http://a\r\n\r\n",
    b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
]
HEAD = re.compile(
    rb"(?:HTTP/1\.1 100 Continue\r\n\r\n)?"
    rb"HTTP/1\.1 (?!100)(\d{3}) [ -~]*\r\n((?:[a-z-]+: [ -~]*\r\n)*)\r\n"
)


@pytest.fixture(scope="module")
def impatient(model_server, half_plus_two) -> tuple[str, int]:
    """Host and port of a server that does not wait for what never comes."""
    server = model_server(
        model_name="half", model_base_path=half_plus_two, rest_api_read_timeout_in_ms=100
    )
    host, port = server.rest.split(":")
    return host, int(port)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(REQUESTS).flatmap(damaged) | st.binary(), min_size=8, max_size=8))
def test_every_connection_is_answered_or_blamed(impatient, sent):
    # All at once, for each may have to wait until the server waits no longer.
    with contextlib.ExitStack() as stack:
        opened = []
        for data in sent:
            connection = stack.enter_context(socket.create_connection(impatient, 30))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            opened.append(connection)
        for connection, data in zip(opened, sent, strict=True):
            # Empty lines are no request yet, and llhttp takes them before one.
            if data.strip(b"\r\n"):
                check_answer(connection, data)
    with socket.create_connection(impatient, 30) as connection:
        connection.sendall(REQUESTS[0])
        assert check_answer(connection, REQUESTS[0]) == 200


def check_answer(connection: socket.socket, data: bytes) -> int:
    """Reads the answer to `data`; returns its status."""
    received = b""
    while not (head := HEAD.match(received)):
        piece = connection.recv(65536)
        assert piece, (data, received)
        received += piece
    status = int(head[1])
    assert status // 100 in (2, 4) or status in MEANT, received
    length = int(re.search(rb"content-length: (\d+)", head[2])[1])
    if not data.lstrip(b"\r\n").startswith(b"HEAD "):
        while len(received) < head.end() + length:
            piece = connection.recv(65536)
            assert piece, (data, received)
            received += piece
    return status
