"""Answers to the request messages of TensorFlow Serving, whichever way they came."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    input_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from ..status import Code, ServingError, invalid
from .inference import (
    CLASSIFY_METHOD,
    REGRESS_METHOD,
    Classification,
    classify,
    predict,
    regress,
)
from .limits import check_growth
from .servable import DEFAULT_SIGNATURE, Servable
from .tensors import check_proto, from_proto, to_typed_proto


def answer_predict(
    servable: Servable,
    request: predict_pb2.PredictRequest,
    timeout: float | None,
    most_bytes: float = math.inf,
    to_proto: Callable[[np.ndarray], tensor_pb2.TensorProto] = to_typed_proto,
) -> predict_pb2.PredictResponse:
    """Runs a signature on the tensors of a request.

    Args:
        servable: The model; that of `request.model_spec` is not looked at.
        request: Its inputs are those of the signature.
        timeout: Seconds after which to give up, or None.
        most_bytes: What a request may grow to where it says once what holds many times.
        to_proto: How outputs are written.

    Returns:
        The outputs that the request's filter lets through, or all.

    Raises:
        ServingError: The request does not fit the signature, is too large, or the model fails.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = servable.signatures.get(name)
    if signature is None:
        raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    inputs = _inputs(servable, request, signature, most_bytes)
    outputs = _outputs(request.output_filter, signature)
    results = predict(servable, name, inputs, outputs, timeout)
    response = predict_pb2.PredictResponse(model_spec=_spec(servable, name))
    for alias, value in results.items():
        response.outputs[alias].CopyFrom(to_proto(value))
    return response


def answer_classify(
    servable: Servable,
    request: classification_pb2.ClassificationRequest,
    timeout: float | None,
    most_bytes: float = math.inf,
) -> classification_pb2.ClassificationResponse:
    """Classifies the examples of a request; arguments and errors as for `answer_predict`."""
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    examples = _examples(servable, request.input, most_bytes)
    return classification_pb2.ClassificationResponse(
        model_spec=_spec(servable, name),
        result=_classification(classify(servable, name, examples, timeout)),
    )


def answer_regress(
    servable: Servable,
    request: regression_pb2.RegressionRequest,
    timeout: float | None,
    most_bytes: float = math.inf,
) -> regression_pb2.RegressionResponse:
    """Gives a number for each example; arguments and errors as for `answer_predict`."""
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    examples = _examples(servable, request.input, most_bytes)
    return regression_pb2.RegressionResponse(
        model_spec=_spec(servable, name),
        result=_regression(regress(servable, name, examples, timeout)),
    )


def check_tasks(tasks: Iterable[inference_pb2.InferenceTask]) -> None:
    """Makes sure that all tasks of a MultiInference request are for one model.

    Args:
        tasks: Of the request.

    Raises:
        ServingError: A task has no model's name, or the names differ (INVALID_ARGUMENT).
    """
    names = {task.model_spec.name for task in tasks}
    if "" in names:
        raise invalid("Found ModelSpec with an empty model name.")
    if len(names) > 1:
        raise invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name.")


