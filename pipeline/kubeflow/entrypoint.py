"""What a container of Kubeflow Pipelines or Vertex AI starts: one executor of the pipeline.

    python -m reviewlens.pipeline.kubeflow.entrypoint --executor_class_path CLASS \\
        --json_serialized_invocation_args '{{$}}' \\
        --json_serialized_inputs_spec_args JSON [flags for Beam …]

TFX has an entry point of its own, with the same arguments, which this one calls. TFX opens the
addresses of artifacts as they are, which `minio://` and `s3://` do not allow; here they become
the paths at which the launcher of Kubeflow Pipelines puts the files (see `locations`), and
addresses again in what the launcher is told at the end. `gs://` stays for the executors that use
Beam, whose workers may be on other machines and read it themselves. Parameters, which the
launcher does not follow, are read and written through the object store's S3 interface instead.

Exit codes: 0 ok, 1 the executor failed, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

from ...errors import ReviewlensError, RunError, UsageError
from ..ending import run_and_end
from ..environment import prepare_environment
from ..failures import explain
from .locations import MOUNT_ROOT, to_path, to_s3, to_uri

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from kfp.pipeline_spec.pipeline_spec_pb2 import ExecutorInput, RuntimeArtifact

    AnyMessage = TypeVar("AnyMessage", bound=Message)

_INVOCATION = "--json_serialized_invocation_args"
_INPUTS_SPEC = "--json_serialized_inputs_spec_args"

# What minio:// in a parameter means: the object store that came with Kubeflow Pipelines, MinIO
# at first and SeaweedFS since 2026.
_CLUSTER_STORES = ("minio-service.kubeflow", "seaweedfs.kubeflow")
_CLUSTER_PORT = 9000
# Those are older than the checksums that boto3 otherwise adds to every request.
_WITHOUT_CHECKSUMS = {
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one executor.

    Args:
        argv: As above; by default the arguments of this process.

    Returns:
        The exit code. An error is one line on stderr, after the traceback where it is none
        that reviewlens foresees.

    Raises:
        SystemExit: For `--help`.
    """
    try:
        arguments, beam_args = _parser().parse_known_args(argv)
        executor_input = _read_arguments(arguments)
    except UsageError as error:
        return _fail(error, 2)
    try:
        _run(arguments, executor_input, beam_args)
    except ReviewlensError as error:
        return _fail(error, 1)
    except Exception as exception:
        traceback.print_exc()
        return _fail(explain(exception), 1)
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser() -> argparse.ArgumentParser:
    # Beam's flags follow, and one of them could be an abbreviation.
    parser = _Parser(
        prog="python -m reviewlens.pipeline.kubeflow.entrypoint",
        description="Runs one executor of the pipeline, as Kubeflow Pipelines asks for it.",
        epilog="All other flags go to Beam.",
        allow_abbrev=False,
    )
    parser.add_argument("--executor_class_path", required=True, help="MODULE.CLASS")
    parser.add_argument(_INVOCATION, required=True, metavar="JSON", help="an ExecutorInput")
    parser.add_argument(_INPUTS_SPEC, metavar="JSON", help="a ComponentInputsSpec")
    return parser


def _read_arguments(arguments: argparse.Namespace) -> ExecutorInput:
    from kfp.pipeline_spec.pipeline_spec_pb2 import ComponentInputsSpec, ExecutorInput

    if arguments.json_serialized_inputs_spec_args:
        _parse(arguments.json_serialized_inputs_spec_args, ComponentInputsSpec(), _INPUTS_SPEC)
    executor_input = _parse(arguments.json_serialized_invocation_args, ExecutorInput(), _INVOCATION)
    if not executor_input.outputs.output_file:
        raise UsageError(f"{_INVOCATION}: there is no outputs.outputFile, where results go")
    return executor_input


def _parse(text: str, message: AnyMessage, flag: str) -> AnyMessage:
    from google.protobuf import json_format

    try:
        return json_format.Parse(text, message, ignore_unknown_fields=True)
    except json_format.ParseError as error:
        kind = message.DESCRIPTOR.name
        reason = " ".join(str(error).split())
        raise UsageError(f"{flag}: is no {kind} in JSON, such as {{{{$}}}} is: {reason}") from None


