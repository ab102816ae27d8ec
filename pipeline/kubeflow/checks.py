"""What of a configuration a target cannot honour, told before anything is compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...errors import UsageError
from ..config import AnyConfig
from .target import KFP, VERTEX, KubeflowTarget

_TITLES = {KFP: "Kubeflow Pipelines", VERTEX: "Vertex AI Pipelines"}
# Of the object stores that the orchestrators move artifacts to and from.
_ROOTS = {KFP: ("minio://", "s3://", "gs://"), VERTEX: ("gs://",)}

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
# The grammar of github.com/distribution/reference: host and port, path, tag, digest.
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    r"(?:(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?"
    rf"{_PART}(?:/{_PART})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9.+_-]*:[0-9a-fA-F]{32,})?"
)
_BUCKET = re.compile(r"[a-z0-9]+://[A-Za-z0-9][A-Za-z0-9._-]*(?:/.*)?")
_KUBERNETES_DEVICE = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9._-]+")
_VERTEX_DEVICE = re.compile(r"(?:NVIDIA|TPU)_[A-Z0-9_]+")


def check_target(config: AnyConfig, target: KubeflowTarget) -> None:
    """Makes sure that a configuration can run on a target.

    Args:
        config: A checked configuration.
        target: For which it shall be compiled.

    Raises:
        UsageError: It cannot; one line for each problem.
    """
    if problems := list(_problems(config, target)):
        raise UsageError("\n".join(problems))


def _problems(config: AnyConfig, target: KubeflowTarget) -> Iterator[str]:
    title, roots = _TITLES[target.name], _ROOTS[target.name]
    if not _IMAGE.fullmatch(target.image):
        yield (
            f"--image {target.image}: is no name of an image; it is written "
            "registry.example.com/reviewlens:1.0, in lower case up to the tag"
        )
    if not target.pipeline_root.startswith(roots):
        yield (
            f"--pipeline-root {target.pipeline_root}: {title} keeps artifacts under "
            f"{' or '.join(roots)}, such as {roots[0]}bucket/reviews"
        )
    elif not _BUCKET.fullmatch(target.pipeline_root):
        yield f"--pipeline-root {target.pipeline_root}: names no bucket after ://"
    if not _NAME.fullmatch(config.name):
        yield (
            f"name: is {config.name!r}; {title} takes lower-case letters, digits and '-', "
            "128 at most"
        )
    yield from _unreachable(config, title)
    yield from _devices(config, target.name, title)
    if config.beam.runner != "direct" and not target.pipeline_root.startswith("gs://"):
        yield (
            f"beam.runner: is {config.beam.runner!r}, whose workers do not see what the launcher "
            f"copies from {target.pipeline_root}; choose a --pipeline-root under gs://"
        )


def _unreachable(config: AnyConfig, title: str) -> Iterator[str]:
    """Files of this machine, which the tasks do not see."""
    for key, path in config.places().items():
        if path and "://" not in path and not path.startswith(("/", "package:")):
            yield (
                f"{key}: is {path!r}, a path of this machine; the tasks of {title} need a URI such "
                "as gs://bucket/…, or an absolute path inside the image or a volume"
            )


def _devices(config: AnyConfig, target: str, title: str) -> Iterator[str]:
    pattern, example = {
        KFP: (_KUBERNETES_DEVICE, "nvidia.com/gpu"),
        VERTEX: (_VERTEX_DEVICE, "NVIDIA_TESLA_T4"),
    }[target]
    for node, settings in config.kubeflow.nodes.items():
        device = settings.accelerator
        if device and not pattern.fullmatch(device):
            yield (
                f"kubeflow.nodes.{node}.accelerator: is {device!r}; {title} names devices as in "
                f"{example}"
            )