def answer_multi_inference(
    servable: Servable,
    request: inference_pb2.MultiInferenceRequest,
    timeout: float | None,
    most_bytes: float = math.inf,
) -> inference_pb2.MultiInferenceResponse:
    """Does several tasks on the same examples; arguments and errors as for `answer_predict`."""
    names = [task.model_spec.signature_name or DEFAULT_SIGNATURE for task in request.tasks]
    for index, (name, task) in enumerate(zip(names, request.tasks, strict=True)):
        if name in names[:index]:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        if name not in servable.signatures:
            raise invalid(f"Requested signature not found in model graph: {name}")
        if task.method_name not in (CLASSIFY_METHOD, REGRESS_METHOD):
            raise ServingError(
                Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
    response = inference_pb2.MultiInferenceResponse()
    examples = _examples(servable, request.input, most_bytes)
    for name, task in zip(names, request.tasks, strict=True):
        result = response.results.add(model_spec=_spec(servable, name))
        if task.method_name == CLASSIFY_METHOD:
            answer = classify(servable, name, examples, timeout)
            result.classification_result.CopyFrom(_classification(answer))
        else:
            values = regress(servable, name, examples, timeout)
            result.regression_result.CopyFrom(_regression(values))
    return response


def predict_exchange(
    servable: Servable,
    signature_name: str,
    inputs: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
) -> tuple[predict_pb2.PredictRequest, predict_pb2.PredictResponse]:
    """The messages that a prediction would have been over gRPC.

    Args:
        servable: What answered.
        signature_name: Of the signature that ran.
        inputs: Its inputs.
        outputs: What it gave.

    Returns:
        Request and response.
    """
    spec = _spec(servable, signature_name)
    request = predict_pb2.PredictRequest(model_spec=spec)
    response = predict_pb2.PredictResponse(model_spec=spec)
    for values, target in ((inputs, request.inputs), (outputs, response.outputs)):
        for alias, value in values.items():
            target[alias].CopyFrom(to_typed_proto(value))
    return request, response


def classify_exchange(
    servable: Servable, signature_name: str, examples: Sequence[bytes], answer: Classification
) -> tuple[classification_pb2.ClassificationRequest, classification_pb2.ClassificationResponse]:
    """The messages that a classification would have been; see `predict_exchange`."""
    spec = _spec(servable, signature_name or DEFAULT_SIGNATURE)
    return (
        classification_pb2.ClassificationRequest(model_spec=spec, input=_input(examples)),
        classification_pb2.ClassificationResponse(model_spec=spec, result=_classification(answer)),
    )


def regress_exchange(
    servable: Servable, signature_name: str, examples: Sequence[bytes], values: np.ndarray
) -> tuple[regression_pb2.RegressionRequest, regression_pb2.RegressionResponse]:
    """The messages that a regression would have been; see `predict_exchange`."""
    spec = _spec(servable, signature_name or DEFAULT_SIGNATURE)
    return (
        regression_pb2.RegressionRequest(model_spec=spec, input=_input(examples)),
        regression_pb2.RegressionResponse(model_spec=spec, result=_regression(values)),
    )


def _classification(answer: Classification) -> classification_pb2.ClassificationResult:
    result = classification_pb2.ClassificationResult()
    rows, columns = answer.shape
    for row in range(rows):
        classes = result.classifications.add().classes
        for column in range(columns):
            entry = classes.add()
            if answer.classes is not None:
                entry.label = answer.classes[row, column].decode("utf-8", "replace")
            if answer.scores is not None:
                entry.score = answer.scores[row, column]
    return result


def _regression(values: np.ndarray) -> regression_pb2.RegressionResult:
    result = regression_pb2.RegressionResult()
    for value in values.tolist():
        result.regressions.add(value=value)
    return result


def _input(examples: Sequence[bytes]) -> input_pb2.Input:
    message = input_pb2.Input()
    for example in examples:
        message.example_list.examples.add().ParseFromString(example)
    return message


def _spec(servable: Servable, signature_name: str) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=servable.name, signature_name=signature_name)
    spec.version.value = servable.version
    return spec


def _inputs(
    servable: Servable,
    request: predict_pb2.PredictRequest,
    signature: meta_graph_pb2.SignatureDef,
    most_bytes: float,
) -> dict[str, np.ndarray]:
    sent, expected = request.inputs.keys(), signature.inputs.keys()
    if len(sent) != len(expected):
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(expected)} "
            f"len({_braced(sent)}) != len({_braced(expected)}). "
            f"Sent extra: {_braced(sent - expected)}. "
            f"Missing but required: {_braced(expected - sent)}."
        )
    values = {}
    size = 0
    for index, alias in enumerate(sorted(expected)):
        if alias not in request.inputs:
            raise invalid(
                f"Signature input alias: {alias}(feed name: {signature.inputs[alias].name}) not "
                "found in request and no default value provided. Inputs expected to be in the "
                f"request {_braced(sent)}, or default input alias set: "
            )
        proto = request.inputs[alias]
        try:
            grown = check_proto(proto)
            # A reference, which has a number above 100, is fed with what it refers to.
            wanted = signature.inputs[alias].dtype % 100
            if wanted and proto.dtype != wanted:
                raise invalid(
                    f"Expects arg[{index}] to be {_type_name(wanted)} "
                    f"but {_type_name(proto.dtype)} is provided"
                )
            if grown:
                if proto.tensor_shape.dim:
                    servable.check_rows(proto.tensor_shape.dim[0].size)
                size += grown
                check_growth(size, most_bytes)
            values[alias] = from_proto(proto)
        except ValueError:
            raise invalid(f"tensor parsing error: {alias}") from None
    return values


def _outputs(wanted: Sequence[str], signature: meta_graph_pb2.SignatureDef) -> list[str]:
    if not wanted:
        return list(signature.outputs)
    for index, alias in enumerate(wanted):
        if alias not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_braced(signature.outputs)}."
            )
        if alias in wanted[:index]:
            raise invalid(f"duplicate output tensor alias: {alias}")
    return list(wanted)


def _examples(servable: Servable, input_: input_pb2.Input, most_bytes: float) -> list[bytes]:
    kind = input_.WhichOneof("kind")
    shared = b""
    if kind == "example_list_with_context":
        # Messages that follow each other are merged when they are read.
        shared = input_.example_list_with_context.context.SerializeToString()
    examples = getattr(input_, kind).examples if kind else ()
    if not examples:
        raise invalid("Input is empty.")
    servable.check_rows(len(examples))
    check_growth(len(shared) * len(examples), most_bytes)
    return [shared + example.SerializeToString() for example in examples]


def _type_name(data_type: int) -> str:
    return types_pb2.DataType.Name(data_type).removeprefix("DT_").lower()


def _braced(names) -> str:
    return "{" + ",".join(sorted(names)) + "}"
