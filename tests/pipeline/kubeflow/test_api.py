from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.errors import RunError, UsageError
from reviewlens.pipeline.kubeflow.api import PipelinesClient
from reviewlens.pipeline.kubeflow.compiled import load_compiled

HEALTH = ("GET", "/apis/v2beta1/healthz")
EXPERIMENTS = ("GET", "/apis/v2beta1/experiments")
NEW_EXPERIMENT = ("POST", "/apis/v2beta1/experiments")
NEW_RUN = ("POST", "/apis/v2beta1/runs")
HTML = {"Content-Type": "text/html"}
PAGE = "<!doctype html><title>Kubeflow Central Dashboard</title>"


@pytest.fixture
def submit(compiled_file):
    """Submits the pipeline to an endpoint: `submit(url, token="t", experiment="a")`."""
    pipeline = load_compiled(compiled_file())

    def submit(endpoint, *, token=None, timeout=10.0, pipeline=pipeline, values=None, **where):
        values = {"input": "gs://b/r.csv"} if values is None else values
        with PipelinesClient(endpoint, token=token, timeout=timeout) as client:
            return client.create_run(pipeline, values, name="first", **where)

    return submit


@pytest.fixture
def failure(submit, pipelines_server):
    """Submits what fails and gives the message, which is one line that starts with the endpoint."""

    def failure(endpoint=None, kind=RunError, **options) -> str:
        endpoint = endpoint or pipelines_server.endpoint
        with pytest.raises(kind) as caught:
            submit(endpoint, **options)
        assert type(caught.value).exit_code == kind.exit_code
        start, message = str(caught.value).split(": ", 1)
        assert start == endpoint.rstrip("/")
        assert "\n" not in message
        return message

    return failure


def test_a_run_is_created_in_the_servers_default_experiment(submit, pipelines_server):
    run = submit(pipelines_server.endpoint, values={"input": "a", "epochs": 3})
    assert (run.id, run.link) == ("run-1", f"{pipelines_server.endpoint}/#/runs/details/run-1")
    created = pipelines_server.runs["run-1"]
    assert created["display_name"] == "first"
    assert created["experiment_id"] == "default-id"
    assert created["runtime_config"] == {"parameters": {"input": "a", "epochs": 3}}
    assert created["pipeline_spec"]["pipelineInfo"] == {"name": "reviews"}


@pytest.mark.parametrize("ending", ["/", "//"])
def test_a_slash_at_the_end_of_the_endpoint_changes_nothing(submit, pipelines_server, ending):
    run = submit(pipelines_server.endpoint + ending)
    assert run.link == f"{pipelines_server.endpoint}/#/runs/details/run-1"


def test_a_platform_spec_goes_beside_the_pipeline_spec(submit, pipelines_server, compiled_file):
    pipeline = load_compiled(compiled_file(platform=True))
    submit(pipelines_server.endpoint, pipeline=pipeline)
    sent = pipelines_server.runs["run-1"]["pipeline_spec"]
    assert sent == {"pipeline_spec": pipeline.spec, "platform_spec": pipeline.platform_spec}


def test_an_experiment_is_created_once(submit, pipelines_server):
    for _ in range(2):
        submit(pipelines_server.endpoint, experiment="100% new + “ü” & more")
    assert pipelines_server.called(*NEW_EXPERIMENT) == [{"display_name": "100% new + “ü” & more"}]
    first, second = pipelines_server.runs.values()
    assert first["experiment_id"] == second["experiment_id"] == "experiment-1"


def test_an_experiment_that_somebody_creates_meanwhile_is_taken(submit, pipelines_server):
    def create_before(body, create=pipelines_server._create_experiment):
        create(body)
        return create(body)

    pipelines_server._create_experiment = create_before
    submit(pipelines_server.endpoint, experiment="new")
    assert pipelines_server.runs["run-1"]["experiment_id"] == "experiment-1"


def test_of_several_users_each_has_experiments_in_a_namespace(submit, pipelines_server):
    pipelines_server.multi_user = True
    pipelines_server.experiments["ann-id"] = ("Default", "ann")
    submit(pipelines_server.endpoint, namespace="ann")
    submit(pipelines_server.endpoint, namespace="ben")
    submit(pipelines_server.endpoint, namespace="ann", experiment="other")
    used = [run["experiment_id"] for run in pipelines_server.runs.values()]
    assert [pipelines_server.experiments[key] for key in used] == [
        ("Default", "ann"),
        ("Default", "ben"),
        ("other", "ann"),
    ]
    assert used[0] == "ann-id"


def test_without_a_namespace_several_users_are_told_so(failure, pipelines_server):
    pipelines_server.multi_user = True
    assert failure(kind=UsageError).endswith("give yours with --namespace")
    assert pipelines_server.requests == [(*HEALTH, None)]


def test_the_token_goes_with_every_request(submit, pipelines_server):
    pipelines_server.token = "eyJhbGciOi.J9-_~+/=="
    submit(pipelines_server.endpoint, token=pipelines_server.token, experiment="new")
    assert len(pipelines_server.runs) == 1


