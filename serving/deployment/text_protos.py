"""The text protos that `tensorflow_model_server` reads, for one model."""

from __future__ import annotations

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from ..config_protos import BatchingParameters, MonitoringConfig, PrometheusConfig
from .compatibility import may_be_split
from .settings import CONFIG_DIRECTORY, Deployment

MODELS, BATCHING, MONITORING = "models.config", "batching_parameters.txt", "monitoring.config"
MODELS_FLAG = f"--model_config_file={CONFIG_DIRECTORY}/{MODELS}"
METRICS_PATH = "/monitoring/prometheus/metrics"
# Rows that the graph of `serving.export` computes together.
_EXECUTED_ROWS = 64
# A request with more rows is refused.
_LARGEST_REQUEST = 1024
# Long against the time that a request takes to arrive, short against that of an encoder.
_WAIT_MICROS = 2000
_QUEUED_BATCHES = 100


def text_protos(deployment: Deployment) -> dict[str, str]:
    """Makes the text protos.

    Args:
        deployment: What is served where.

    Returns:
        File name -> content, in protobuf's text format.

    Example:
        >>> print(text_protos(deployment)["monitoring.config"])
        prometheus_config {
          enable: true
          path: "/monitoring/prometheus/metrics"
        }
    """
    models = ModelServerConfig()
    models.model_config_list.config.add(
        name=deployment.name, base_path=deployment.base_path, model_platform="tensorflow"
    )
    # No `allowed_batch_sizes`: they would only pad, for graphs that are compiled per shape.
    batching = BatchingParameters()
    batching.max_batch_size.value = _LARGEST_REQUEST
    if may_be_split(deployment.model.directory):
        batching.enable_large_batch_splitting.value = True
        batching.max_execution_batch_size.value = _EXECUTED_ROWS
    batching.batch_timeout_micros.value = _WAIT_MICROS
    batching.max_enqueued_batches.value = _QUEUED_BATCHES
    batching.num_batch_threads.value = deployment.cpus
    monitoring = MonitoringConfig(
        prometheus_config=PrometheusConfig(enable=True, path=METRICS_PATH)
    )
    messages = {MODELS: models, BATCHING: batching, MONITORING: monitoring}
    return {name: text_format.MessageToString(m, as_utf8=True) for name, m in messages.items()}


def server_flags(deployment: Deployment) -> list[str]:
    """Returns the flags of a server in a container, all but those that name its models."""
    # TensorFlow counts the cores of the machine, not those that the container may use.
    threads = deployment.cpus
    return [
        "--enable_batching=true",
        f"--batching_parameters_file={CONFIG_DIRECTORY}/{BATCHING}",
        f"--monitoring_config_file={CONFIG_DIRECTORY}/{MONITORING}",
        f"--tensorflow_intra_op_parallelism={threads}",
        f"--tensorflow_inter_op_parallelism={threads}",
    ]
