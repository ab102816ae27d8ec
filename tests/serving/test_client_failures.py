"""The client against servers that refuse, break off, answer nonsense or come late."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import http.server
import itertools
import json
import os
import pickle
import socket
import struct
import threading
import types

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError, UsageError
from reviewlens.serving import Prediction
from reviewlens.serving.client import (
    TLS,
    Client,
    InvalidRequest,
    ModelNotFound,
    ServerError,
    ServerTimeout,
    ServerUnavailable,
)
from reviewlens.serving.status import Code

CLASSES = ["bad", "good"]
BREAK_OFF = (0, "")
RESET = (-1, "")
VALUES = st.none() | st.floats() | st.just(10**400) | st.sampled_from(["", "bad", "good"])
TENSORS = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=2), max_leaves=4)


def outputs(texts: list[str], classes=CLASSES) -> dict:
    """What a model answers that finds everything good but what says "bad"."""
    labels = ["bad" if "bad" in text else "good" for text in texts]
    rows = [[float(label == name) for name in classes] for label in labels]
    return {"probabilities": rows, "label": labels}


def answer(request: dict, classes=CLASSES) -> tuple[int, str]:
    if request["signature_name"] == "classify":
        return 200, json.dumps({"outputs": {"classes": [classes], "scores": [[0.5, 0.5]]}})
    return 200, json.dumps({"outputs": outputs(request["inputs"]["text"], classes)})


@pytest.fixture
def rest_server():
    """Starts an HTTP server of which the first answers are given, by status and body.

    The rest come from `then(request)`. Gives its address and the requests it got.
    """
    servers = []

    def start(*first: tuple[int, str], then=answer):
        scripted, requests = iter(first), []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                requests.append(request)
                status, body = next(scripted, None) or then(request)
                self.close_connection = status <= 0
                if status < 0:
                    # To linger for no time at all means to reset.
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                elif status:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body.encode())))
                    self.end_headers()
                    self.wfile.write(body.encode())
                    self.wfile.flush()

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *arguments: None
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        servers.append(server)
        return types.SimpleNamespace(address=f"127.0.0.1:{server.server_port}", requests=requests)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def grpc_server():
    """Starts a gRPC server at a port, of which the first calls end with the given errors."""
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    servers = []

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def __init__(self, errors):
            self.errors = iter(errors)
            self.requests = []
            self.version, self.classes = 1, CLASSES
            self.on_request = lambda request, context: None

        def Predict(self, request, context):
            import tensorflow as tf

            self.requests.append(request)
            if request.inputs.keys() & {"question", "context"}:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "it takes text")
            self.on_request(request, context)
            if error := next(self.errors, None):
                context.abort(*error)
            response = predict_pb2.PredictResponse()
            if request.model_spec.signature_name == "classify":
                tensors = {"classes": [self.classes]}
            else:
                texts = [text.decode() for text in request.inputs["text"].string_val]
                tensors = outputs(texts, self.classes)
            response.model_spec.version.value = self.version
            for name, value in tensors.items():
                dtype = tf.float32 if name == "probabilities" else tf.string
                response.outputs[name].CopyFrom(tf.make_tensor_proto(value, dtype))
            return response

    def start(*errors: tuple[grpc.StatusCode, str], port: int = 0):
        service = Service(errors)
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        servers.append(server)
        service.address = f"127.0.0.1:{port}"
        return service

    yield start
    for server in servers:
        server.stop(None)


@pytest.fixture
def silent_address():
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed_port():
    """A port that nobody listens on, but gRPC, which shares ports, can."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def error_text(message: str) -> str:
    return json.dumps({"error": message})


@pytest.mark.parametrize(
    "refusal",
    [(503, error_text("queue full")), (502, "<html>bad gateway</html>"), BREAK_OFF, RESET],
)
def test_an_unavailable_rest_server_is_asked_again(rest_server, refusal):
    server = rest_server(refusal, refusal)
    with Client(server.address) as client:
        assert client.predict(["so bad"]) == [Prediction("bad", {"bad": 1.0, "good": 0.0})]
    asked = [request["signature_name"] for request in server.requests]
    assert asked == ["serving_default"] * 3 + ["classify"]


