"""Which servers run a model, and how.

A server loads a graph with an operation that it does not have, says that the model is
AVAILABLE, and fails on the first request. So this is looked up before.
"""

from __future__ import annotations

import os
import re

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from ...errors import RunError

Release = tuple[int, int]

# The first release that links TF Text 2.12, of which the exported tokenizers use operations.
_OLDEST: Release = (2, 12)
# Operations of TF Text by the release of TensorFlow Serving that first links them: it stayed
# on TF Text 2.12.1 up to its own release 2.19.
_TEXT_OPERATIONS: dict[Release, str] = {
    _OLDEST: """
        CaseFoldUTF8 ConstrainedSequence FastBertNormalize FastWordpieceTokenizeWithOffsets
        FindSourceOffsets MaxSpanningTree NormalizeUTF8 NormalizeUTF8WithOffsetsMap
        PhraseTokenize RegexSplitWithOffsets RougeL SentenceFragments SentenceFragmentsV2
        SentencepieceDetokenizeOp SentencepieceIdToStringOp SentencepieceOp
        SentencepieceStringToIdOp SentencepieceTokenizeOp SentencepieceTokenizeWithOffsetsOp
        SentencepieceVocabSizeOp SplitMergeTokenizeWithOffsets TFText>BoiseTagsToOffsets
        TFText>ByteSplitByOffsets TFText>ByteSplitWithOffsets TFText>FastSentencepieceDetokenize
        TFText>FastSentencepieceTokenize TFText>FastWordpieceDetokenize TFText>NgramsStringJoin
        TFText>OffsetsToBoiseTags TFText>PhraseDetokenize
        TFText>WhitespaceTokenizeWithOffsetsV2 TokenizerFromLogits
        UnicodeScriptTokenizeWithOffsets WhitespaceTokenizeWithOffsets
        WordpieceTokenizeWithOffsets
    """,
    (2, 20): "TFText>RoundRobinGenerateMasks TFText>RoundRobinTrim TFText>Utf8Binarize",
}
# Stands among the signatures of a SavedModel and answers nothing.
_INITIALIZATION = "__saved_model_init_op"
_SINCE = {name: release for release, names in _TEXT_OPERATIONS.items() for name in names.split()}


def operations_of(directory: str) -> set[str]:
    """Lists the operations of a SavedModel, with those inside its functions.

    Args:
        directory: A version directory.

    Returns:
        Their names, such as "MatMul".

    Raises:
        RunError: If `saved_model.pb` is none.
    """
    graphs = [meta_graph.graph_def for meta_graph in _read(directory).meta_graphs]
    functions = [function for graph in graphs for function in graph.library.function]
    used = {node.op for graph in graphs for node in graph.node}
    used |= {node.op for function in functions for node in function.node_def}
    return used - {function.signature.name for function in functions}


def oldest_release(directory: str) -> Release:
    """Finds the first release of TensorFlow Serving that runs a model.

    Args:
        directory: A version directory.

    Returns:
        Major and minor number; (2, 12) or later, because no older one is looked at.

    Raises:
        RunError: If `saved_model.pb` is none, or uses operations that no release has.

    Example:
        >>> oldest_release("runs/amazon-snippets/serving/amazon-snippets/1790000000")
        (2, 12)
    """
    # What libraries register at run time is not among `raw_ops`.
    custom = {name for name in operations_of(directory) if not hasattr(tf.raw_ops, name)}
    unknown = sorted(custom - _SINCE.keys())
    if unknown:
        raise RunError(
            f"{directory}: no release of TensorFlow Serving has the operation "
            f"{', '.join(unknown)}; build the model without it"
        )
    return max((_SINCE[name] for name in custom), default=_OLDEST)


def may_be_split(directory: str) -> bool:
    """Whether TensorFlow Serving can put the answer to a request together that it has split.

    It does that right only for answers that are equally wide, whatever is asked: else it stops,
    or what it answers is no answer.

    Args:
        directory: A version directory.

    Returns:
        Whether the outputs of all signatures are of a shape that is known but for the batch.

    Raises:
        RunError: If `saved_model.pb` is none.

    Example:
        >>> may_be_split("runs/amazon-snippets/serving/amazon-snippets/1790000000")
        True
    """
    shapes = [
        output.tensor_shape
        for meta_graph in _read(directory).meta_graphs
        for name, signature in meta_graph.signature_def.items()
        for output in signature.outputs.values()
        if name != _INITIALIZATION
    ]
    return not any(
        shape.unknown_rank or any(dimension.size < 0 for dimension in shape.dim[1:])
        for shape in shapes
    )


def _read(directory: str) -> saved_model_pb2.SavedModel:
    path = os.path.join(directory, "saved_model.pb")
    try:
        with open(path, "rb") as file:
            return saved_model_pb2.SavedModel.FromString(file.read())
    except DecodeError:
        raise RunError(f"{path}: is no SavedModel, or only a part of one") from None


def check_image(image: str, release: Release) -> None:
    """Looks whether an image is new enough, if its tag tells.

    Args:
        image: Such as `tensorflow/serving:2.19.1`.
        release: What the model needs.

    Raises:
        RunError: If it is older than that.
    """
    tag = re.search(r":(\d+)\.(\d+)[^/]*$", image)
    if tag and (int(tag[1]), int(tag[2])) < release:
        needed = ".".join(map(str, release))
        raise RunError(f"{image}: the model needs TensorFlow Serving {needed} or later")
