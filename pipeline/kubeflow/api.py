"""The REST API of Kubeflow Pipelines v2, as far as submitting a run goes.

It follows `run.proto`, `experiment.proto`, `filter.proto` and `healthz.proto` of
https://github.com/kubeflow/pipelines/tree/master/backend/api/v2beta1. The client of
Kubeflow itself, `kfp`, cannot be installed beside TFX 1.16.
"""

from __future__ import annotations

import dataclasses
import json
import re
import ssl
import textwrap
import urllib.parse
from collections.abc import Mapping
from typing import Any

import httpx

from ...errors import RunError, UsageError
from .compiled import CompiledPipeline

TOKEN_VARIABLE = "KFP_TOKEN"

_API = "/apis/v2beta1"
_HEALTH = f"{_API}/healthz"
_HEALTH_OF_V1 = "/apis/v1beta1/healthz"
_EXPERIMENTS = f"{_API}/experiments"
_RUNS = f"{_API}/runs"

# What Kubeflow's own client takes where there is a namespace and no experiment.
_DEFAULT_EXPERIMENT = "Default"

_LONGEST_MESSAGE = 1000

# After these nothing has been sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


@dataclasses.dataclass(frozen=True)
class SubmittedRun:
    """A run that the server has created.

    Attributes:
        id: Its ID there.
        link: Address of its page in the UI.
    """

    id: str
    link: str


