"""How the addresses of Kubeflow Pipelines' artifacts and their paths in a container go together.

Before a task starts, the launcher of Kubeflow Pipelines copies its inputs from the object store
into the container, and afterwards its outputs back: `minio://BUCKET/KEY` is the path
`/minio/BUCKET/KEY` there, `s3://BUCKET/KEY` is `/s3/BUCKET/KEY` and `gs://BUCKET/KEY` is
`/gcs/BUCKET/KEY`, where Vertex AI mounts the buckets themselves. A task is told the addresses
alone. Where a cluster has these folders elsewhere than in `/`, the environment variable
`REVIEWLENS_MOUNT_ROOT` names the folder that holds them.
"""

from __future__ import annotations

import os

MOUNT_ROOT = "REVIEWLENS_MOUNT_ROOT"

_FOLDERS = {"minio://": "/minio/", "s3://": "/s3/", "gs://": "/gcs/"}


def to_path(uri: str) -> str:
    """Finds where the launcher puts an artifact.

    Args:
        uri: As Kubeflow Pipelines gives it.

    Returns:
        The path in the container; any other address or path as it is.

    Example:
        >>> to_path("minio://mlpipeline/v2/artifacts/model")
        '/minio/mlpipeline/v2/artifacts/model'
        >>> to_path("gs://bucket/model")
        '/gcs/bucket/model'
    """
    for scheme, folder in _FOLDERS.items():
        if uri.startswith(scheme):
            return _root() + folder + uri.removeprefix(scheme)
    return uri


def to_uri(path: str) -> str:
    """Finds the address of what the launcher takes from a path; the inverse of `to_path`.

    Args:
        path: In the container.

    Returns:
        The address; any other path or address as it is.

    Example:
        >>> to_uri("/s3/reviews/model")
        's3://reviews/model'
    """
    for scheme, folder in _FOLDERS.items():
        prefix = _root() + folder
        if path.startswith(prefix):
            return scheme + path.removeprefix(prefix)
    return path


def to_s3(uri: str) -> str:
    """Words an address of MinIO as what it is to everything but Kubeflow Pipelines: S3.

    Args:
        uri: Any text.

    Returns:
        `s3://BUCKET/KEY` for `minio://BUCKET/KEY`; any other text as it is.

    Example:
        >>> to_s3("minio://mlpipeline/reviews.csv")
        's3://mlpipeline/reviews.csv'
    """
    return f"s3://{uri.removeprefix('minio://')}" if uri.startswith("minio://") else uri


def _root() -> str:
    return os.environ.get(MOUNT_ROOT, "/").rstrip("/")
