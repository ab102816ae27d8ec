"""A server that takes runs as the API of Kubeflow Pipelines does, and a pipeline to run."""

from __future__ import annotations

import http.server
import json
import textwrap
import threading
import time
import urllib.parse

import pytest

API = "/apis/v2beta1"

PIPELINE = """\
    # PIPELINE DEFINITION
    components:
      comp-trainer:
        executorLabel: exec-trainer
        inputDefinitions:
          parameters:
            learning_rate: {parameterType: NUMBER_DOUBLE}
      comp-group:
        dag:
          tasks:
            inner: {componentRef: {name: comp-trainer}, cachingOptions: {enableCache: true}}
    deploymentSpec:
      executors:
        exec-trainer:
          container: {image: 'reviewlens:1', args: [--rate, 5e-5, '{{$}}']}
    pipelineInfo: {name: reviews}
    root:
      dag:
        tasks:
          trainer:
            componentRef: {name: comp-trainer}
            cachingOptions: {enableCache: true}
            taskInfo: {name: trainer}
          group: {componentRef: {name: comp-group}, taskInfo: {name: group}}
      inputDefinitions:
        parameters:
          epochs: {parameterType: NUMBER_INTEGER, defaultValue: 2}
          rate: {parameterType: NUMBER_DOUBLE, defaultValue: 0.5}
          note: {parameterType: STRING, isOptional: true}
          freeze: {parameterType: BOOLEAN, defaultValue: false}
          slices: {parameterType: LIST, defaultValue: []}
          classes: {parameterType: STRUCT, defaultValue: {}}
          input: {parameterType: STRING}
    schemaVersion: 2.1.0
    sdkVersion: tfx-1.16.0
    """

PLATFORM = """\
    ---
    platforms:
      kubernetes:
        deploymentSpec:
          executors:
            exec-trainer: {nodeSelector: {labels: {gpu: big}}}
    """


@pytest.fixture
def compiled_file(tmp_path):
    """Writes a compiled pipeline with text replaced; `write(("epochs", "rounds"), platform=True)`.

    Its only parameter without a default is `input`.
    """

    def write(*changes, platform=False) -> str:
        text = textwrap.dedent(PIPELINE) + textwrap.dedent(PLATFORM) * platform
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "pipeline.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


class Refusal(Exception):
    """A google.rpc.Status: the code of HTTP, that of gRPC and a message."""