def test_an_unavailable_grpc_server_is_asked_again(grpc_server):
    server = grpc_server(*[(grpc.StatusCode.UNAVAILABLE, "queue full")] * 2)
    with Client(server.address, transport="grpc") as client:
        assert client.predict(["so bad"]) == [Prediction("bad", {"bad": 1.0, "good": 0.0})]
    asked = [request.model_spec.signature_name for request in server.requests]
    assert asked == ["serving_default"] * 3 + ["classify"]


def test_a_grpc_server_that_comes_late_is_reached(grpc_server, closed_port):
    with Client(f"127.0.0.1:{closed_port}", transport="grpc", retries=30) as client:
        waiting = concurrent.futures.ThreadPoolExecutor().submit(client.predict, ["fine"])
        with pytest.raises(concurrent.futures.TimeoutError):
            waiting.result(0.3)
        grpc_server(port=closed_port)
        assert waiting.result(60)[0].label == "good"


def test_asking_again_has_an_end(rest_server):
    server = rest_server(then=lambda _: (503, error_text("queue full")))
    with (
        Client(server.address, retries=2) as client,
        pytest.raises(ServerUnavailable, match=f"^{server.address}: UNAVAILABLE: queue full$"),
    ):
        client.predict(["fine"])
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "body", "error", "code", "message"),
    [
        (400, error_text("Missing\n it"), InvalidRequest, Code.INVALID_ARGUMENT, "Missing\n it"),
        (404, error_text("Servable"), ModelNotFound, Code.NOT_FOUND, "Servable"),
        (404, "<html>", ServerError, Code.UNKNOWN, "HTTP status 404 Not Found for http://"),
        (404, '{"detail": 1}', ServerError, Code.UNKNOWN, "HTTP status 404"),
        (413, error_text("big"), ServerError, Code.RESOURCE_EXHAUSTED, "big"),
        (500, error_text("broken"), ServerError, Code.INTERNAL, "broken"),
        (504, error_text("late"), ServerTimeout, Code.DEADLINE_EXCEEDED, "late"),
        (308, "", ServerError, Code.UNKNOWN, "HTTP status 308"),
        (418, "", ServerError, Code.UNKNOWN, "HTTP status 418"),
        (200, "<html>", ServerError, Code.UNKNOWN, "none of TensorFlow Serving's"),
        (200, "[" * 100_000, ServerError, Code.UNKNOWN, "none of TensorFlow Serving's"),
        (200, '{"outputs": [1]}', ServerError, Code.UNKNOWN, "none of TensorFlow Serving's"),
        (200, '{"outputs": {"y": [1]}}', ServerError, Code.UNKNOWN, "default answers with y; one"),
    ],
)
def test_other_failures_are_told_at_once(rest_server, status, body, error, code, message):
    server = rest_server(then=lambda r: (status, body) if "text" in r["inputs"] else answer(r))
    with Client(server.address) as client, pytest.raises(RunError) as caught:
        client.predict(["fine"])
    assert type(caught.value) is error
    assert caught.value.code == code
    assert message in caught.value.message
    assert str(caught.value).startswith(f"{server.address}: {Code(code).name}: ")
    assert "\n" not in str(caught.value)
    assert sum("text" in request["inputs"] for request in server.requests) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequest),
        (grpc.StatusCode.FAILED_PRECONDITION, InvalidRequest),
        (grpc.StatusCode.NOT_FOUND, ModelNotFound),
        (grpc.StatusCode.DEADLINE_EXCEEDED, ServerTimeout),
        (grpc.StatusCode.INTERNAL, ServerError),
    ],
)
def test_other_failures_of_grpc_are_told_at_once(grpc_server, status, error):
    server = grpc_server((status, "no"))
    with Client(server.address, transport="grpc") as client, pytest.raises(error) as caught:
        client.predict(["fine"])
    assert type(caught.value) is error
    assert (caught.value.code, caught.value.message) == (status.value[0], "no")
    # To be sure that it is not asked with the wrong inputs, others are tried once.
    assert sum("question" not in request.inputs for request in server.requests) == 1


def test_errors_survive_pickling():
    error = ModelNotFound("here: NOT_FOUND: gone", Code.NOT_FOUND, "gone")
    copied = pickle.loads(pickle.dumps(error))
    assert (str(copied), copied.code, copied.message) == (str(error), error.code, error.message)


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_silence_ends_with_the_time_out(silent_address, transport):
    with (
        Client(silent_address, transport=transport, timeout=0.3) as client,
        pytest.raises(ServerTimeout),
    ):
        client.predict(["fine"])


