"""Prediction, classification, regression and metadata over any servable."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2

from ..status import invalid
from .servable import DEFAULT_SIGNATURE, Servable

CLASSIFY_METHOD = "tensorflow/serving/classify"
REGRESS_METHOD = "tensorflow/serving/regress"


@dataclasses.dataclass(frozen=True)
class Classification:
    """The answer of a `classify` signature.

    Attributes:
        classes: Names, bytes [batch, classes], or None if the model gives none.
        scores: float32 [batch, classes], or None if the model gives none.
    """

    classes: np.ndarray | None
    scores: np.ndarray | None

    @property
    def shape(self) -> tuple[int, ...]:
        """[batch, classes]; one of the two is always there."""
        return next(part.shape for part in (self.classes, self.scores) if part is not None)


def predict(
    servable: Servable,
    signature_name: str,
    inputs: Mapping[str, np.ndarray],
    outputs: Sequence[str],
    timeout: float | None,
) -> dict[str, np.ndarray]:
    """Runs any signature, and counts the rows; see `Servable.run` for arguments and errors."""
    rows = max((len(value) for value in inputs.values() if value.ndim), default=1)
    servable.metrics.examples(servable.name, rows)
    return servable.run(signature_name, inputs, outputs, timeout)


def classify(
    servable: Servable, signature_name: str, examples: Sequence[bytes], timeout: float | None
) -> Classification:
    """Runs a signature from `inputs` to `classes` and `scores`.

    Args:
        servable: The model.
        signature_name: Name of the signature; empty for `serving_default`.
        examples: Serialized `tf.Example`s.
        timeout: Seconds after which to give up, or None.

    Returns:
        What the model says of each example.

    Raises:
        ServingError: The signature is none for classification, or the model fails.
    """
    name, signature = _find(servable, signature_name)
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if "inputs" not in signature.inputs:
        raise invalid(f"No classification inputs found in SignatureDef: {signature}")
    wanted = [alias for alias in ("classes", "scores") if alias in signature.outputs]
    if len(wanted) != len(signature.outputs):
        raise invalid(f"No classification outputs found in SignatureDef: {signature}")
    outputs = _run(servable, name, examples, wanted, timeout)
    for alias, dtype, enum in (
        ("classes", object, "DT_STRING"),
        ("scores", np.float32, "DT_FLOAT"),
    ):
        output = outputs.get(alias)
        if output is None:
            continue
        if output.dtype != dtype:
            raise invalid(f"Expected {alias} Tensor of {enum}. Got: {_enum(output)}")
        if output.ndim != 2:
            raise invalid(
                f"Expected Tensor shape: [batch_size num_classes] but got {_shape(output)}"
            )
        if len(output) != len(examples):
            raise invalid(
                f"Expected {alias} output batch size of {len(examples)}. Got: {len(output)}"
            )
    if len({output.shape for output in outputs.values()}) > 1:
        classes, scores = outputs["classes"], outputs["scores"]
        raise invalid(
            "Tensors class and score should match in dim_size(1). "
            f"Got {classes.shape[1]} vs. {scores.shape[1]}"
        )
    return Classification(outputs.get("classes"), outputs.get("scores"))


def regress(
    servable: Servable, signature_name: str, examples: Sequence[bytes], timeout: float | None
) -> np.ndarray:
    """Runs a signature from `inputs` to `outputs`.

    Args:
        servable: The model.
        signature_name: Name of the signature; empty for `serving_default`.
        examples: Serialized `tf.Example`s.
        timeout: Seconds after which to give up, or None.

    Returns:
        A number for each example, float32 [batch].

    Raises:
        ServingError: The signature is none for regression, or the model fails.
    """
    name, signature = _find(servable, signature_name)
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if "inputs" not in signature.inputs:
        raise invalid(f"No regression inputs found in SignatureDef: {signature}")
    if "outputs" not in signature.outputs:
        raise invalid(f"No regression outputs found in SignatureDef: {signature}")
    output = _run(servable, name, examples, ["outputs"], timeout)["outputs"]
    if output.ndim != 1 and (output.ndim != 2 or output.shape[1] != 1):
        raise invalid(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] "
            f"but got {_shape(output)}"
        )
    if output.dtype != np.float32:
        raise invalid(f"Expected output Tensor of DT_FLOAT. Got: {_enum(output)}")
    if len(output) != len(examples):
        raise invalid(f"Expected output batch size to be {len(examples)}. Got: {len(output)}")
    return output.reshape(-1)


def metadata(servable: Servable) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Name, version and signatures of a model, as PredictionService gives them."""
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        signatures.signature_def[name].CopyFrom(signature)
    response.metadata["signature_def"].Pack(signatures)
    return response


def _find(servable: Servable, signature_name: str) -> tuple[str, meta_graph_pb2.SignatureDef]:
    name = signature_name or DEFAULT_SIGNATURE
    if name not in servable.signatures:
        raise invalid(f"No signature was found with the name: {name}")
    return name, servable.signatures[name]


def _run(servable, name, examples, outputs, timeout) -> dict[str, np.ndarray]:
    values = np.empty(len(examples), object)
    values[:] = examples
    return predict(servable, name, {"inputs": values}, outputs, timeout)


def _enum(value: np.ndarray) -> str:
    return types_pb2.DataType.Name(tf.as_dtype(value.dtype).as_datatype_enum)


def _shape(value: np.ndarray) -> str:
    return "[" + ",".join(map(str, value.shape)) + "]"