class PipelinesServer:
    """What the API server of Kubeflow Pipelines 2 does with the requests of a submission.

    Attributes:
        multi_user: Whether every experiment belongs to a namespace.
        token: What a request has to bring, or None.
        requests: Method, path and JSON of every request.
        experiments: Name and namespace, by ID.
        runs: The created runs by ID, as they were sent.
        scripted: Answers `(status, headers, body)` to give instead, by method and path.
        slow: Seconds before an answer, by method and path.
    """

    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.multi_user = False
        self.token = None
        self.requests = []
        self.experiments = {"default-id": ("Default", "")}
        self.runs = {}
        self.scripted = {}
        self.slow = {}

    def answer(self, method, url, headers, body):
        path, _, query = url.partition("?")
        path = "/" + path.removeprefix(urllib.parse.urlsplit(self.endpoint).path).lstrip("/")
        self.requests.append((method, path, body))
        time.sleep(self.slow.get((method, path), 0))
        if (method, path) in self.scripted:
            return self.scripted[method, path]
        try:
            if self.token and headers["Authorization"] != f"Bearer {self.token}":
                raise Refusal(401, 16, "Failed to authorize: no user identity header")
            content = self._route(method, path, dict(urllib.parse.parse_qsl(query)), body)
            status = 200
        except Refusal as refusal:
            status, code, message = refusal.args
            inner = {"@type": "type.googleapis.com/google.rpc.Status", "code": code}
            content = {"code": code, "message": message, "details": [{**inner, "message": message}]}
        return status, {"Content-Type": "application/json"}, json.dumps(content)

    def called(self, method: str, path: str) -> list:
        return [body for *call, body in self.requests if call == [method, path]]

    def _route(self, method, path, query, body):
        match method, path.removeprefix(API):
            case "GET", "/healthz":
                return {"multi_user": True} if self.multi_user else {"commit_sha": "unknown"}
            case "GET", "/experiments":
                return self._list_experiments(query)
            case "POST", "/experiments":
                return self._create_experiment(body)
            case "POST", "/runs":
                return self._create_run(body)
        raise Refusal(404, 5, "Not Found")

    def _list_experiments(self, query):
        # The server decodes the filter, which HTTP has decoded already.
        wanted = json.loads(urllib.parse.unquote_plus(query["filter"]))
        (predicate,) = wanted["predicates"]
        assert (predicate["operation"], predicate["key"]) == ("EQUALS", "display_name")
        named = (predicate["string_value"], self._namespace(query.get("namespace", "")))
        found = [{"experiment_id": key} for key, each in self.experiments.items() if each == named]
        return {"experiments": found, "total_size": len(found)} if found else {}

    def _create_experiment(self, body):
        assert set(body) <= {"display_name", "namespace", "description"}
        named = (body["display_name"], self._namespace(body.get("namespace", "")))
        if named in self.experiments.values():
            raise Refusal(409, 6, f"Already exist error: The name {named[0]} already exists")
        key = f"experiment-{len(self.experiments)}"
        self.experiments[key] = named
        return {"experiment_id": key, "display_name": named[0]}

    def _namespace(self, namespace):
        if not self.multi_user:
            return ""
        if not namespace:
            raise Refusal(400, 3, "An experiment cannot have an empty namespace in multi-user mode")
        return namespace

    def _create_run(self, body):
        unknown = set(body) - {"display_name", "experiment_id", "pipeline_spec", "runtime_config"}
        if unknown:
            raise Refusal(400, 3, f"unknown field {unknown}")
        if not body["display_name"]:
            raise Refusal(400, 3, "The run name is empty. Please specify a valid name")
        experiment = body.get("experiment_id", "" if self.multi_user else "default-id")
        if experiment not in self.experiments:
            raise Refusal(404, 5, f"ResourceNotFoundError: Experiment {experiment} not found")
        self._check_pipeline(body["pipeline_spec"], body["runtime_config"]["parameters"])
        key = f"run-{len(self.runs) + 1}"
        self.runs[key] = {**body, "experiment_id": experiment}
        return {"run_id": key, "display_name": body["display_name"], "state": "PENDING"}

    def _check_pipeline(self, sent, parameters):
        from google.protobuf import json_format
        from kfp.pipeline_spec import pipeline_spec_pb2

        spec = sent.get("pipeline_spec", sent)
        try:
            spec = json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
            json_format.ParseDict(sent.get("platform_spec", {}), pipeline_spec_pb2.PlatformSpec())
        except json_format.ParseError as error:
            raise Refusal(400, 3, f"invalid v2 pipeline spec: {error}") from None
        if spec.schema_version != "2.1.0":
            raise Refusal(400, 3, f"KFP only supports schema version 2.1.0, not {spec}")
        defined = spec.root.input_definitions.parameters
        for name in parameters:
            if name not in defined:
                raise Refusal(400, 3, f"parameter(s) provided are not required by pipeline: {name}")
        for name, parameter in defined.items():
            optional = parameter.is_optional or parameter.HasField("default_value")
            if name not in parameters and not optional:
                raise Refusal(400, 3, f"parameter {name} is not optional, yet has no value")


@pytest.fixture
def pipelines_server(monkeypatch):
    """A `PipelinesServer` that answers at its `endpoint`, under the path /pipeline."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KFP_TOKEN", raising=False)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            status, headers, text = state.answer(self.command, self.path, self.headers, body)
            if status is None:
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = PipelinesServer(f"http://127.0.0.1:{server.server_port}/pipeline")
        server.handle_error = lambda *arguments: None
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield state
        server.shutdown()
