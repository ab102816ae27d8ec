"""The server as a whole: models, ports, start and stop."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator

import grpc
import tensorflow as tf
import uvicorn
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

from ...errors import RunError, UsageError
from ..config_protos import BatchingParameters, MonitoringConfig
from ..status import ServingError
from .batching import BatchingSettings, BatchScheduler
from .core import ServerCore
from .descriptors import service_names
from .draining import RestServer, Workers
from .grpc_services import ModelService, PredictionService
from .http_protocol import Connections, HttpProtocol
from .limits import HttpLimits, connections_allowed
from .manager import LoadPolicy, ModelManager
from .metrics import Metrics
from .request_log import RequestLog
from .rest import RestApp
from .servable import Servable
from .settings import ServerSettings
from .tensors import to_content_proto, to_typed_proto
from .text_files import parse_text_file
from .tls import server_credentials
from .warmup import warm_up

_LOG = logging.getLogger("reviewlens.serve")
# Longer than HTTP clients keep idle connections, so that none is cut off asking. Those of gRPC
# connect again by themselves, and lose no request.
_IDLE_SECONDS = 75
_GRPC_IDLE_SECONDS = 300
_GRPC_HANDSHAKE_SECONDS = 20
_PROMETHEUS_PATH = "/monitoring/prometheus/metrics"
_MODEL_BATCHING_FILE = "batching_params.pbtxt"


class Server:
    """Serves SavedModels over REST and gRPC, as tensorflow_model_server does.

    Use it as a context manager: entering loads the models and opens the ports; leaving answers
    every request that was accepted, for `shutdown_grace_seconds`, and refuses others.

    Args:
        settings: The flags.

    Attributes:
        core: The models that are served.

    Raises:
        UsageError: Flags that contradict each other.
        RunError: A file of the flags cannot be read, a port is taken, or a model cannot be
            loaded; raised on entering.

    Example:
        >>> settings = ServerSettings(
        ...     model_name="reviews", model_base_path="/models/reviews", rest_api_port=8501
        ... )
        >>> with Server(settings):
        ...     predictions = Client("localhost:8501", model="reviews").predict(["Great!"])
    """

    def __init__(self, settings: ServerSettings):
        settings.check()
        self.settings = settings
        self.core: ServerCore
        self._stack = contextlib.ExitStack()
        self._stopping = threading.Event()
        self._metrics = Metrics()
        self._scheduler: BatchScheduler | None = None

    def __enter__(self) -> Server:
        with contextlib.ExitStack() as stack:
            try:
                self._start(stack)
            except ServingError as error:
                raise RunError(
                    f"Failed to start server. Error: {error.code.name}: {error.message}"
                ) from None
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception) -> None:
        self._stopping.set()
        self._stack.close()

    def _start(self, stack: contextlib.ExitStack) -> None:
        settings = self.settings
        # What can be told at once is, before minutes go by with models.
        credentials = server_credentials(settings.ssl_config_file)
        prometheus_path = _prometheus_path(settings)
        rest_socket = stack.enter_context(_listen(settings.host, settings.rest_api_port))
        self._session_config = _session_config(settings)
        if settings.enable_batching:
            self._scheduler = BatchScheduler(
                _batching_settings(settings.batching_parameters_file), self._metrics
            )
            stack.callback(self._scheduler.close)
        request_log = None
        if settings.request_log:
            request_log = stack.enter_context(
                RequestLog(settings.request_log, sampling_rate=settings.request_log_sampling_rate)
            )
        policy = LoadPolicy(
            settings.file_system_poll_wait_seconds,
            settings.num_load_threads,
            settings.max_num_load_retries,
            settings.load_retry_interval_micros,
        )
        manager = stack.enter_context(ModelManager(self._load, policy))
        self.core = ServerCore(
            manager,
            self._metrics,
            allow_labels_for_unavailable=settings.allow_version_labels_for_unavailable_models,
            request_log=request_log,
        )
        config = self._model_server_config()
        if config.WhichOneof("config") is None:
            _LOG.warning("%s is empty: there is no model to serve", settings.model_config_file)
        self.core.reload(config)
        # Closed after the gRPC server, but told to stop before it: both use the same time.
        ending = stack.enter_context(contextlib.ExitStack())
        if settings.model_config_file and settings.model_config_file_poll_wait_seconds > 0:
            stack.enter_context(_thread("config", self._poll_config, self._stopping.set))
        if settings.port or settings.grpc_socket_path:
            stack.enter_context(self._serve_grpc(credentials))
        if rest_socket is not None:
            stop = ending.enter_context(self._serve_rest(rest_socket, prometheus_path))
            stack.callback(stop)
        stack.callback(manager.stop_waiting)

    def _load(self, name: str, version: int, directory: str) -> Servable:
        settings = self.settings
        batching = None
        if self._scheduler is not None:
            batching = self._scheduler.settings
            if settings.enable_per_model_batching_parameters:
                file = os.path.join(directory, _MODEL_BATCHING_FILE)
                batching = _batching_settings(file) if tf.io.gfile.exists(file) else None
        servable = Servable(
            name,
            version,
            directory,
            self._metrics,
            tags=settings.saved_model_tags.split(","),
            session_config=self._session_config,
            scheduler=self._scheduler,
            batching=batching,
        )
        if settings.enable_model_warmup:
            try:
                warm_up(servable, settings.num_request_iterations_for_warmup or 1)
            except BaseException:
                servable.close()
                raise
        return servable

    def _model_server_config(self) -> model_server_config_pb2.ModelServerConfig:
        settings = self.settings
        if settings.model_config_file:
            return parse_text_file(
                settings.model_config_file, model_server_config_pb2.ModelServerConfig
            )
        config = model_server_config_pb2.ModelServerConfig()
        path = settings.model_base_path
        if "://" not in path:
            path = os.path.abspath(path)
        config.model_config_list.config.add(
            name=settings.model_name, base_path=path, model_platform="tensorflow"
        )
        return config

    def _poll_config(self) -> None:
        """Reads the configuration again and again; says once what is wrong with it."""
        path = self.settings.model_config_file
        said = ""
        while not self._stopping.wait(self.settings.model_config_file_poll_wait_seconds):
            wrong = ""
            try:
                self.core.configure(self._model_server_config())
            except ServingError as error:
                wrong = error.message
            except Exception as error:
                # A server that no longer reads its configuration would be worse.
                wrong = f"{type(error).__name__}: {error}"
            if wrong and wrong != said:
                told = wrong if path in wrong else f"{path}: {wrong}"
                _LOG.warning("%s; what was served stays", told)
            said = wrong

    @contextlib.contextmanager
    def _serve_grpc(self, credentials: grpc.ServerCredentials | None) -> Iterator[None]:
        settings = self.settings
        workers = Workers(settings.grpc_max_threads)
        server = grpc.server(workers, options=_channel_options(settings))
        to_proto = (
            to_content_proto if settings.enable_serialization_as_tensor_content else to_typed_proto
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(self.core, settings.max_request_bytes, to_proto), server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(self.core, settings.model_config_reload_wait_seconds), server
        )
        names = [*service_names(), reflection.SERVICE_NAME]
        healthy = health.HealthServicer()
        if settings.enable_grpc_healthcheck_service:
            for name in ("", "ModelService", "PredictionService"):
                healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
            health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
            names.append(health.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        addresses = []
        if settings.port:
            addresses.append(f"{settings.host}:{settings.port}")
        if settings.grpc_socket_path:
            addresses.append(f"unix:{settings.grpc_socket_path}")
        for address in addresses:
            try:
                if credentials is None:
                    server.add_insecure_port(address)
                else:
                    server.add_secure_port(address, credentials)
            except RuntimeError as error:
                reason = _why_not(address) or str(error)
                raise RunError(f"cannot listen on {address} for gRPC: {reason}") from None
        server.start()
        _LOG.info("Running gRPC ModelServer at %s ...", ", ".join(addresses))
        try:
            yield
        finally:
            healthy.enter_graceful_shutdown()
            workers.close(lambda: server.stop(settings.shutdown_grace_seconds)).wait()

    @contextlib.contextmanager
    def _serve_rest(
        self, listener: socket.socket, prometheus_path: str | None
    ) -> Iterator[Callable[[], None]]:
        """Gives what begins the end, which leaving waits for."""
        settings = self.settings
        app = RestApp(
            self.core,
            timeout=settings.rest_api_timeout_in_ms / 1000,
            threads=settings.rest_api_num_threads,
            cors=settings.rest_api_enable_cors_support,
            prometheus_path=prometheus_path,
            max_request_bytes=settings.max_request_bytes,
        )
        limits = HttpLimits(
            settings.rest_api_max_connections or connections_allowed(),
            settings.rest_api_max_header_bytes,
            settings.rest_api_read_timeout_in_ms / 1000,
            _IDLE_SECONDS,
        )
        door = listener.dup()
        server = RestServer(
            uvicorn.Config(
                app,
                # Uvicorn makes a protocol by calling whatever this is.
                http=functools.partial(HttpProtocol, Connections(limits)),  # type: ignore[arg-type]
                ws="none",
                loop="uvloop",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=settings.shutdown_grace_seconds,
            ),
            door,
        )

        def stop() -> None:
            server.should_exit = True

        with (
            door,
            contextlib.closing(app),
            _thread("rest", lambda: server.run(sockets=[listener]), stop),
        ):
            address = listener.getsockname()
            _LOG.info("Exporting HTTP/REST API at: http://%s:%d ...", *address[:2])
            yield stop


def _prometheus_path(settings: ServerSettings) -> str | None:
    if not settings.monitoring_config_file:
        return None
    config = parse_text_file(settings.monitoring_config_file, MonitoringConfig).prometheus_config
    return (config.path or _PROMETHEUS_PATH) if config.enable else None


def _batching_settings(file: str) -> BatchingSettings:
    if not file:
        return BatchingSettings()
    parameters = parse_text_file(file, BatchingParameters)
    given = {
        field.name: value.value if field.message_type else value
        for field, value in parameters.ListFields()
        if field.name not in ("thread_pool_name", "allowed_batch_sizes")
    }
    return BatchingSettings(**given, allowed_batch_sizes=tuple(parameters.allowed_batch_sizes))


def _session_config(settings: ServerSettings) -> tf.compat.v1.ConfigProto:
    config = tf.compat.v1.ConfigProto()
    if settings.tensorflow_session_config_file:
        path = settings.tensorflow_session_config_file
        config = parse_text_file(path, tf.compat.v1.ConfigProto)
    both = settings.tensorflow_session_parallelism
    if intra := both or settings.tensorflow_intra_op_parallelism:
        config.intra_op_parallelism_threads = intra
    if inter := both or settings.tensorflow_inter_op_parallelism:
        config.inter_op_parallelism_threads = inter
    return config


def _channel_options(settings: ServerSettings) -> list[tuple[str, int | str]]:
    connections = settings.grpc_max_connections or connections_allowed()
    listeners = bool(settings.port) + bool(settings.grpc_socket_path)
    options: dict[str, int | str] = {
        "grpc.max_receive_message_length": settings.max_request_bytes,
        "grpc.max_send_message_length": -1,
        # A port that is taken is an error, not a second owner.
        "grpc.so_reuseport": 0,
        "grpc.max_allowed_incoming_connections": max(connections // listeners, 1),
        "grpc.max_connection_idle_ms": _GRPC_IDLE_SECONDS * 1000,
        "grpc.server_handshake_timeout_ms": _GRPC_HANDSHAKE_SECONDS * 1000,
    }
    for pair in filter(None, settings.grpc_channel_arguments.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"serve: --grpc_channel_arguments: {pair!r} is not key=value")
        options[key] = int(value) if value.lstrip("-").isdecimal() else value
    return list(options.items())


def _why_not(address: str) -> str | None:
    """Why nobody can listen there, which gRPC does not tell; None if somebody can."""
    try:
        if address.startswith("unix:"):
            path = address.removeprefix("unix:")
            with socket.socket(socket.AF_UNIX) as probe:
                probe.bind(path)
            os.unlink(path)
        else:
            host, _, port = address.rpartition(":")
            _bind(host, int(port)).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


@contextlib.contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket | None]:
    """Takes a port before the models are loaded, so that a wrong one is known at once."""
    if not port:
        yield None
        return
    try:
        listener = _bind(host, port)
    except OSError as error:
        raise RunError(f"cannot listen on {host}:{port} for HTTP: {error.strerror}") from None
    with listener:
        yield listener


def _bind(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=1024)


@contextlib.contextmanager
def _thread(name: str, work, stop) -> Iterator[None]:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()
