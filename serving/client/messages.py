"""The messages of a Predict request, as `predict.proto` and `tensor.proto` declare them."""

from __future__ import annotations

from ..message_types import message_types

_TYPES = message_types(
    "reviewlens.serving.client",
    {
        "Version": ["int64 value = 1"],
        "ModelSpec": [
            "string name = 1",
            "Version version = 2",
            "string signature_name = 3",
            "string version_label = 4",
        ],
        "Dimension": ["int64 size = 1"],
        "TensorShape": ["repeated Dimension dim = 2"],
        "Tensor": [
            "int32 dtype = 1",
            "TensorShape tensor_shape = 2",
            "bytes tensor_content = 4",
            "repeated float float_val = 5",
            "repeated bytes string_val = 8",
            "repeated int64 int64_val = 10",
        ],
        "NamedTensor": ["string key = 1", "Tensor value = 2"],
        "PredictRequest": ["ModelSpec model_spec = 1", "repeated NamedTensor inputs = 2"],
        "PredictResponse": ["repeated NamedTensor outputs = 1", "ModelSpec model_spec = 2"],
    },
)

Tensor = _TYPES["Tensor"]
PredictRequest = _TYPES["PredictRequest"]
PredictResponse = _TYPES["PredictResponse"]
