from __future__ import annotations

import os
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.pipeline.kubeflow import to_path, to_s3, to_uri

ROOTS = st.sampled_from(["/", "/mnt/kfp", "/mnt/kfp/"])
MOVED = st.tuples(st.sampled_from(["minio://", "s3://", "gs://"]), st.text()).map("".join)
OTHERS = st.one_of(
    st.text().filter(lambda text: not text.startswith(("minio://", "s3://", "gs://"))),
    st.text().map("https://bucket/{}".format),
    st.text().map("/data/{}".format),
)


def rooted(root: str):
    return mock.patch.dict(os.environ, REVIEWLENS_MOUNT_ROOT=root)


@given(MOVED, ROOTS)
def test_an_address_comes_back_from_its_path(uri, root):
    with rooted(root):
        assert to_path(uri).startswith(root.rstrip("/") + "/")
        assert "://" not in to_path(uri)[: len(root) + len("/minio/")]
        assert to_uri(to_path(uri)) == uri


@given(OTHERS, ROOTS)
def test_other_addresses_and_paths_stay_as_they_are(text, root):
    with rooted(root):
        assert to_path(text) == text
        assert to_s3(text) == text


@given(MOVED, MOVED, ROOTS)
def test_two_addresses_never_share_a_path(one, other, root):
    with rooted(root):
        assert (to_path(one) == to_path(other)) == (one == other)


@pytest.mark.parametrize("path", ["/minio", "/miniature/model", "/tmp/s3/model", "hdfs://minio/x"])
def test_a_path_elsewhere_has_no_address(path):
    assert to_uri(path) == path


def test_the_paths_are_those_of_the_launcher(monkeypatch):
    monkeypatch.delenv("REVIEWLENS_MOUNT_ROOT", raising=False)

    assert (
        to_path("minio://mlpipeline/v2/artifacts/a b?c=d")
        == "/minio/mlpipeline/v2/artifacts/a b?c=d"
    )
    assert to_path("s3://bucket/key") == "/s3/bucket/key"
    assert to_path("gs://bucket/key") == "/gcs/bucket/key"


def test_minio_is_s3_to_everybody_else():
    assert to_s3("minio://mlpipeline/reviews/") == "s3://mlpipeline/reviews/"
    assert to_s3("s3://bucket/key") == "s3://bucket/key"
