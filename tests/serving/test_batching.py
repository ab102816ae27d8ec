"""Batches of concurrent requests: nobody gets another's answer, or another's error."""

from __future__ import annotations

import concurrent.futures
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.serving.server.batching import BatchingSettings, BatchScheduler
from reviewlens.serving.server.metrics import Metrics
from reviewlens.serving.status import Code, ServingError


class Scheduler:
    """A scheduler over a function that doubles numbers and notes the sizes of its batches."""

    def __init__(self, **fields):
        self.sizes: list[int] = []
        self.started = 0
        self.metrics = Metrics()
        self.scheduler = BatchScheduler(BatchingSettings(**fields), self.metrics)
        self.release = threading.Event()
        self.release.set()
        self.queue = self.scheduler.new_queue("double", self.double)

    def double(self, values, timeout):
        self.started += len(values[0])
        self.release.wait()
        self.sizes.append(len(values[0]))
        if any(13 in value for value in values):
            raise ServingError(Code.INTERNAL, "thirteen")
        return [2 * values[0]]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.release.set()
        self.scheduler.close()


def ask(queue, *numbers, timeout=30.0):
    return queue.run([np.array(numbers, np.float32)], timeout)[0].tolist()


def ask_at_once(held: Scheduler, requests, **options):
    """Sends requests while the model is held, so that they meet in the queue."""
    held.release.clear()
    held.started = 0
    with concurrent.futures.ThreadPoolExecutor(len(requests) or 1) as pool:
        answers = [pool.submit(ask, held.queue, *request, **options) for request in requests]
        try:
            deadline = time.monotonic() + 20
            while arrived(held, requests, answers) < sum(map(len, requests)):
                assert time.monotonic() < deadline
                time.sleep(0.005)
            # A request that is to give up while it waits shall have the time for it.
            concurrent.futures.wait(answers, timeout=2 * options.get("timeout", 0))
        finally:
            held.release.set()
    return answers


def arrived(held: Scheduler, requests, answers) -> int:
    """Rows that wait in the queue, are at work, or have been refused."""
    with held.scheduler.changed:
        waiting = sum(batch.rows for batch in held.queue.waiting)
    refused = sum(len(r) for r, a in zip(requests, answers, strict=True) if a.done())
    return waiting + held.started + refused


def test_requests_share_batches_and_get_their_own_rows():
    with Scheduler(max_batch_size=100, num_batch_threads=1, max_enqueued_batches=10) as held:
        requests = [(n, n + 0.5) for n in range(20, 40)]
        answers = ask_at_once(held, requests)
        assert [answer.result() for answer in answers] == [[2 * a, 2 * b] for a, b in requests]
        assert len(held.sizes) <= 3
        assert ':batching_session:wrapped_run_count{model_name="double"}' in held.metrics.render()


def test_a_batch_is_padded_to_an_allowed_size():
    with Scheduler(max_batch_size=8, allowed_batch_sizes=(4, 8)) as held:
        assert ask(held.queue, 1) == [2]
        assert ask(held.queue, 1, 2, 3, 4, 5) == [2, 4, 6, 8, 10]
        assert held.sizes == [4, 8]


def test_a_bad_request_fails_alone():
    with Scheduler(max_batch_size=100, num_batch_threads=1) as held:
        answers = ask_at_once(held, [(1,), (13,), (2,), (3, 13)])
        assert answers[0].result() == [2] and answers[2].result() == [4]
        for answer in (answers[1], answers[3]):
            with pytest.raises(ServingError, match="thirteen"):
                answer.result()


def test_a_full_queue_says_so():
    with Scheduler(max_batch_size=1, num_batch_threads=1, max_enqueued_batches=2) as held:
        held.release.clear()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            # The one that runs has to have left the queue, or it would be one more that waits.
            pool.submit(ask, held.queue, 0)
            deadline = time.monotonic() + 20
            while not held.started:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            answers = ask_at_once(held, [(n,) for n in range(1, 6)])
        errors = [answer.exception() for answer in answers if answer.exception()]
        # One runs and two wait.
        assert len(errors) == 3
        assert {error.code for error in errors} == {Code.UNAVAILABLE}
        assert errors[0].message == (
            "The batch scheduling queue to which this task was submitted is full; "
            "currently 2 batches enqueued and max_enqueued_batches is 2"
        )


