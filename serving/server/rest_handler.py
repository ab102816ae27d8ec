"""What the REST API answers to which path, apart from the HTTP around it."""

from __future__ import annotations

import dataclasses
import math
import re
import urllib.parse
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ..status import invalid
from .core import ServerCore
from .inference import classify, metadata, predict, regress
from .json_document import parse, read_signature_name
from .json_examples import read_examples
from .json_rendering import (
    render_classification,
    render_metadata,
    render_outputs,
    render_predictions,
    render_regression,
    render_status,
)
from .json_tensors import read_inputs
from .requests import classify_exchange, predict_exchange, regress_exchange
from .servable import DEFAULT_SIGNATURE, Servable

_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PATHS = {
    "POST": re.compile(
        rf"/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<verb>classify|regress|predict)",
        re.IGNORECASE | re.ASCII,
    ),
    "GET": re.compile(
        rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<verb>metadata))?",
        re.IGNORECASE | re.ASCII,
    ),
}
_INFERENCE = ("predict", "classify", "regress")


@dataclasses.dataclass(frozen=True)
class Target:
    """What the method and the path of a request ask for.

    Attributes:
        method: "POST" and "GET" are known.
        uri: Path and query, as they came.
        name: Name of the model; empty if there is none.
        version: Digits, or empty.
        label: Of a version, or empty.
        verb: What comes after the model: "predict", "classify", "regress", "metadata", or
            empty.
        known: Whether the path is one of the API's.

    Example:
        >>> Target.parse("POST", "/v1/models/reviews/versions/3:predict").version
        '3'
    """

    method: str
    uri: str
    name: str = ""
    version: str = ""
    label: str = ""
    verb: str = ""
    known: bool = False

    @classmethod
    def parse(cls, method: str, uri: str) -> Target:
        """Takes a path apart; one that is not understood has nothing but itself."""
        match = _PATHS[method].fullmatch(uri) if method in _PATHS else None
        if match is None:
            return cls(method, uri)
        parts = {key: urllib.parse.unquote(part or "") for key, part in match.groupdict().items()}
        # Upper case passes the pattern, but no verb has it.
        known = method == "GET" or parts["verb"] in _INFERENCE
        return cls(method, uri, **parts, known=known)

    @property
    def is_inference(self) -> bool:
        """Whether a model shall answer, and not the server."""
        return self.known and self.method == "POST"

    @property
    def number(self) -> int | None:
        """The version as a number, if there is one."""
        # Python refuses to convert thousands of digits, even if they are zeros.
        return int(self.version.lstrip("0") or 0) if self.version else None

    def check(self) -> None:
        """Makes sure that the path is one of the API's.

        Raises:
            ServingError: It is not, or the version is beyond 64 bits (INVALID_ARGUMENT).
        """
        if not self.known:
            raise invalid(f"Malformed request: {self.method} {self.uri}")
        if len(self.version.lstrip("0")) > 19 or (self.number or 0) >= 2**63:
            raise invalid(f"Failed to convert version: {self.version} to numeric.")

    def lease(self, core: ServerCore) -> AbstractContextManager[Servable]:
        """Keeps the version that is meant loaded; see `ServerCore.model`."""
        return core.model(self.name, self.number, self.label or None)


def infer(
    core: ServerCore,
    target: Target,
    body: bytes,
    timeout: float | None,
    most_bytes: float = math.inf,
) -> bytes:
    """Answers `:predict`, `:classify` and `:regress`.

    What is checked first is what TensorFlow Serving checks first: the document, then the
    examples of the last two, then model, signature and inputs.

    Args:
        core: The models.
        target: Has passed its `check`.
        body: JSON.
        timeout: Seconds after which to give up, or None.
        most_bytes: What the context of examples may grow to when each example has it.

    Returns:
        The body of the answer.

    Raises:
        ServingError: With the code and message for the client.
    """
    document = parse(body)
    signature_name = read_signature_name(document)
    if target.verb == "predict":
        return _predict(core, target, document, signature_name, timeout)
    operations: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., bytes]]] = {
        "classify": (classify, classify_exchange, render_classification),
        "regress": (regress, regress_exchange, render_regression),
    }
    ask, exchange, to_json = operations[target.verb]
    examples = read_examples(document, most_bytes)
    with target.lease(core) as servable:
        answer = ask(servable, signature_name, examples, timeout)
    core.log_request(lambda: exchange(servable, signature_name, examples, answer))
    return to_json(answer)


def inform(core: ServerCore, target: Target) -> bytes:
    """Answers what is asked about a model: the states of its versions, or its signatures.

    Args:
        core: The models.
        target: Has passed its `check`.

    Returns:
        The body of the answer.

    Raises:
        ServingError: There is no such model or version.
    """
    if not target.name:
        raise invalid("Missing model name in request.")
    if target.verb != "metadata":
        return render_status(core.status(target.name, target.number))
    with target.lease(core) as servable:
        return render_metadata(metadata(servable))


def _predict(
    core: ServerCore, target: Target, document: dict, signature_name: str, timeout: float | None
) -> bytes:
    with target.lease(core) as servable:
        name = signature_name or DEFAULT_SIGNATURE
        signature = servable.signatures.get(name)
        if signature is None:
            raise invalid(f'Serving signature name: "{name}" not found in signature def')
        types = {alias: info.dtype for alias, info in signature.inputs.items()}
        inputs, in_rows = read_inputs(document, types, signature_name)
        outputs = predict(servable, name, inputs, list(signature.outputs), timeout)
    core.log_request(lambda: predict_exchange(servable, name, inputs, outputs))
    return render_predictions(outputs) if in_rows else render_outputs(outputs)