def test_no_token_or_a_wrong_one_is_told_and_not_shown(failure, pipelines_server):
    pipelines_server.token = "right"
    said = "(Failed to authorize: no user identity header)"
    assert failure() == f"wants to know who asks {said}; set KFP_TOKEN to a bearer token"
    message = failure(token="secret")
    assert message.startswith(f"does not accept the token of KFP_TOKEN {said}; it may have expired")
    assert "secret" not in message


def test_a_token_without_the_right_is_told_so(failure, pipelines_server):
    pipelines_server.scripted[NEW_RUN] = (403, {}, "RBAC: access denied")
    message = "the token of KFP_TOKEN does not allow this (HTTP status 403 Forbidden)"
    assert failure(token="t") == message
    assert failure().endswith("; set KFP_TOKEN to a bearer token")


@pytest.mark.parametrize("token", ["Bearer abc", "a\nb", "ü", "'abc'", "a=b"])
def test_what_is_no_token_is_refused_without_showing_it(token):
    with pytest.raises(UsageError) as caught:
        PipelinesClient("http://127.0.0.1", token=token)
    assert str(caught.value).startswith("KFP_TOKEN: is no bearer token; set it to the token alone")
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "localhost",
        "localhost:8080",
        "ftp://host",
        "http://",
        "http://:80",
        "http://host:port",
        "http://host:99999",
        "http://[::1",
        "http://user:secret@host",
        "http://host/?a=b",
        "http://host/#/runs",
        "http://ho st",
        "http://host\n",
    ],
)
def test_what_is_no_endpoint_is_refused_in_one_line(endpoint):
    with pytest.raises(UsageError) as caught:
        PipelinesClient(endpoint)
    assert "is no URL of Kubeflow Pipelines; write http(s)://HOST[:PORT][/PATH]" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


@given(st.text() | st.text().map("http://{}".format))
def test_any_endpoint_is_taken_or_refused(text):
    try:
        with PipelinesClient(text):
            pass
    except UsageError:
        pass


def test_a_port_where_nobody_listens(failure):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        message = failure(f"http://127.0.0.1:{free.getsockname()[1]}")
    assert message.startswith("no server answers here ([Errno 111] Connection refused)")


def test_a_host_that_does_not_exist(failure):
    assert failure("http://nowhere.invalid").startswith("no server answers here ([Errno -")


def test_a_proxy_that_nobody_can_use(submit, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy:1")
    with pytest.raises(UsageError, match="the proxy that the environment names cannot be used"):
        submit("http://example.invalid")


def test_a_server_that_is_slow_to_tell_what_it_is(failure, pipelines_server):
    pipelines_server.slow[HEALTH] = 1
    assert failure(timeout=0.1) == "no answer within 0.1 seconds"


def test_after_a_slow_answer_the_run_is_not_submitted_again(failure, pipelines_server):
    pipelines_server.slow[NEW_RUN] = 1
    message = failure(timeout=0.2)
    assert message == (
        "no answer within 0.2 seconds; the run may have been created all the same: look at "
        f"{pipelines_server.endpoint}/#/runs before you submit it again"
    )
    assert len(pipelines_server.called(*NEW_RUN)) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((None, {}, ""), "the connection broke (Server disconnected"),
        ((200, HTML, PAGE), "the answer of /pipeline/apis/v2beta1/runs is not in JSON; is this"),
        ((200, {}, '{"run_id": "a'), "the answer of /pipeline/apis/v2beta1/runs is not in JSON"),
        ((200, {}, "[]"), "the answer of /pipeline/apis/v2beta1/runs is not in JSON"),
        ((200, {}, "{}"), "the answer has no run_id"),
        ((200, {}, '{"run_id": 3}'), "the answer has no run_id"),
        ((500, HTML, PAGE), "the answer of /pipeline/apis/v2beta1/runs is HTTP status 500 Int"),
        ((504, {}, "ECONNRESET"), "the API server does not answer (HTTP status 504 Gateway Time"),
        ((503, {}, '{"message": "no upstream"}'), "the API server does not answer (no upstream)"),
    ],
)
def test_what_may_have_created_a_run_says_so(failure, pipelines_server, answer, message):
    pipelines_server.scripted[NEW_RUN] = answer
    found = failure()
    assert found.startswith(message)
    assert "; the run may have been created all the same: look at " in found
    assert len(pipelines_server.called(*NEW_RUN)) == 1


def status(message, code=3, **more) -> str:
    return json.dumps({"code": code, "message": message, **more})


@pytest.mark.parametrize(
    ("code", "body", "message"),
    [
        (400, status("Invalid input error:\n  the\tname"), "Invalid input error: the name"),
        (400, json.dumps({"error": "old style", "code": 3}), "old style"),
        (400, status("", details=[3, {"@type": "x", "message": "inner"}]), "inner"),
        (500, status("InternalServerError: no resolver", 13), "InternalServerError: no resolver"),
        (404, status("Experiment a not found", 5), "Experiment a not found"),
    ],
)
def test_the_servers_own_message_is_shown(failure, pipelines_server, code, body, message):
    pipelines_server.scripted[NEW_RUN] = (code, {}, body)
    assert failure() == f"the server refuses: {message}"