def _run(
    arguments: argparse.Namespace, executor_input: ExecutorInput, beam_args: list[str]
) -> None:
    from google.protobuf import json_format

    prepare_environment()
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor
    from tfx.utils import import_utils

    from ...components.beam_filesystem import register_object_stores

    executor = import_utils.import_class_by_path(arguments.executor_class_path)
    left_alone = ("gs://",) if issubclass(executor, BaseBeamExecutor) else ()
    for artifact in _artifacts(executor_input.inputs):
        artifact.uri = _opened_as(artifact.uri, left_alone)
    for artifact in _artifacts(executor_input.outputs):
        artifact.uri = _opened_as(artifact.uri, left_alone)
        _make_folder(artifact.uri)
    _reach_object_store(executor_input)
    arguments.json_serialized_invocation_args = json_format.MessageToJson(executor_input)
    register_object_stores()
    kubeflow_v2_run_executor.main((arguments, beam_args))
    _name_addresses(executor_input.outputs.output_file)


def _opened_as(uri: str, left_alone: tuple[str, ...]) -> str:
    return uri if uri.startswith(left_alone) else to_path(uri)


def _artifacts(holder: Message) -> Iterator[RuntimeArtifact]:
    for listed in holder.artifacts.values():
        yield from listed.artifacts


def _make_folder(uri: str) -> None:
    """Makes the folder of an output, which TFX's other runners do for its executors."""
    if "://" in uri:
        return
    try:
        os.makedirs(uri, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{uri}: cannot make the folder of an output: {error.strerror}; the user of the "
            f"container must be able to write there, or {MOUNT_ROOT} name a folder where it can"
        ) from None


def _reach_object_store(executor_input: ExecutorInput) -> None:
    """Sees to it that addresses among the parameters can be opened."""
    for name, value in executor_input.inputs.parameter_values.items():
        if value.string_value.startswith("minio://"):
            if "AWS_ENDPOINT_URL" not in os.environ:
                os.environ["AWS_ENDPOINT_URL"] = _cluster_store(f"{name}: {value.string_value}")
            for variable, setting in _WITHOUT_CHECKSUMS.items():
                os.environ.setdefault(variable, setting)
            value.string_value = to_s3(value.string_value)
        if value.string_value.startswith("s3://"):
            _check_credentials(f"{name}: {value.string_value}")


def _cluster_store(address: str) -> str:
    for host in _CLUSTER_STORES:
        with contextlib.suppress(OSError):
            socket.getaddrinfo(host, _CLUSTER_PORT)
            return f"http://{host}:{_CLUSTER_PORT}"
    raise RunError(
        f"{address}: the cluster has no object store called {' or '.join(_CLUSTER_STORES)}; set "
        "AWS_ENDPOINT_URL in the container, such as http://HOST:9000"
    )


def _check_credentials(address: str) -> None:
    """Fails at once where Beam would try again for ten minutes."""
    import boto3

    if boto3.Session().get_credentials() is None:
        raise RunError(
            f"{address}: no credentials for the object store; set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY in the container, for Kubeflow's own store from accesskey "
            "and secretkey of the secret mlpipeline-minio-artifact"
        )


def _name_addresses(output_file: str) -> None:
    """Has the results say where the artifacts are to lie, not where they lie here.

    The launcher would take a path for an address of another object store and refuse it.
    """
    from google.protobuf import json_format
    from kfp.pipeline_spec.pipeline_spec_pb2 import ExecutorOutput
    from tfx.dsl.io import fileio

    with fileio.open(output_file) as file:
        results = json_format.Parse(file.read(), ExecutorOutput())
    for artifact in _artifacts(results):
        artifact.uri = to_uri(artifact.uri)
    with fileio.open(output_file, "w") as file:
        file.write(json_format.MessageToJson(results))


def _fail(error: Exception, exit_code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    run_and_end(main)
