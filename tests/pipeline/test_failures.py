"""Finding the message that was meant for the user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.errors import RunError, UsageError
from reviewlens.pipeline.failures import explain

TRACEBACK = """\
Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1, in process
  File "/home/me/reviewlens/components/ingest.py", line 9, in process
    raise RunError("…")
reviewlens.errors.RunError: a.csv: row 3: ratings outside the mapping: 7
  write 1 to 5

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
reviewlens.errors.RunError: a.csv: row 3: ratings outside the mapping: 7
  write 1 to 5 [while running 'Read/Clean-ptransform-12']
"""


def raised(make):
    try:
        make()
    except Exception as exception:
        return exception


def test_finds_the_message_in_a_traceback_that_is_text():
    found = explain(RuntimeError(TRACEBACK))
    assert type(found) is RunError
    assert str(found) == "a.csv: row 3: ratings outside the mapping: 7\n  write 1 to 5"


@pytest.mark.parametrize("link", ["cause", "context"])
def test_finds_an_error_that_another_wraps(link):
    def fail():
        try:
            raise UsageError("unknown encoder")
        except UsageError as error:
            if link == "cause":
                raise RuntimeError("node failed") from error
            raise RuntimeError("node failed")  # noqa: B904

    found = explain(raised(fail))
    assert (type(found), str(found)) == (UsageError, "unknown encoder")


@pytest.mark.parametrize(
    "exception",
    [
        RuntimeError("Concurrent writes aborted after max number of retries."),
        RuntimeError(
            "Cannot create node for type_id: 10Concurrent writes aborted after max number"
        ),
        RuntimeError("database is locked"),
    ],
)
def test_a_locked_database_is_told_as_such(exception):
    assert str(explain(exception)) == (
        "metadata.sqlite was locked by another program for too long; close that program and run "
        "the same command again"
    )


@pytest.mark.parametrize(
    "exception",
    [
        OSError(28, "No space left on device"),
        RuntimeError("RESOURCE_EXHAUSTED: write failed; No space left on device"),
        RuntimeError("sqlite: database or disk is full"),
    ],
)
def test_tells_a_full_disk(exception):
    assert str(explain(exception)).startswith("the disk is full")


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (RuntimeError("Traceback (most recent call last):\n  x\nKeyError: 'a'"), None),
        (KeyError(), "KeyError"),
    ],
)
def test_tells_any_other_exception_in_one_line(exception, message):
    assert str(explain(exception)) == (message or "RuntimeError: KeyError: 'a'")


@given(st.text())
def test_any_message_is_one_line_of_bounded_length(text):
    message = str(explain(ValueError(text)))
    assert len(message) <= 320
    assert len(message.splitlines()) == 1


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_any_message_survives_the_way_through_text(text):
    carried = RuntimeError(f"Traceback\n  x\nreviewlens.errors.RunError: {text}\n\nmore\n")
    assert str(explain(carried)) == text
