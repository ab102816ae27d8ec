"""The flags of `reviewlens serve`; names, defaults and effects are tensorflow_model_server's."""

from __future__ import annotations

import dataclasses
import os

from ...errors import UsageError

_CPUS = os.cpu_count() or 1


def _flag(default, text: str, *, own: bool = False, idle: bool = False):
    """A flag: `own` marks what tensorflow_model_server lacks, `idle` what does nothing here."""
    return dataclasses.field(default=default, metadata={"help": text, "own": own, "idle": idle})


@dataclasses.dataclass(frozen=True)
class ServerSettings:
    """How to serve; each field is documented by its help text.

    Example:
        >>> ServerSettings(model_name="reviews", model_base_path="/models/reviews").port
        8500
    """

    # What is served.
    model_name: str = _flag("default", "name of the model")
    model_base_path: str = _flag("", "directory that holds numbered version directories")
    model_config_file: str = _flag(
        "", "text file with a ModelServerConfig; instead of --model_name and --model_base_path"
    )
    model_config_file_poll_wait_seconds: int = _flag(
        0, "seconds between two readings of --model_config_file; 0 reads it once"
    )
    model_config_reload_wait_seconds: int = _flag(
        60, "most seconds that a HandleReloadConfigRequest waits for new models", own=True
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "accept new labels of versions that are not loaded yet, as at start-up"
    )
    file_system_poll_wait_seconds: int = _flag(
        1, "seconds between two looks for new versions; 0 looks once, a negative number never"
    )
    saved_model_tags: str = _flag("serve", "tags of the graph to load, separated by commas")
    # Where it is served.
    host: str = _flag("127.0.0.1", "address to listen on; 0.0.0.0 for all", own=True)
    shutdown_grace_seconds: int = _flag(
        10, "seconds that requests under way get to finish when the server stops", own=True
    )
    port: int = _flag(8500, "port for gRPC; 0 for none")
    grpc_socket_path: str = _flag("", "UNIX socket for gRPC, beside --port")
    rest_api_port: int = _flag(0, "port for HTTP; 0 for none")
    rest_api_num_threads: int = _flag(4 * _CPUS, "HTTP requests that are worked on at once")
    rest_api_timeout_in_ms: int = _flag(30_000, "milliseconds a model may take over a request")
    rest_api_enable_cors_support: bool = _flag(False, "let web pages of other origins ask")
    grpc_max_threads: int = _flag(4 * _CPUS, "gRPC requests that are worked on at once")
    grpc_channel_arguments: str = _flag(
        "", "options of the gRPC server, such as grpc.max_connection_age_ms=2000,…"
    )
    enable_grpc_healthcheck_service: bool = _flag(False, "offer grpc.health.v1.Health")
    ssl_config_file: str = _flag("", "text file with an SSLConfig; gRPC then uses TLS")
    max_request_bytes: int = _flag(
        100 * 2**20,
        "largest request, in bytes, also when its body is inflated, when tensors of which only "
        "the first elements were sent are filled up, and when each example has the context",
        own=True,
    )
    rest_api_max_connections: int = _flag(
        0, "HTTP connections at once; 0 for what the limit of open files allows", own=True
    )
    rest_api_max_header_bytes: int = _flag(
        64 * 2**10, "largest request line and headers, in bytes, 32 more for each", own=True
    )
    rest_api_read_timeout_in_ms: int = _flag(
        60_000,
        "milliseconds a client may take over the headers of a request, and without moving 500 "
        "bytes a second of a body or an answer",
        own=True,
    )
    grpc_max_connections: int = _flag(
        0, "gRPC connections at once; 0 for what the limit of open files allows", own=True
    )
    # Batches.
    enable_batching: bool = _flag(False, "run concurrent requests together")
    batching_parameters_file: str = _flag("", "text file with BatchingParameters")
    enable_per_model_batching_parameters: bool = _flag(
        False, "take the parameters from batching_params.pbtxt in each version directory"
    )
    # Loading.
    num_load_threads: int = _flag(0, "versions that are loaded at once; 0 for one")
    max_num_load_retries: int = _flag(5, "how often loading is tried again")
    load_retry_interval_micros: int = _flag(60_000_000, "microseconds before that")
    enable_model_warmup: bool = _flag(True, "send a model its warm-up requests first")
    num_request_iterations_for_warmup: int = _flag(0, "how often to send each; 0 for once")
    # TensorFlow.
    tensorflow_session_parallelism: int = _flag(0, "threads of a session; 0 for automatic")
    tensorflow_intra_op_parallelism: int = _flag(0, "threads of an operation; 0 for automatic")
    tensorflow_inter_op_parallelism: int = _flag(0, "operations at once; 0 for automatic")
    tensorflow_session_config_file: str = _flag("", "text file with a ConfigProto")
    enable_serialization_as_tensor_content: bool = _flag(
        False, "answer gRPC requests with tensor_content, not with fields of a type"
    )
    # Watching.
    monitoring_config_file: str = _flag("", "text file with a MonitoringConfig, for Prometheus")
    request_log: str = _flag("", "directory for sampled requests and answers", own=True)
    request_log_sampling_rate: float = _flag(0.01, "share of requests in it", own=True)
    # Accepted, so that a command line can be taken over as it is.
    enable_signature_method_name_check: bool = _flag(False, "", idle=True)
    num_unload_threads: int = _flag(0, "", idle=True)
    flush_filesystem_caches: bool = _flag(True, "", idle=True)
    remove_unused_fields_from_bundle_metagraph: bool = _flag(True, "", idle=True)
    enable_profiler: bool = _flag(True, "", idle=True)
    platform_config_file: str = _flag("", "", idle=True)
    thread_pool_factory_config_file: str = _flag("", "", idle=True)
    prefer_tflite_model: bool = _flag(False, "", idle=True)
    num_tflite_pools: int = _flag(_CPUS, "", idle=True)
    num_tflite_interpreters_per_pool: int = _flag(1, "", idle=True)
    per_process_gpu_memory_fraction: float = _flag(0.0, "", idle=True)
    use_alts_credentials: bool = _flag(False, "", idle=True)
    mixed_precision: str = _flag("", "", idle=True)
    xla_cpu_compilation_enabled: bool = _flag(False, "", idle=True)
    xla_gpu_compilation_enabled: bool = _flag(False, "", idle=True)
    skip_initialize_tpu: bool = _flag(False, "", idle=True)

    def check(self) -> None:
        """Looks for what can be told without loading anything.

        Raises:
            UsageError: Flags that contradict each other, or name files that are not there.
        """
        if not self.model_config_file and not self.model_base_path:
            raise UsageError("serve: give --model_base_path or --model_config_file")
        if self.port and self.port == self.rest_api_port:
            raise UsageError("serve: --port and --rest_api_port must differ")
        if not (self.port or self.grpc_socket_path or self.rest_api_port):
            raise UsageError("serve: --port, --grpc_socket_path and --rest_api_port are all off")
        for name in ("rest_api_max_connections", "grpc_max_connections"):
            if getattr(self, name) < 0:
                raise UsageError(f"serve: --{name} must not be negative")
        for name in (
            "max_request_bytes",
            "rest_api_max_header_bytes",
            "rest_api_read_timeout_in_ms",
        ):
            if getattr(self, name) < 1:
                raise UsageError(f"serve: --{name} must be positive")
        if self.batching_parameters_file and not self.enable_batching:
            raise UsageError("serve: --batching_parameters_file needs --enable_batching")
        if self.monitoring_config_file and not self.rest_api_port:
            raise UsageError("serve: --monitoring_config_file needs --rest_api_port")
        if self.tensorflow_session_parallelism and (
            self.tensorflow_intra_op_parallelism or self.tensorflow_inter_op_parallelism
        ):
            raise UsageError(
                "serve: --tensorflow_session_parallelism excludes "
                "--tensorflow_intra_op_parallelism and --tensorflow_inter_op_parallelism"
            )
        for name in ("model_config_reload_wait_seconds", "shutdown_grace_seconds"):
            if getattr(self, name) < 0:
                raise UsageError(f"serve: --{name} is {getattr(self, name)}; at least 0 is needed")
        for flag in dataclasses.fields(self):
            path = getattr(self, flag.name)
            if flag.name.endswith("_file") and path and not os.path.isfile(path):
                reason = "is no file" if os.path.exists(path) else "no such file"
                raise UsageError(f"serve: --{flag.name}: {path}: {reason}")
