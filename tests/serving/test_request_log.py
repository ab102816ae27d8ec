from __future__ import annotations

import shutil
import threading
import time

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from reviewlens.errors import RunError, UsageError
from reviewlens.serving.server.request_log import RequestLog, read_request_log
from reviewlens.serving.warmup import read_warmup_requests


def record(text: str) -> prediction_log_pb2.PredictionLog:
    """A logged request with its answer."""
    log = prediction_log_pb2.PredictLog()
    log.request.model_spec.name = "reviews"
    log.request.model_spec.signature_name = "serving_default"
    log.request.inputs["text"].CopyFrom(tf.make_tensor_proto([text], tf.string))
    log.response.outputs["label"].CopyFrom(tf.make_tensor_proto(["good"], tf.string))
    return prediction_log_pb2.PredictionLog(predict_log=log)


def text_of(log: prediction_log_pb2.PredictionLog) -> str:
    return log.predict_log.request.inputs["text"].string_val[0].decode()


def texts_in(directory) -> list[str]:
    return [text_of(log) for log in read_request_log(str(directory))]


def test_records_come_back_in_order_with_time_and_rate(tmp_path):
    before = int(time.time())
    with RequestLog(str(tmp_path / "new" / "log"), sampling_rate=0.25) as log:
        for number in range(20):
            log.write(record(f"review {number}"))
    logs = list(read_request_log(str(tmp_path / "new" / "log")))
    assert [text_of(log) for log in logs] == [f"review {number}" for number in range(20)]
    assert logs[0].predict_log.response.outputs["label"].string_val == [b"good"]
    for found in logs:
        assert found.log_metadata.sampling_config.sampling_rate == 0.25
        assert before <= found.log_metadata.timestamp_secs <= time.time()
    assert log.dropped == 0


def test_a_new_file_is_begun_at_the_size(tmp_path):
    one = record("review 000").ByteSize()
    with RequestLog(str(tmp_path), sampling_rate=1, max_bytes=3 * one) as log:
        for number in range(50):
            log.write(record(f"review {number:03}"))
    files = sorted(tmp_path.iterdir())
    assert len(files) > 10
    # A record is written whole, so it may take a file beyond the size.
    assert all(file.stat().st_size < 5 * one for file in files)
    assert texts_in(tmp_path) == [f"review {number:03}" for number in range(50)]


def test_a_quiet_servers_requests_can_be_read_while_it_runs(tmp_path):
    with RequestLog(str(tmp_path), sampling_rate=1, max_seconds=0.05) as log:
        log.write(record("the only one"))
        deadline = time.monotonic() + 60
        while not texts_in(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert texts_in(tmp_path) == ["the only one"]


def test_a_file_that_is_being_written_is_not_read(tmp_path):
    with RequestLog(str(tmp_path), sampling_rate=1) as log:
        log.write(record("a"))
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*.partial")) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert texts_in(tmp_path) == []
    assert texts_in(tmp_path) == ["a"]
    assert not list(tmp_path.glob("*.partial"))


def test_no_record_of_many_threads_is_lost_or_doubled(tmp_path):
    def write(thread: int) -> None:
        for number in range(50):
            log.write(record(f"{thread}/{number}"))

    with RequestLog(str(tmp_path), sampling_rate=1, max_bytes=4000) as log:
        threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(texts_in(tmp_path)) == sorted(f"{t}/{n}" for t in range(8) for n in range(50))


def test_two_servers_may_share_a_directory(tmp_path):
    with (
        RequestLog(str(tmp_path), sampling_rate=1) as first,
        RequestLog(str(tmp_path), sampling_rate=1) as second,
    ):
        first.write(record("a"))
        second.write(record("b"))
    assert sorted(texts_in(tmp_path)) == ["a", "b"]


def test_records_that_cannot_be_written_are_counted_and_stop_nothing(tmp_path):
    directory = tmp_path / "log"
    with RequestLog(str(directory), sampling_rate=1) as log:
        shutil.rmtree(directory)
        log.write(record("lost"))
        deadline = time.monotonic() + 60
        while not log.dropped and time.monotonic() < deadline:
            time.sleep(0.01)
        assert log.dropped == 1
        directory.mkdir()
        log.write(record("kept"))
    assert texts_in(directory) == ["kept"]


def test_what_does_not_fit_into_memory_is_dropped_and_counted(tmp_path):
    with RequestLog(str(tmp_path), sampling_rate=1) as log:
        log.write(record("a" * 70_000_000))
        log.write(record("b"))
    assert log.dropped == 1
    assert texts_in(tmp_path) == ["b"]


def test_records_after_the_end_are_counted_as_dropped(tmp_path):
    log = RequestLog(str(tmp_path), sampling_rate=1)
    log.close()
    log.write(record("late"))
    assert log.dropped == 1
    assert texts_in(tmp_path) == []


def test_the_rate_is_the_share_of_requests_that_are_chosen(tmp_path):
    for rate, smallest, largest in ((0, 0, 0), (1, 1000, 1000), (0.5, 350, 650)):
        with RequestLog(str(tmp_path), sampling_rate=rate) as log:
            assert smallest <= sum(log.sampled() for _ in range(1000)) <= largest


def test_a_log_is_a_warm_up_file_too(tmp_path):
    with RequestLog(str(tmp_path / "log"), sampling_rate=1) as log:
        log.write(record("warm"))
    (file,) = (tmp_path / "log").iterdir()
    (tmp_path / "assets.extra").mkdir()
    file.rename(tmp_path / "assets.extra" / "tf_serving_warmup_requests")
    ((signature, inputs),) = read_warmup_requests(str(tmp_path))
    assert signature == "serving_default"
    assert inputs["text"].numpy().tolist() == [b"warm"]


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_a_share(tmp_path, rate):
    with pytest.raises(UsageError, match="a share from 0 to 1"):
        RequestLog(str(tmp_path), sampling_rate=rate)


def test_a_place_that_is_no_directory_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="file: File exists"):
        RequestLog(str(tmp_path / "file"), sampling_rate=1)


def test_a_damaged_file_is_named(tmp_path):
    with RequestLog(str(tmp_path), sampling_rate=1) as log:
        log.write(record("whole"))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(RunError, match=f"{file.name}: is damaged"):
        texts_in(tmp_path)


def test_reading_needs_a_directory(tmp_path):
    with pytest.raises(RunError, match="none: no such directory of logged requests"):
        texts_in(tmp_path / "none")