def test_the_wrong_port_is_hinted_at(rest_server, grpc_server):
    with (
        Client(grpc_server().address, retries=0) as client,
        pytest.raises(ServerUnavailable, match="is this the port of the REST API?"),
    ):
        client.predict(["fine"])
    with (
        Client(rest_server().address, transport="grpc", retries=0) as client,
        pytest.raises(ServerUnavailable, match="HTTP/2"),
    ):
        client.predict(["fine"])


def test_a_new_version_with_other_classes_is_noticed(rest_server):
    classes = CLASSES
    server = rest_server(then=lambda request: answer(request, classes))
    with Client(server.address) as client:
        assert client.predict(["bad"])[0].probabilities == {"bad": 1.0, "good": 0.0}
        classes = ["good", "neither", "bad"]
        expected = {"good": 0.0, "neither": 0.0, "bad": 1.0}
        assert client.predict(["bad"])[0].probabilities == expected


def test_a_new_version_with_its_classes_in_another_order_is_noticed_over_grpc(grpc_server):
    server = grpc_server()
    with Client(server.address, transport="grpc") as client:
        assert client.predict(["bad"])[0].probabilities == {"bad": 1.0, "good": 0.0}
        server.version, server.classes = 2, CLASSES[::-1]
        assert client.predict(["bad"])[0].probabilities == {"bad": 1.0, "good": 0.0}


def test_a_version_that_comes_between_two_answers_is_noticed(grpc_server):
    server = grpc_server()

    def go_over_before_classes_are_told(request, context):
        if request.model_spec.signature_name == "classify":
            server.version, server.classes = 2, CLASSES[::-1]

    server.on_request = go_over_before_classes_are_told
    with Client(server.address, transport="grpc") as client:
        assert client.predict(["bad"])[0].probabilities == {"bad": 1.0, "good": 0.0}


@pytest.mark.parametrize("texts", [[], ["bad"] * 2])
def test_answers_to_more_or_fewer_texts_are_no_answers(rest_server, texts):
    server = rest_server((200, json.dumps({"outputs": outputs(texts)})))
    with Client(server.address) as client, pytest.raises(ServerError, match="do not fit"):
        client.predict(["bad"])


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tensors=st.dictionaries(st.sampled_from(["label", "probabilities", "classes"]), TENSORS))
def test_whatever_is_answered_is_a_prediction_or_an_error(rest_server, tensors):
    def answer_anything(request):
        good = json.loads(answer(request)[1])["outputs"]
        return 200, json.dumps({"outputs": good | {k: v for k, v in tensors.items() if k in good}})

    with Client(rest_server(then=answer_anything).address, retries=0) as client:
        try:
            (prediction,) = client.predict(["bad"])
        except ServerError as error:
            assert error.code == Code.UNKNOWN
        else:
            assert prediction.label in prediction.probabilities
            assert all(isinstance(share, float) for share in prediction.probabilities.values())


def test_several_batches_are_under_way_together(rest_server):
    together = threading.Barrier(3)

    def wait_for_the_others(request):
        if "text" in request["inputs"]:
            together.wait(60)
        return answer(request)

    server = rest_server(then=wait_for_the_others)
    texts = ["bad" if i % 5 == 0 else "fine" for i in range(12)]
    with Client(server.address, batch_size=2, concurrency=3) as client:
        predictions = client.predict(texts)
    assert [prediction.label == "bad" for prediction in predictions] == [
        i % 5 == 0 for i in range(12)
    ]


def test_a_stream_takes_few_texts_ahead(rest_server):
    taken = itertools.count()
    with Client(rest_server().address, batch_size=4, concurrency=2) as client:
        stream = client.stream(f"review {next(taken)}" for _ in itertools.repeat(None))
        for _ in range(100):
            next(stream)
        assert next(taken) <= 100 + 2 * 4
        stream.close()


def test_the_first_failure_ends_the_call(rest_server):
    server = rest_server((400, error_text("no")))
    with Client(server.address, batch_size=1, concurrency=1) as client:
        with pytest.raises(InvalidRequest):
            client.predict(["fine"] * 1000)
        assert sum("text" in request["inputs"] for request in server.requests) == 1