class PipelinesClient:
    """Submits runs to one installation of Kubeflow Pipelines; a context manager.

    Args:
        endpoint: URL of the UI, whose server passes calls on to the API:
            `http(s)://HOST[:PORT][/PATH]`.
        token: Bearer token that goes with every request, or None.
        timeout: Seconds to wait for a connection and for each part of an answer.

    Raises:
        UsageError: The endpoint is no such URL.
        UsageError: The token holds what no bearer token does.
        UsageError: The environment names a proxy that cannot be used.

    Example:
        >>> with PipelinesClient("http://localhost:8080") as client:
        ...     client.create_run(load_compiled("pipeline.yaml"), {"epochs": 3}, name="first")
        SubmittedRun(id='0f1e…', link='http://localhost:8080/#/runs/details/0f1e…')
    """

    def __init__(self, endpoint: str, *, token: str | None = None, timeout: float = 60.0):
        self._endpoint = _checked_endpoint(endpoint)
        self._token = token
        self._timeout = timeout
        headers = {"Accept": "application/json"}
        if token:
            # The pattern of RFC 6750. What does not follow it is not shown: it may be a secret.
            if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token):
                raise UsageError(
                    f"{TOKEN_VARIABLE}: is no bearer token; "
                    "set it to the token alone, without `Bearer`, quotes and line breaks"
                )
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._http = httpx.Client(
                headers=headers, timeout=timeout, verify=ssl.create_default_context()
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise UsageError(
                f"the proxy that the environment names cannot be used: {error}; "
                "see HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"
            ) from None

    def __enter__(self) -> PipelinesClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()

    def create_run(
        self,
        pipeline: CompiledPipeline,
        parameters: Mapping[str, Any],
        *,
        name: str,
        experiment: str | None = None,
        namespace: str | None = None,
    ) -> SubmittedRun:
        """Creates a run, which starts at once.

        No request is sent twice: whether a run was created by one that broke off is unknown.

        Args:
            pipeline: What is run.
            parameters: Values of the pipeline's parameters, as `CompiledPipeline.values` gives.
            name: What the UI calls the run.
            experiment: Name of the experiment that the run joins, created if there is none.
                Without it the run joins the server's default experiment; in a namespace,
                the one that is called `Default`.
            namespace: Namespace of the experiment, for installations with several users.

        Returns:
            The run.

        Raises:
            UsageError: The installation has several users and no namespace is given.
            RunError: The endpoint cannot be reached, or is not trusted.
            RunError: The endpoint is not the API of Kubeflow Pipelines v2.
            RunError: The server wants a token or another one.
            RunError: The server refuses the request; the message is its own.
            RunError: The answer did not come; the message says if a run may exist.
        """
        if self._has_several_users() and not namespace:
            raise UsageError(
                f"{self._endpoint}: this installation has several users, "
                "each with a namespace; give yours with --namespace"
            )
        if namespace and not experiment:
            experiment = _DEFAULT_EXPERIMENT
        spec = pipeline.spec
        if pipeline.platform_spec:
            spec = {"pipeline_spec": spec, "platform_spec": pipeline.platform_spec}
        run = {
            "display_name": name,
            "pipeline_spec": spec,
            "runtime_config": {"parameters": dict(parameters)},
        }
        if experiment:
            run["experiment_id"] = self._experiment_id(experiment, namespace)
        try:
            created = self._content(self._send("POST", _RUNS, run))
            run_id = self._text(created, "run_id")
        except _NoAnswer as error:
            raise RunError(
                f"{error}; the run may have been created all the same: look at "
                f"{self._endpoint}/#/runs before you submit it again"
            ) from None
        return SubmittedRun(run_id, f"{self._endpoint}/#/runs/details/{run_id}")

    def _has_several_users(self) -> bool:
        """Makes sure that this is the API, by the request that changes nothing and needs least."""
        answer = self._send("GET", _HEALTH)
        if answer.status_code == httpx.codes.NOT_FOUND or _is_foreign(answer):
            answer_of_v1 = self._send("GET", _HEALTH_OF_V1)
            if answer_of_v1.is_success and not _is_foreign(answer_of_v1):
                raise RunError(
                    f"{self._endpoint}: this is Kubeflow Pipelines v1, without the API v2beta1; "
                    "compiled pipelines need version 2.0 or later"
                )
            found = "a web page" if answer.is_success else _status(answer)
            raise RunError(
                f"{self._endpoint}: the API of Kubeflow Pipelines is not here (the answer is "
                f"{found}); give the URL of its UI, which often ends in /pipeline"
            )
        health = self._content(answer)
        # The server of the UI answers by itself and says what it knows of the API's.
        if health.get("apiServerReady") is False:
            raise RunError(f"{self._endpoint}: the API server is down or starting; try again later")
        return health.get("multi_user") is True

    def _experiment_id(self, name: str, namespace: str | None) -> str:
        found = self._find_experiment(name, namespace)
        if found is not None:
            return found
        experiment = {"display_name": name}
        if namespace:
            experiment["namespace"] = namespace
        answer = self._send("POST", _EXPERIMENTS, experiment)
        if answer.status_code == httpx.codes.CONFLICT:
            # Somebody has created it since.
            found = self._find_experiment(name, namespace)
            if found is not None:
                return found
        return self._text(self._content(answer), "experiment_id")

    def _find_experiment(self, name: str, namespace: str | None) -> str | None:
        predicate = {"operation": "EQUALS", "key": "display_name", "string_value": name}
        # The server decodes this value once more than HTTP does.
        wanted = urllib.parse.quote(json.dumps({"predicates": [predicate]}))
        query = {"filter": wanted}
        if namespace:
            query["namespace"] = namespace
        found = self._content(self._send("GET", _EXPERIMENTS, query=query)).get("experiments")
        return self._text(found[0], "experiment_id") if isinstance(found, list) and found else None

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Sends one request, once; the answer is any but a redirect."""
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        url = self._endpoint + path
        try:
            answer = self._http.request(method, url, content=content, headers=headers, params=query)
        except _NOT_SENT as error:
            raise RunError(f"{self._endpoint}: {self._why_not_reached(error)}") from None
        except httpx.TimeoutException:
            raise _NoAnswer(
                f"{self._endpoint}: no answer within {self._timeout:g} seconds"
            ) from None
        except httpx.RequestError as error:
            hint = "" if url.startswith("https:") else "; does it want https://?"
            raise _NoAnswer(
                f"{self._endpoint}: the connection broke ({error or type(error).__name__}){hint}"
            ) from None
        if answer.has_redirect_location:
            raise RunError(f"{self._endpoint}: {self._why_redirected(answer, path)}")
        return answer

    def _content(self, answer: httpx.Response) -> dict[str, Any]:
        """The JSON object in an answer that means success."""
        content = _json(answer)
        if answer.is_success and content is not None:
            return content
        message = _api_message(content)
        match answer.status_code:
            case 401 | 403:
                raise RunError(f"{self._endpoint}: {self._about_token(answer, message)}")
            case 502 | 503 | 504:
                raise _NoAnswer(
                    f"{self._endpoint}: the API server does not answer "
                    f"({message or _status(answer)}); try again later"
                )
            case _ if message:
                raise RunError(f"{self._endpoint}: the server refuses: {message}")
            case _:
                found = "not in JSON" if answer.is_success else _status(answer)
                raise _NoAnswer(
                    f"{self._endpoint}: the answer of {answer.url.path} is {found}; "
                    "is this the URL of Kubeflow Pipelines?"
                )

    def _text(self, content: Any, key: str) -> str:
        value = content.get(key) if isinstance(content, dict) else None
        if not value or not isinstance(value, str):
            raise _NoAnswer(f"{self._endpoint}: the answer has no {key}")
        return value

    def _why_not_reached(self, error: httpx.TransportError) -> str:
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection within {self._timeout:g} seconds; is the URL right?"
        if isinstance(error, httpx.ProxyError):
            return f"the proxy that the environment names does not let through ({error})"
        if not _is_of_tls(error):
            return f"no server answers here ({error}); is the URL right, does it need a VPN?"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return (
                f"its certificate is not trusted ({error}); "
                "set SSL_CERT_FILE to a file with the certificates of its authority"
            )
        return f"no encrypted connection ({error}); does the URL start with http://?"

    def _why_redirected(self, answer: httpx.Response, path: str) -> str:
        target = answer.url.join(answer.headers["Location"])
        shown = f"{target.scheme}://{target.netloc.decode()}{target.path}"
        moved_to = shown.removesuffix(path)
        if moved_to not in (shown, self._endpoint):
            return f"has moved; give {moved_to}"
        if self._token:
            return (
                f"does not accept the token of {TOKEN_VARIABLE} and sends to {shown} to log in; "
                "it may have expired, or be for something else"
            )
        return f"sends to {shown} to log in; set {TOKEN_VARIABLE} to a bearer token"

    def _about_token(self, answer: httpx.Response, message: str | None) -> str:
        said = message or _status(answer)
        if not self._token:
            return f"wants to know who asks ({said}); set {TOKEN_VARIABLE} to a bearer token"
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return (
                f"does not accept the token of {TOKEN_VARIABLE} ({said}); "
                "it may have expired, or be for something else"
            )
        return f"the token of {TOKEN_VARIABLE} does not allow this ({said})"


class _NoAnswer(RunError):
    """The request was sent; what became of it is not known."""


def _checked_endpoint(endpoint: str) -> str:
    try:
        url = urllib.parse.urlsplit(endpoint)
        # Both raise ValueError too, for a port that is no number and a host that is none.
        if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
            raise ValueError
        if url.username is not None or re.search(r"[?#\s]", endpoint):
            raise ValueError
        httpx.URL(endpoint)
    except (ValueError, httpx.InvalidURL):
        raise UsageError(
            f"{endpoint!r} is no URL of Kubeflow Pipelines; write http(s)://HOST[:PORT][/PATH], "
            "such as http://localhost:8080 or https://kubeflow.example.com/pipeline"
        ) from None
    return endpoint.rstrip("/")


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    """The object in the body, or None where there is none."""
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _is_foreign(answer: httpx.Response) -> bool:
    return answer.is_success and _json(answer) is None


def _api_message(content: dict[str, Any] | None) -> str | None:
    """What a google.rpc.Status says, on one line; servers of 2.0 also call it `error`."""
    content = content or {}
    details = content.get("details")
    details = details if isinstance(details, list) else []
    inner = [each.get("message") for each in details if isinstance(each, dict)]
    for message in (content.get("message"), content.get("error"), *inner):
        if message and isinstance(message, str):
            return textwrap.shorten(message, _LONGEST_MESSAGE, placeholder=" …")
    return None


def _status(answer: httpx.Response) -> str:
    return f"HTTP status {answer.status_code} {answer.reason_phrase}".rstrip()


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