def test_the_server_has_the_last_word_on_parameters(failure):
    message = failure(values={"input": "a", "epoch": 3})
    assert message == (
        "the server refuses: parameter(s) provided are not required by pipeline: epoch"
    )


def test_a_message_of_any_length_is_cut(failure, pipelines_server):
    pipelines_server.scripted[NEW_RUN] = (400, {}, status("too long " * 1000))
    assert len(failure()) < 1100


@pytest.mark.parametrize("body", ['{"message": 3, "details": 3}', "[]", "", "\xff", "[" * 100_000])
def test_a_refusal_without_a_message_names_the_status(failure, pipelines_server, body):
    pipelines_server.scripted[EXPERIMENTS] = (400, {}, body)
    message = failure(experiment="a")
    assert message.startswith(
        "the answer of /pipeline/apis/v2beta1/experiments is HTTP status 400 Bad Request; is this"
    )
    assert "may have been created" not in message


@pytest.mark.parametrize("body", ['{"experiments": [{}]}', '{"experiments": [3]}'])
def test_an_experiment_without_an_id_is_no_answer(failure, pipelines_server, body):
    pipelines_server.scripted[EXPERIMENTS] = (200, {}, body)
    assert failure(experiment="a") == "the answer has no experiment_id"


@pytest.mark.parametrize(
    ("answer", "found"),
    [((200, HTML, PAGE), "a web page"), ((404, HTML, PAGE), "HTTP status 404 Not Found")],
)
def test_another_web_server_is_told_apart(failure, pipelines_server, answer, found):
    pipelines_server.scripted[HEALTH] = answer
    assert failure() == (
        f"the API of Kubeflow Pipelines is not here (the answer is {found}); "
        "give the URL of its UI, which often ends in /pipeline"
    )


def test_the_first_version_of_kubeflow_pipelines_is_told_apart(failure, pipelines_server):
    pipelines_server.scripted[HEALTH] = (404, {}, status("Not Found", 5, error="Not Found"))
    pipelines_server.scripted["GET", "/apis/v1beta1/healthz"] = (200, {}, '{"multi_user": false}')
    assert failure().startswith("this is Kubeflow Pipelines v1, without the API v2beta1")


def test_a_ui_whose_api_server_is_starting(failure, pipelines_server):
    pipelines_server.scripted[HEALTH] = (200, {}, '{"apiServerReady": false}')
    assert failure() == "the API server is down or starting; try again later"


@pytest.mark.parametrize(
    "location", ["https://dex.example/auth?rd=/pipeline/apis/v2beta1/healthz", "/oauth2/start", ""]
)
def test_a_login_page_asks_for_a_token(failure, pipelines_server, location):
    pipelines_server.scripted[HEALTH] = (302, {"Location": location}, "")
    assert " to log in; set KFP_TOKEN to a bearer token" in failure()
    assert "does not accept the token of KFP_TOKEN and sends to " in failure(token="t")
    assert not pipelines_server.runs


def test_the_page_to_log_in_is_shown_without_its_query(failure, pipelines_server):
    pipelines_server.scripted[HEALTH] = (302, {"Location": "https://dex.example/auth?state=x"}, "")
    assert failure().startswith("sends to https://dex.example/auth to log in")


def test_an_endpoint_that_has_moved_is_named(failure, pipelines_server):
    moved = {"Location": "https://kfp.example/pipeline/apis/v2beta1/healthz"}
    pipelines_server.scripted[HEALTH] = (308, moved, "")
    assert failure(token="t") == "has moved; give https://kfp.example/pipeline"


def test_a_login_page_only_for_the_run_does_not_create_it_elsewhere(failure, pipelines_server):
    pipelines_server.scripted[NEW_RUN] = (302, {"Location": "/login"}, "")
    assert failure().startswith("sends to http://127.0.0.1")


@pytest.fixture
def https_endpoint(certificate, monkeypatch):
    """URL of an HTTPS server that knows nothing of Kubeflow Pipelines."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate["certificate"], certificate["key"])
    handler = type("Handler", (http.server.BaseHTTPRequestHandler,), {"log_message": print})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *arguments: None
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_certificate_must_be_trusted(failure, https_endpoint, certificate, monkeypatch):
    message = failure(https_endpoint)
    assert message.startswith("its certificate is not trusted ([SSL: CERTIFICATE_VERIFY_FAILED]")
    assert message.endswith("set SSL_CERT_FILE to a file with the certificates of its authority")
    monkeypatch.setenv("SSL_CERT_FILE", certificate["certificate"])
    assert "HTTP status 501" in failure(https_endpoint)


def test_http_and_https_are_told_apart(failure, https_endpoint, pipelines_server):
    message = failure(pipelines_server.endpoint.replace("http:", "https:"))
    assert message.startswith("no encrypted connection ([SSL")
    assert message.endswith("does the URL start with http://?")
    assert failure(https_endpoint.replace("https:", "http:")).endswith("does it want https://?")