def test_a_request_gives_up_in_time():
    with Scheduler(max_batch_size=1, num_batch_threads=1) as held:
        answers = ask_at_once(held, [(1,), (2,)], timeout=0.05)
        assert {answer.exception().code for answer in answers} == {Code.DEADLINE_EXCEEDED}
        assert ask(held.queue, 3) == [6]


def test_large_requests_are_split_where_that_is_allowed():
    fields = {"enable_large_batch_splitting": True, "max_execution_batch_size": 4}
    with Scheduler(max_batch_size=16, **fields) as held:
        assert ask(held.queue, *range(10)) == [2 * n for n in range(10)]
        assert sorted(held.sizes) == [2, 4, 4]
        with pytest.raises(ServingError, match="Task size 17 is larger than maximum"):
            ask(held.queue, *range(17))


def test_answers_to_the_parts_of_a_request_may_be_of_unlike_widths():
    def spread(values, timeout):
        """Each number as often as it says, and that as text."""
        width = max(values[0])
        rows = [[number] * number + [0] * (width - number) for number in values[0].tolist()]
        texts = [[b"x" if number else b"" for number in row] for row in rows]
        shape = (len(rows), width)
        return [np.array(rows).reshape(shape), np.array(texts, object).reshape(shape)]

    settings = BatchingSettings(
        max_batch_size=16, enable_large_batch_splitting=True, max_execution_batch_size=2
    )
    scheduler = BatchScheduler(settings, Metrics())
    try:
        queue = scheduler.new_queue("spread", spread)
        numbers, texts = queue.run([np.array([0, 0, 1, 3, 2])], 30)
    finally:
        scheduler.close()
    assert numbers.tolist() == [[0] * 3, [0] * 3, [1, 0, 0], [3] * 3, [2, 2, 0]]
    assert texts.tolist() == [[b"x" if n else b"" for n in row] for row in numbers.tolist()]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "Batching Run() must have at least one input tensor"),
        ([np.float32(1)], "Batching Run() input tensors must have at least one dimension"),
        (
            [np.zeros(2), np.zeros(3)],
            "Batching Run() input tensors must have equal 0th-dimension size",
        ),
    ],
)
def test_rows_that_do_not_match(values, message):
    with Scheduler() as held:
        with pytest.raises(ServingError) as caught:
            held.queue.run(values, None)
        assert caught.value.message == message


@pytest.mark.parametrize("padding", [False, True])
def test_requests_of_unlike_shape(padding):
    with Scheduler(pad_variable_length_inputs=padding, num_batch_threads=1) as held:
        held.release.clear()
        shapes = [(1, 2), (1, 4), (2, 3)]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [pool.submit(held.queue.run, [np.ones(s)], 30) for s in shapes]
            concurrent.futures.wait(answers, timeout=0.3)
            held.release.set()
        for answer, shape in zip(answers, shapes, strict=True):
            (value,) = answer.result()
            rows, columns = shape
            assert (value[:, :columns] == 2).all() and len(value) == rows
            assert padding or value.shape == shape
            assert not value[:, columns:].any()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"max_batch_size": 32, "allowed_batch_sizes": (8, 16)},
            "Last entry in allowed_batch_sizes must match max_batch_size; "
            "last entry was 16; expected 32",
        ),
        ({"allowed_batch_sizes": (8, 4)}, "entries must be positive and increasing"),
        ({"num_batch_threads": 0}, "num_batch_threads must be positive; was 0"),
        ({"max_execution_batch_size": 8}, "only has an effect with enable_large_batch_splitting"),
    ],
)
def test_parameters_that_contradict_each_other(fields, message):
    with pytest.raises(ServingError) as caught:
        BatchingSettings(**fields)
    assert message in caught.value.message


@given(
    st.lists(st.lists(st.integers(-50, 50), min_size=1, max_size=9), max_size=12),
    st.integers(9, 20),
    st.sampled_from([0, 500]),
)
@settings(deadline=None, max_examples=25)
def test_every_request_gets_its_answer_and_only_bad_ones_an_error(requests, size, timeout):
    fields = {"max_batch_size": size, "batch_timeout_micros": timeout}
    with Scheduler(**fields, max_enqueued_batches=100) as held:
        for request, answer in zip(requests, ask_at_once(held, requests), strict=True):
            if 13 in request:
                assert isinstance(answer.exception(), ServingError)
            else:
                assert answer.result() == [2 * number for number in request]