def test_a_failure_cancels_what_is_still_under_way(grpc_server):
    both_there, cancelled = threading.Barrier(2), threading.Event()

    def refuse_one_and_keep_the_other(request, context):
        both_there.wait(60)
        if request.inputs["text"].string_val[0] == b"refused":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        context.add_callback(cancelled.set)
        cancelled.wait(60)

    server = grpc_server()
    server.on_request = refuse_one_and_keep_the_other
    with Client(server.address, transport="grpc", batch_size=1) as client:
        with pytest.raises(InvalidRequest):
            client.predict(["refused", "kept"])
        assert cancelled.wait(30)


def test_a_failing_iterable_is_not_hidden(rest_server):
    def texts():
        yield from ["fine"] * 3
        raise LookupError("row 4")

    with (
        Client(rest_server().address, batch_size=1) as client,
        pytest.raises(LookupError, match="row 4"),
    ):
        client.predict(texts())


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_a_cancelled_task_leaves_a_usable_client(silent_address, transport):
    async def give_up(client):
        await asyncio.wait_for(client.predict_async(["fine"]), 0.1)

    with Client(silent_address, transport=transport) as client:
        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(give_up(client))
        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(give_up(client))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_closing_ends_what_is_under_way(silent_address, transport):
    client = Client(silent_address, transport=transport)
    caller = concurrent.futures.ThreadPoolExecutor()
    waiting = caller.submit(client.predict, ["fine"])
    with pytest.raises(concurrent.futures.TimeoutError):
        waiting.result(0.2)
    client.close()
    client.close()
    with pytest.raises(concurrent.futures.CancelledError):
        waiting.result(60)
    with pytest.raises(RuntimeError, match="closed"):
        client.predict(["fine"])
    caller.shutdown()
    gc.collect()


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_a_forgotten_client_ends_its_thread(transport):
    def client_threads():
        return [thread for thread in threading.enumerate() if thread.name == "reviewlens client"]

    client = Client("127.0.0.1:1", transport=transport, retries=0)
    with pytest.raises(ServerUnavailable):
        client.predict(["fine"])
    (thread,) = client_threads()
    del client
    gc.collect()
    thread.join(60)
    assert client_threads() == []


def test_a_forked_process_is_told_to_make_its_own():
    with Client("127.0.0.1:1") as client:
        child = os.fork()
        if not child:
            try:
                client.predict(["fine"])
            except RuntimeError:
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"address": "localhost"}, "'localhost' is no address of a server; write HOST:PORT"),
        ({"address": "localhost:x"}, "is no address"),
        ({"address": "localhost:70000"}, "is no address"),
        ({"address": "ftp://localhost:8501"}, "is no address"),
        ({"address": ":8501"}, "is no address"),
        ({"address": "[::1:8501"}, "is no address"),
        ({"address": "ä..b:8501"}, "is no address"),
        ({"address": "http://host:8501/?a=b"}, "is no address"),
        ({"address": "host:1/a", "transport": "grpc"}, "gRPC has no path"),
        ({"transport": "http"}, "choose one of rest, grpc"),
        ({"version": 1, "label": "stable"}, "not both"),
        ({"timeout": 0}, "timeout is more than 0"),
        ({"batch_size": 0}, "batch_size and concurrency at least 1"),
        ({"tls": TLS(root_certificates="/no.pem")}, "/no.pem.: No such file"),
        ({"tls": TLS(certificate="/no.pem"), "transport": "grpc"}, "/no.pem.: No such file"),
    ],
)
def test_arguments_without_sense_are_told(arguments, message):
    with pytest.raises(UsageError, match=message):
        Client(**{"address": "localhost:8501", **arguments})


def test_one_text_is_no_list(silent_address):
    with Client(silent_address) as client, pytest.raises(TypeError, match="put it into a list"):
        client.predict("fine")


def test_the_values_are_those_of_float32(rest_server):
    share = np.float32(0.1)
    body = {"outputs": {"probabilities": [[0.1, 0.9]], "label": ["good"]}}
    with Client(rest_server((200, json.dumps(body))).address) as client:
        assert client.predict(["fine"])[0].probabilities["bad"] == float(share)
