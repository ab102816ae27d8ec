"""The models of a server: their configuration, labels, status and leases."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping

from google.protobuf.message import Message
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_status_pb2,
    predict_pb2,
    prediction_log_pb2,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from ..status import Code, ServingError, invalid
from .manager import ModelConfig, ModelManager, State
from .metrics import Metrics
from .request_log import RequestLog
from .servable import Servable
from .versions import VersionPolicy, is_absolute

# Field of a PredictionLog that a request belongs in.
_LOGS = {
    predict_pb2.PredictRequest: "predict_log",
    classification_pb2.ClassificationRequest: "classify_log",
    regression_pb2.RegressionRequest: "regress_log",
}


class ServerCore:
    """What requests of either protocol are answered from.

    Args:
        manager: Loads and unloads the models.
        metrics: Where the protocols count their requests.
        allow_labels_for_unavailable: Whether a label that is new may point at a version that
            is not loaded yet.
        request_log: Where sampled requests go, or None.

    Attributes:
        metrics: As given.

    Example:
        >>> with core.model("reviews", label="stable") as servable:
        ...     servable.version
        42
    """

    def __init__(
        self,
        manager: ModelManager,
        metrics: Metrics,
        *,
        allow_labels_for_unavailable: bool = False,
        request_log: RequestLog | None = None,
    ):
        self.metrics = metrics
        self._manager = manager
        self._allow_labels_for_unavailable = allow_labels_for_unavailable
        self._request_log = request_log
        self._configured = False
        self._reloading = threading.Lock()

    def reload(
        self, config: model_server_config_pb2.ModelServerConfig, timeout: float | None = None
    ) -> None:
        """Serves the models of a configuration, and no others once those are available.

        Blocks until the models that are new are available; versions of known ones come later.
        Meanwhile, and when it fails, another configuration may come.

        Args:
            config: As for `configure`.
            timeout: Seconds to wait for the new models, or None for ever.

        Raises:
            ServingError: As `configure`; or the new models are not available, for a reason of
                their own, because time is up, or because a later configuration does without
                them.
        """
        self._manager.wait_until_available(self.configure(config), timeout)

    def configure(self, config: model_server_config_pb2.ModelServerConfig) -> list[str]:
        """Begins to serve the models of a configuration, without waiting for them.

        What it does not name any more is served until all that it does name is available.

        Args:
            config: With a `model_config_list`. The first one may be empty, as TensorFlow
                Serving has it.

        Returns:
            Names of the models that have not been available yet.

        Raises:
            ServingError: The configuration is not sound, in which case nothing changes.
        """
        with self._reloading:
            kind = config.WhichOneof("config")
            if kind == "custom_model_config":
                raise invalid("ModelServer does not yet support custom model config.")
            if kind is None and self._configured:
                raise ServingError(
                    Code.FAILED_PRECONDITION,
                    "Taking no action for empty config; 'model_config_list {}' serves no models",
                )
            listed = config.model_config_list.config
            models = [_model_config(entry) for entry in listed]
            for name in {model.name for model in models}:
                if sum(model.name == name for model in models) > 1:
                    raise invalid(f"Illegal to list model {name} multiple times in config list")
            for model in models:
                self._check_labels(model.name, model.labels)
            self._configured = kind is not None
            return self._manager.serve(models)

    def names(self) -> list[str]:
        """The models that are served, by their names."""
        return self._manager.names()

    @contextlib.contextmanager
    def model(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> Iterator[Servable]:
        """Finds a model for a request and keeps it loaded meanwhile.

        Args:
            name: Name of the model.
            version: Its version, or None.
            label: Label of a version, or None; with neither, the highest version is meant.

        Yields:
            The version.

        Raises:
            ServingError: Unknown label (INVALID_ARGUMENT), or no such model or version
                (NOT_FOUND).
        """
        if label is not None:
            version = self._manager.labels(name).get(label)
            if version is None:
                raise invalid(f"Unrecognized servable version label: {label}")
        with self._manager.lease(name, version) as servable:
            yield servable

    def status(
        self, name: str, version: int | None = None
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """The state of each version of a model, the newest first.

        Args:
            name: Name of the model.
            version: The only version to tell of, or None for all.

        Returns:
            The answer of ModelService.

        Raises:
            ServingError: There never was such a version (NOT_FOUND).
        """
        states = self._manager.states(name)
        chosen = sorted(states, reverse=True) if version is None else {version} & states.keys()
        if not chosen:
            wanted = "any versions" if version is None else f"version {version}"
            raise ServingError(Code.NOT_FOUND, f"Could not find {wanted} of model {name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for number in chosen:
            state, error = states[number]
            status = response.model_version_status.add(version=number, state=state)
            if error is not None:
                status.status.error_code = error.code
                status.status.error_message = error.message
        return response

    def log_request(self, exchange: Callable[[], tuple[Message, Message]]) -> None:
        """Logs a request with its answer if it is drawn.

        Args:
            exchange: Gives the two, a `PredictRequest`, `ClassificationRequest` or
                `RegressionRequest` with its response; called only if they are wanted.
        """
        if self._request_log is not None and self._request_log.sampled():
            request, response = exchange()
            kind = _LOGS[type(request)]
            log = prediction_log_pb2.PredictionLog()
            getattr(log, kind).request.CopyFrom(request)
            getattr(log, kind).response.CopyFrom(response)
            self._request_log.write(log)

    def _check_labels(self, name: str, labels: Mapping[str, int]) -> None:
        states = self._manager.states(name)
        for label, version in labels.items():
            if version in states and states[version][0] == State.AVAILABLE:
                continue
            unchanged = self._manager.labels(name).get(label, version) == version
            if not (self._allow_labels_for_unavailable and unchanged):
                raise ServingError(
                    Code.FAILED_PRECONDITION,
                    f"Request to assign label to version {version} of model {name}, "
                    "which is not currently available for inference",
                )


def _model_config(entry: model_server_config_pb2.ModelConfig) -> ModelConfig:
    if not entry.name:
        raise invalid("Expected every model of the config list to have a name")
    if entry.model_platform not in ("", "tensorflow"):
        raise invalid(
            f"Model {entry.name} has the model_platform {entry.model_platform!r}; "
            "this server knows 'tensorflow' only"
        )
    if not is_absolute(entry.base_path):
        raise invalid(
            f"Expected model {entry.name} to have an absolute path or URI; "
            f"got base_path()={entry.base_path}"
        )
    if entry.HasField("logging_config"):
        raise invalid(
            f"No request-logger-creator provided for model {entry.name}; "
            "--request_log is what logs requests here"
        )
    return ModelConfig(
        entry.name,
        entry.base_path,
        _version_policy(entry.model_version_policy),
        dict(entry.version_labels),
    )


def _version_policy(policy) -> VersionPolicy:
    kind = policy.WhichOneof("policy_choice")
    if kind == "specific":
        return VersionPolicy(latest=0, specific=frozenset(policy.specific.versions))
    if kind == "all":
        return VersionPolicy(latest=0)
    return VersionPolicy(latest=policy.latest.num_versions or 1)
