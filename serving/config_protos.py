"""The text files that configure a TensorFlow Serving binary, as messages.

`tensorflow-serving-api` has the messages of requests and `ModelServerConfig`, but not
these; their fields are those of tensorflow/serving's `session_bundle_config.proto`,
`monitoring_config.proto` and `ssl_config.proto`. They live in a pool of their own, so that
a program which links the real ones can be loaded beside them.
"""

from __future__ import annotations

from .message_types import message_types

_classes = message_types(
    "reviewlens.serving.config",
    {
        "Int64Value": ["int64 value = 1"],
        "BoolValue": ["bool value = 1"],
        "StringValue": ["string value = 1"],
        "BatchingParameters": [
            "Int64Value max_batch_size = 1",
            "Int64Value batch_timeout_micros = 2",
            "Int64Value max_enqueued_batches = 3",
            "Int64Value num_batch_threads = 4",
            "StringValue thread_pool_name = 5",
            "repeated int64 allowed_batch_sizes = 6",
            "bool pad_variable_length_inputs = 7",
            "BoolValue enable_large_batch_splitting = 8",
            "Int64Value max_execution_batch_size = 9",
        ],
        "PrometheusConfig": ["bool enable = 1", "string path = 2"],
        "MonitoringConfig": ["PrometheusConfig prometheus_config = 1"],
        "SSLConfig": [
            "string server_key = 1",
            "string server_cert = 2",
            "string custom_ca = 3",
            "bool client_verify = 4",
        ],
    },
)
BatchingParameters = _classes["BatchingParameters"]
MonitoringConfig = _classes["MonitoringConfig"]
PrometheusConfig = _classes["PrometheusConfig"]
SSLConfig = _classes["SSLConfig"]
