"""The REST API, asked over sockets, held against TensorFlow Serving's tables."""

from __future__ import annotations

import concurrent.futures
import contextlib
import gzip
import json
import socket
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

MONITORING = 'prometheus_config { enable: true path: "/metrics" }'
PREDICT = "/v1/models/half:predict"
OK = {"predictions": [2.5, 3.0, 4.5]}
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}


@pytest.fixture(scope="module")
def half(model_server, half_plus_two, flags):
    server = model_server(model_name="half", model_base_path=half_plus_two, **flags)
    with httpx.Client(base_url=f"http://{server.rest}", timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def odd_model(tmp_path_factory) -> Path:
    """Base path of a model with signatures that ordinary models do not have."""
    import tensorflow as tf

    def of(**inputs):
        specs = {name: tf.TensorSpec([None], dtype, name) for name, dtype in inputs.items()}
        return lambda function: tf.function(function).get_concrete_function(**specs)

    module = tf.Module()
    module.sum = of(a=tf.float32, b=tf.float32)(lambda a, b: {"sum": a + b, "a": a})
    module.total = of(x=tf.float32)(lambda x: {"y": tf.reduce_sum(x)})
    module.unequal = of(x=tf.float32)(lambda x: {"y": x, "z": x[:1]})
    module.complex = of(x=tf.float32)(lambda x: {"y": tf.complex(x, x)})
    module.half = of(x=tf.float16)(lambda x: {"y": x})
    module.same = of(text=tf.string)(lambda text: {"text": text, "text_bytes": text})

    @of(n=tf.int32)
    def slow(n):
        """Counts to n, 1 ms or so for each 100."""
        return {"n": tf.while_loop(lambda i: i < n[0], lambda i: i + 1, [0])[0] + 0 * n}

    module.slow = slow
    names = ("sum", "total", "unequal", "complex", "half", "same", "slow")
    base = tmp_path_factory.mktemp("odd")
    signatures = {name: getattr(module, name) for name in names}
    tf.saved_model.save(module, str(base / "1"), signatures)
    return base


@pytest.fixture(scope="module")
def odd(model_server, odd_model, half_plus_two, tmp_path_factory):
    """A server of both models, with labels, CORS, a page for Prometheus and one thread."""
    directory = tmp_path_factory.mktemp("odd_config")
    (directory / "models.config").write_text(
        "model_config_list {"
        f' config {{ name: "odd" base_path: "{odd_model}" model_platform: "tensorflow" }}'
        f' config {{ name: "half" base_path: "{half_plus_two}" model_platform: "tensorflow"'
        ' version_labels { key: "stable" value: 123 } } }'
    )
    (directory / "monitoring.config").write_text(MONITORING)
    server = model_server(
        model_config_file=directory / "models.config",
        monitoring_config_file=directory / "monitoring.config",
        allow_version_labels_for_unavailable_models=True,
        rest_api_enable_cors_support=True,
        rest_api_num_threads=1,
        rest_api_timeout_in_ms=1000,
        max_request_bytes=100_000,
    )
    with httpx.Client(base_url=f"http://{server.rest}", timeout=60) as client:
        client.address = tuple(server.rest.split(":"))
        yield client


def post(client: httpx.Client, path: str, body) -> httpx.Response:
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(path, content=content)


def error_of(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/json"
    (message,) = (response.json()["error"],)
    assert response.text == f'{{\n    "error": {json.dumps(message, ensure_ascii=False)}\n}}'
    return response.status_code, message


# Routing.


@pytest.mark.parametrize(
    "path", [PREDICT, "/V1/Models/half:predict", "/v1/models/h%61lf/versions/00123:predict"]
)
def test_predict_answers(half, path):
    response = post(half, path, {"instances": [1, 2, 5]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.text == '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'


@pytest.mark.parametrize(
    "method, path",
    [
        ("POST", "/v1/models/half:PREDICT"),
        ("POST", "/v1/models/half:predict?verbose=1"),
        ("POST", "/v1/models/half"),
        ("POST", "/v1/models/half/metadata"),
        ("POST", "/v1/models/half/versions/x:predict"),
        ("POST", "/v1/models/half/versions/1/labels/a:predict"),
        ("POST", "/v1/models:predict"),
        ("GET", "/v1/models/half:predict"),
        ("GET", "/v1/models/"),
        ("GET", "/v1/models/half/versions/x"),
        ("GET", "/v1/models/half/metadata?full"),
        ("GET", "/v1/"),
        ("PUT", PREDICT),
        ("DELETE", "/v1/models/half"),
        ("PATCH", PREDICT),
    ],
)
def test_other_methods_and_paths_are_malformed(half, method, path):
    response = half.request(method, path, content="{}" if method == "POST" else None)
    assert error_of(response) == (400, f"Malformed request: {method} {path}")


def test_head_has_no_body(half):
    response = half.head("/v1/models/half")
    assert (response.status_code, response.content) == (400, b"")


@pytest.mark.parametrize("path", ["/", "/v2/models/half", "/v1", "/monitoring/prometheus/metrics"])
def test_paths_of_nothing_are_not_found(half, path):
    response = half.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "text/html"
    assert "<H1>Not Found</H1>" in response.text


def test_methods_of_nothing_are_not_implemented(half):
    response = half.request("PROPFIND", "/v1/models/half")
    assert response.status_code == 501
    assert "<H1>Not Implemented</H1>" in response.text


@pytest.mark.parametrize("digits", ["9223372036854775808", "9" * 5000])
def test_versions_have_64_bits(half, digits):
    wanted = (400, f"Failed to convert version: {digits} to numeric.")
    assert error_of(post(half, f"/v1/models/half/versions/{digits}:predict", "{")) == wanted
    assert error_of(half.get(f"/v1/models/half/versions/{digits}")) == wanted


def test_a_query_is_part_of_the_name_in_a_lookup(half):
    wanted = (404, "Could not find any versions of model half?x=1")
    assert error_of(half.get("/v1/models/half?x=1")) == wanted


def test_content_type_is_not_read(half):
    for content_type in ("text/plain", "application/octet-stream; x", "nonsense"):
        response = half.post(
            PREDICT, content='{"instances": [1, 2, 5]}', headers={"Content-Type": content_type}
        )
        assert response.json() == OK


# Order of checks.


@pytest.mark.parametrize(
    "path, body, status, message",
    [
        ("none:predict", "{", 400, "JSON Parse error: Missing a name for object member. "),
        ("none:predict", "1", 400, "JSON Value: 1 Is not object"),
        ("none:predict", '{"signature_name": 1}', 400, "JSON Value: {"),
        ("none:predict", "{}", 404, "Servable not found for request: Latest(none)"),
        ("half/versions/5:predict", "{}", 404, "Servable not found for request: Specific(half, 5)"),
        ("half/labels/a%3Ab:predict", "{}", 400, "Unrecognized servable version label: a:b"),
        (
            "half:predict",
            '{"signature_name": "s"}',
            400,
            'Serving signature name: "s" not found in',
        ),
        ("half:predict", "{}", 400, "Missing 'inputs' or 'instances' key"),
        ("none:classify", '{"context": 1}', 400, "Example must be JSON object but got JSON Number"),
        ("none:classify", "{}", 400, "JSON Value: {} When method is classify, key 'examples' is"),
        ("none:regress", "{}", 400, "JSON Value: {} When method is classify, key 'examples' is"),
        ("none:regress", '{"examples": [{}]}', 404, "Servable not found for request: Latest(none)"),
    ],
)
def test_what_is_checked_first(half, path, body, status, message):
    found = error_of(post(half, f"/v1/models/{path}", body))
    assert found[0] == status
    assert found[1].startswith(message)


# Predict.


@pytest.mark.parametrize(
    "request_body, answer",
    [
        ({"instances": [{"x": 1}, {"x": 2}, {"x": 5}]}, OK),
        ({"signature_name": "serving_default", "instances": [1.0, 2.0, 5.0], "more": None}, OK),
        ({"signature_name": "", "instances": [1, 2, 5]}, OK),
        ({"inputs": [1, 2, 5]}, {"outputs": [2.5, 3.0, 4.5]}),
        ({"inputs": {"x": [1, 2, 5], "more": []}}, {"outputs": [2.5, 3.0, 4.5]}),
        ({"inputs": []}, {"outputs": []}),
    ],
)
def test_both_formats_of_predict(half, request_body, answer):
    response = post(half, PREDICT, request_body)
    assert response.json() == answer


def test_numbers_beyond_json(half):
    response = post(half, PREDICT, '{"instances": [NaN, Infinity, -Inf, 1e300, 0.1]}')
    assert response.text == (
        '{\n    "predictions": [NaN, Infinity, -Infinity, Infinity, 2.05\n    ]\n}'
    )


@pytest.mark.parametrize(
    "body, message",
    [
        ("", "JSON Parse error: The document is empty"),
        ('{"instances": [1}', "JSON Parse error: Missing a comma or ] after an array element. at"),
        ('{"instances": ' + "[" * 10_000, "JSON Parse error: The document is nested too deeply."),
        (
            '{"instances": ["1"]}',
            "Failed to process element: 0 of 'instances' list. Error: INVALID_",
        ),
        ('{"instances": [{"y": 1}]}', "Failed to process element: 0 key: y of 'instances' list. E"),
        ('{"inputs": {"y": 1}}', "Missing named input: x in 'inputs' object."),
        (
            '{"instances": []}',
            "JSON Value: {\n    \"instances\": []\n} No values in 'instances' arr",
        ),
    ],
)
def test_requests_at_fault(half, body, message):
    status, found = error_of(post(half, PREDICT, body))
    assert status == 400
    assert found.startswith(message)


def test_large_batches(half):
    numbers = np.linspace(-1e6, 1e6, 5000, dtype=np.float32)
    answer = post(half, PREDICT, {"instances": numbers.tolist()}).json()["predictions"]
    np.testing.assert_array_equal(np.float32(answer), numbers * np.float32(0.5) + 2)


def test_concurrent_clients_get_their_own_answers(half):
    def ask(number: int) -> list[float]:
        return post(half, PREDICT, {"instances": [number] * (number % 7 + 1)}).json()["predictions"]

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(200)))
    assert answers == [[number / 2 + 2] * (number % 7 + 1) for number in range(200)]


# Signatures that ordinary models do not have.


def test_several_inputs_and_outputs(odd):
    path = "/v1/models/odd:predict"
    rows = {"signature_name": "sum", "instances": [{"a": 1, "b": 2}, {"b": 4, "a": 3}]}
    assert post(odd, path, rows).json() == {
        "predictions": [{"a": 1.0, "sum": 3.0}, {"a": 3.0, "sum": 7.0}]
    }
    columns = {"signature_name": "sum", "inputs": {"a": [1, 3], "b": [2, 4]}}
    assert post(odd, path, columns).json() == {"outputs": {"a": [1.0, 3.0], "sum": [3.0, 7.0]}}


def test_texts_and_bytes(odd):
    texts = ['é"\n', {"b64": "YQA="}]
    response = post(odd, "/v1/models/odd:predict", {"signature_name": "same", "instances": texts})
    assert response.json() == {
        "predictions": [
            {"text": 'é"\n', "text_bytes": {"b64": "w6kiCg=="}},
            {"text": "a\0", "text_bytes": {"b64": "YQA="}},
        ]
    }


@pytest.mark.parametrize(
    "signature, key, value, status, message",
    [
        ("sum", "instances", [1], 400, "instances is a plain list, but expecting list of objects "),
        ("sum", "inputs", [1], 400, "inputs is a plain value/list, but expecting an object as "),
        ("total", "instances", [1], 400, "Tensor name: y has no shape information "),
        (
            "unequal",
            "instances",
            [1, 2],
            400,
            "Tensor name: z has inconsistent batch size: 1 expecting: 2",
        ),
        ("complex", "inputs", [1], 400, "Failed to write JSON value for tensor type: complex64"),
        ("half", "inputs", [1], 501, "Conversion of JSON Value: 1 to type: half"),
        (
            "half",
            "instances",
            [1],
            400,
            "Failed to process element: 0 of 'instances' list. Error: ",
        ),
        ("__saved_model_init_op", "inputs", 1, 400, "Failed to get input map for signature: __"),
    ],
)
def test_signatures_that_json_does_not_fit(odd, signature, key, value, status, message):
    body = {"signature_name": signature, key: value}
    found = error_of(post(odd, "/v1/models/odd:predict", body))
    assert found[0] == status
    assert found[1].startswith(message)


def test_an_output_may_be_a_scalar_in_columnar_format(odd):
    body = {"signature_name": "total", "inputs": [1, 2]}
    assert post(odd, "/v1/models/odd:predict", body).json() == {"outputs": 3.0}


def test_what_takes_too_long_is_given_up(odd):
    body = {"signature_name": "slow", "inputs": [2_000_000_000]}
    assert error_of(post(odd, "/v1/models/odd:predict", body))[0] == 504


def test_a_full_queue_is_unavailable(model_server, odd_model, tmp_path):
    (tmp_path / "batching.txt").write_text(
        "max_batch_size { value: 1 } max_enqueued_batches { value: 1 }"
        " num_batch_threads { value: 1 }"
    )
    server = model_server(
        model_name="odd",
        model_base_path=odd_model,
        enable_batching=True,
        batching_parameters_file=tmp_path / "batching.txt",
        rest_api_timeout_in_ms=2000,
        rest_api_num_threads=8,
    )
    body = {"signature_name": "slow", "inputs": [2_000_000_000]}
    with (
        httpx.Client(base_url=f"http://{server.rest}", timeout=60) as client,
        concurrent.futures.ThreadPoolExecutor(8) as threads,
    ):
        answers = list(
            threads.map(lambda _: post(client, "/v1/models/odd:predict", body), range(8))
        )
    refused = [error_of(answer)[1] for answer in answers if answer.status_code == 503]
    assert refused
    assert all(
        message.startswith("The batch scheduling queue to which this") for message in refused
    )


def test_labels_choose_a_version(odd):
    assert post(odd, "/v1/models/half/labels/stable:predict", {"inputs": [1]}).status_code == 200
    found = odd.get("/v1/models/half/labels/stable/metadata").json()
    assert found["model_spec"]["version"] == "123"


# Classify and regress.


@pytest.mark.parametrize(
    "verb, body, answer",
    [
        (
            "classify",
            {"signature_name": "classify_x_to_y", "examples": [{"x": 1.0}, {"x": [2.0]}]},
            [[["", 2.5]], [["", 3.0]]],
        ),
        (
            "regress",
            {"signature_name": "regress_x_to_y2", "examples": [{"x": 1.0}, {"x": 2.0}]},
            [3.5, 4.0],
        ),
        (
            "regress",
            {
                "signature_name": "regress_x_to_y",
                "context": {"x": 7.0},
                "examples": [{}, {"x": 1.0}],
            },
            [5.5, 2.5],
        ),
    ],
)
def test_classify_and_regress(half, verb, body, answer):
    response = post(half, f"/v1/models/half:{verb}", body)
    assert response.json() == {"results": answer}


@pytest.mark.parametrize(
    "verb, signature, message",
    [
        ("classify", "s", "No signature was found with the name: s"),
        ("regress", "s", "No signature was found with the name: s"),
        ("classify", None, "No classification inputs found in SignatureDef: "),
        ("regress", None, "No regression inputs found in SignatureDef: "),
        ("regress", "classify_x_to_y", "No regression outputs found in SignatureDef: "),
    ],
)
def test_signatures_that_do_not_classify_or_regress(half, verb, signature, message):
    body = {"examples": [{"x": 1.0}]}
    if signature:
        body["signature_name"] = signature
    status, found = error_of(post(half, f"/v1/models/half:{verb}", body))
    assert status == 400
    assert found.startswith(message)


# Status and metadata.


@pytest.mark.parametrize("path", ["half", "half/versions/123", "half/labels/any", "HALF"])
def test_status(half, path):
    response = half.get(f"/v1/models/{path}")
    if path == "HALF":
        assert error_of(response) == (404, "Could not find any versions of model HALF")
        return
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.text == (
        "{\n"
        ' "model_version_status": [\n'
        "  {\n"
        '   "version": "123",\n'
        '   "state": "AVAILABLE",\n'
        '   "status": {\n'
        '    "error_code": "OK",\n'
        '    "error_message": ""\n'
        "   }\n"
        "  }\n"
        " ]\n"
        "}\n"
    )


@pytest.mark.parametrize(
    "path, status, message",
    [
        ("", 400, "Missing model name in request."),
        ("/none", 404, "Could not find any versions of model none"),
        ("/half/versions/7", 404, "Could not find version 7 of model half"),
        ("/none/metadata", 404, "Servable not found for request: Latest(none)"),
        ("/half/versions/7/metadata", 404, "Servable not found for request: Specific(half, 7)"),
        ("/half/labels/l/metadata", 400, "Unrecognized servable version label: l"),
    ],
)
def test_lookups_of_what_does_not_exist(half, path, status, message):
    assert error_of(half.get(f"/v1/models{path}")) == (status, message)


def test_metadata(half):
    response = half.get("/v1/models/half/metadata")
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert found["model_spec"] == {"name": "half", "signature_name": "", "version": "123"}
    signatures = found["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"] == {
        "inputs": {
            "x": {
                "dtype": "DT_FLOAT",
                "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
                "name": "x:0",
            }
        },
        "outputs": {
            "y": {
                "dtype": "DT_FLOAT",
                "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
                "name": signatures["serving_default"]["outputs"]["y"]["name"],
            }
        },
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    assert signatures["classify_x_to_y"]["method_name"] == "tensorflow/serving/classify"


# HTTP.


def test_bodies_may_be_zipped(odd):
    body = gzip.compress(b'{"instances": [1, 2, 5]}')
    headers = {"Content-Encoding": "gzip"}
    assert odd.post(PREDICT, content=body, headers=headers).json() == OK
    empty = (400, "JSON Parse error: The document is empty")
    for broken in (b"no gzip", body[:-4], b""):
        assert error_of(odd.post(PREDICT, content=broken, headers=headers)) == empty
    assert error_of(odd.post(PREDICT, content=body))[1].startswith("JSON Parse error: Invalid")


def test_bodies_that_are_too_large_are_refused(odd):
    large = b" " * 100_001
    wanted = (413, "The request's body is larger than 100000 bytes (--max_request_bytes)")
    zipped = {"Content-Encoding": "gzip"}
    assert error_of(odd.post(PREDICT, content=gzip.compress(large), headers=zipped)) == wanted
    assert odd.post(PREDICT, content=b'{"instances": [1, 2, 5]}' + large[24 + 1 :]).json() == OK
    with connection(odd) as server:
        # Refused by its announcement alone.
        server.sendall(
            b"POST /v1/models/half:predict HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n"
        )
        assert server.recv(1000).startswith(b"HTTP/1.1 413 ")
    with connection(odd) as server:
        server.sendall(
            b"POST /v1/models/half:predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"186a1\r\n"
            + large
        )
        assert server.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_context_for_many_examples_is_refused(odd):
    body = {"context": {"text": "a" * 1000}, "examples": [{}] * 1000}
    status, message = error_of(post(odd, "/v1/models/half:regress", body))
    assert status == 413
    assert message.startswith("The request stands for 10")
    assert message.endswith(" bytes of inputs, more than 100000 (--max_request_bytes)")


def test_scripts_of_other_origins_may_read_answers_only_with_the_flag(half, odd):
    for origin, status in (("http://a.example", 200), ("https://a.example", 200), ("null", 400)):
        for client, headers in ((half, {}), (odd, CORS)):
            response = client.options(PREDICT, headers={"Origin": origin})
            assert (response.status_code, response.content) == (status, b"")
            assert cors(response) == headers
    for client, headers in ((half, {}), (odd, CORS)):
        assert cors(client.get("/v1/models/half")) == headers
        assert cors(post(client, PREDICT, "{")) == headers
        assert cors(client.get("/other")) == {}
    assert half.options("/other").status_code == 404


def cors(response: httpx.Response) -> dict[str, str]:
    return {name: v for name, v in response.headers.items() if name.startswith("access-control")}


def test_the_page_for_prometheus(odd):
    def counts() -> dict[str, float]:
        response = odd.get("/metrics")
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/plain"
        lines = [line for line in response.text.splitlines() if not line.startswith("#")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    before = counts()
    post(odd, PREDICT, {"instances": [1, 2, 5]})
    post(odd, PREDICT, "{")
    odd.get("/v1/models/half")
    odd.get("/v1/wrong")
    after = counts()
    prefix = ":tensorflow:serving:"
    for sample, more in {
        'request_count{model_name="half",status="OK"}': 2,
        'request_count{model_name="half",status="INVALID_ARGUMENT"}': 1,
        'request_count{model_name="",status="INVALID_ARGUMENT"}': 1,
        'request_latency_count{model_name="half",API="predict",entrypoint="REST"}': 1,
        'request_latency_count{model_name="half",API="",entrypoint="REST"}': 1,
        'request_example_count_total{model="half"}': 3,
        'runtime_latency_count{model_name="half",API="Predict",runtime="TF1"}': 1,
    }.items():
        assert after[prefix + sample] - before.get(prefix + sample, 0) == more, sample
    response = odd.get("/metrics?x")
    assert response.status_code == 400
    assert response.text == "Unexpected path: /metrics?x. Should be /metrics"


def test_slow_clients_do_not_block_others(odd):
    request = (
        b"POST /v1/models/half:predict HTTP/1.1\r\nContent-Length: 24\r\n\r\n"
        b'{"instances": [1, 2, 5]}'
    )
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            server = stack.enter_context(connection(odd))
            server.sendall(request[:-5])
        assert post(odd, PREDICT, {"instances": [1, 2, 5]}).json() == OK
        server.sendall(request[-5:])
        assert server.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_probes_are_answered_while_predictions_are_at_work(odd):
    slow = {"signature_name": "slow", "inputs": [2_000_000_000]}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        work = threads.submit(post, odd, "/v1/models/odd:predict", slow)
        meanwhile = 0
        while not work.done():
            assert odd.get("/v1/models/odd").status_code == 200
            meanwhile += not work.done()
            time.sleep(0.05)
    assert meanwhile
    assert work.result().status_code == 504


def test_work_of_clients_that_are_gone_is_dropped(odd, wait_until):
    body = json.dumps({"signature_name": "slow", "inputs": [2_000_000_000]}).encode()
    head = f"POST /v1/models/odd:predict HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for _ in range(20):
        with connection(odd) as server:
            server.sendall(head + body)
    # Twenty of them, one second each, would keep the only thread from answering.
    started = time.monotonic()
    assert post(odd, PREDICT, {"instances": [1, 2, 5]}).json() == OK
    assert time.monotonic() - started < 10
    # The last of them may have been read after the one that was answered.
    dropped = ':tensorflow:serving:request_count{model_name="odd",status="CANCELLED"} 20'
    wait_until(lambda: dropped in odd.get("/metrics").text)


def connection(client: httpx.Client) -> socket.socket:
    return socket.create_connection(client.address, timeout=30)


# The model of this project.


def test_the_reviews_model_answers_as_in_process(model_server, served, flags, reviews):
    from reviewlens.serving import LocalModel

    server = model_server(
        model_name="reviews", model_base_path=Path(served.directory).parent, **flags
    )
    texts = [*reviews[:40], "", "👍" * 30, 'quoted "text"\n', "\0"]
    expected = LocalModel(served.directory).predict(texts)
    labels = [prediction.label for prediction in expected]
    scores = [list(prediction.probabilities.values()) for prediction in expected]
    with httpx.Client(base_url=f"http://{server.rest}/v1/models", timeout=60) as client:
        for rows in (texts, [{"text": text} for text in texts]):
            answer = post(client, "/reviews:predict", {"instances": rows}).json()["predictions"]
            assert [row["label"] for row in answer] == labels
            np.testing.assert_allclose([row["probabilities"] for row in answer], scores, atol=1e-5)
        for columns in (texts, {"text": texts}):
            answer = post(client, "/reviews:predict", {"inputs": columns}).json()["outputs"]
            assert answer["label"] == labels
            np.testing.assert_allclose(answer["probabilities"], scores, atol=1e-5)
        body = {"signature_name": "classify", "examples": [{"text": text} for text in texts]}
        answer = post(client, "/reviews:classify", body).json()["results"]
        assert [[label for label, _ in row] for row in answer] == [served.labels] * len(texts)
        np.testing.assert_allclose(
            [[score for _, score in row] for row in answer], scores, atol=1e-5
        )
        broken = {"instances": [{"b64": "/+7d"}]}
        assert post(client, "/reviews:predict", broken).status_code == 200
