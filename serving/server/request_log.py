"""A log of sampled requests with their answers, which open TensorFlow Serving lacks.

Its files are TFRecords of `PredictionLog`, as TensorFlow Serving's warm-up file is.
"""

from __future__ import annotations

import collections
import contextlib
import glob
import logging
import os
import random
import threading
import time
import uuid
from collections.abc import Iterator

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from ...errors import RunError, UsageError

# What waits for a slow disk at most.
_PENDING_BYTES = 64 * 2**20
# What a record costs in memory besides its bytes, roughly.
_RECORD_OVERHEAD = 200
_UNFINISHED = ".partial"

_log = logging.getLogger(__name__)


class RequestLog:
    """Writes requests to files without making them wait.

    A thread of its own writes. Where the disk cannot keep up or has no room, records are
    dropped and counted; the requests are answered all the same. A file has the ending
    `.partial` until it is whole.

    Args:
        directory: Receives `requests-TIME-….tfrecord`; made when needed.
        sampling_rate: Share of the requests that `sampled` chooses, 0 to 1.
        max_bytes: Size at which the next file is begun.
        max_seconds: Age at which a file is ended, so that a quiet server's requests can be
            read too.

    Attributes:
        dropped: Records that were not written.

    Raises:
        UsageError: If `sampling_rate` is no share.
        RunError: If nothing can be written to `directory`.

    Example:
        >>> with RequestLog("requests", sampling_rate=0.1) as log:
        ...     if log.sampled():
        ...         exchange = prediction_log_pb2.PredictLog(request=asked, response=answered)
        ...         log.write(prediction_log_pb2.PredictionLog(predict_log=exchange))
    """

    def __init__(
        self,
        directory: str,
        *,
        sampling_rate: float,
        max_bytes: int = 64 * 2**20,
        max_seconds: float = 600,
    ):
        if not 0 <= sampling_rate <= 1:
            raise UsageError(f"the sampling rate is {sampling_rate}; it is a share from 0 to 1")
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise RunError(f"{directory}: {error.strerror}") from None
        if not os.access(directory, os.W_OK | os.X_OK):
            raise RunError(f"{directory}: requests cannot be logged here: permission denied")
        self.dropped = 0
        self._sampling_rate = sampling_rate
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._pending: collections.deque[bytes] = collections.deque()
        self._pending_bytes = 0
        self._closed = False
        self._changed = threading.Condition()
        self._files = _RotatedFiles(directory)
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def sampled(self) -> bool:
        """Draws whether the request at hand shall be logged, before anything is made for it."""
        return random.random() < self._sampling_rate

    def write(self, log: prediction_log_pb2.PredictionLog) -> None:
        """Hands a record to the writing thread.

        Args:
            log: A request with its answer. Its `log_metadata` is filled with the time and the
                sampling rate here.
        """
        log.log_metadata.timestamp_secs = int(time.time())
        log.log_metadata.sampling_config.sampling_rate = self._sampling_rate
        record = log.SerializeToString()
        size = len(record) + _RECORD_OVERHEAD
        with self._changed:
            if self._closed or self._pending_bytes + size > _PENDING_BYTES:
                self.dropped += 1
                return
            self._pending.append(record)
            self._pending_bytes += size
            self._changed.notify()

    def close(self) -> None:
        """Writes what is pending, ends the last file, and says in the log what was dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        if self.dropped:
            _log.warning("%d sampled requests were not logged", self.dropped)

    def __enter__(self) -> RequestLog:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed, self._wait())
                records, self._pending = self._pending, collections.deque()
                self._pending_bytes = 0
                closed = self._closed
            self._write(records, end=closed)
            if closed:
                return

    def _wait(self) -> float | None:
        """Seconds until the open file has its age."""
        age = self._files.age
        return None if age is None else max(0.0, self._max_seconds - age)

    def _write(self, records: collections.deque[bytes], end: bool) -> None:
        try:
            while records:
                self._files.append(records.popleft())
                if self._files.size >= self._max_bytes:
                    self._files.end()
            if end or self._wait() == 0:
                self._files.end()
        except (OSError, tf.errors.OpError) as error:
            lost = self._files.discard() + len(records)
            with self._changed:
                self.dropped += lost
            _log.warning("%d logged requests are lost: %s", lost, error)


class _RotatedFiles:
    """One file after the other, of which at most one is open."""

    _writer: tf.io.TFRecordWriter | None
    _records: int
    size: int

    def __init__(self, directory: str):
        self._directory = directory
        # Servers in several containers may share the directory.
        self._writer_id = uuid.uuid4().hex[:8]
        self._count = 0
        self._begin()

    @property
    def age(self) -> float | None:
        """Seconds since the open file was begun; None where none is open."""
        return time.monotonic() - self._begun if self._writer else None

    def append(self, record: bytes) -> None:
        self._records += 1
        if self._writer is None:
            now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            name = f"requests-{now}-{self._writer_id}-{self._count:06d}.tfrecord"
            self._path = os.path.join(self._directory, name)
            self._begun = time.monotonic()
            self._count += 1
            self._writer = tf.io.TFRecordWriter(self._path + _UNFINISHED)
        self._writer.write(record)
        # Length and checksums take 16 bytes.
        self.size += len(record) + 16

    def end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            os.rename(self._path + _UNFINISHED, self._path)
        self._begin()

    def discard(self) -> int:
        """Removes the open file, which frees its room on a full disk; returns its records."""
        lost = self._records
        with contextlib.suppress(OSError, tf.errors.OpError):
            if self._writer is not None:
                self._writer.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path + _UNFINISHED)
        self._begin()
        return lost

    def _begin(self) -> None:
        self._writer = None
        self._records = 0
        self.size = 0


def read_request_log(directory: str) -> Iterator[prediction_log_pb2.PredictionLog]:
    """Reads what servers have logged, the oldest file first.

    Args:
        directory: As given to `RequestLog`. A file that is still being written is left out.

    Yields:
        Each record.

    Raises:
        RunError: If there is no such directory, or a file of it is damaged.

    Example:
        >>> sum(1 for log in read_request_log("requests") if log.HasField("predict_log"))
        128
    """
    if not os.path.isdir(directory):
        raise RunError(f"{directory}: no such directory of logged requests")
    for path in sorted(glob.glob(os.path.join(glob.escape(directory), "requests-*.tfrecord"))):
        try:
            for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
                yield prediction_log_pb2.PredictionLog.FromString(record)
        except (tf.errors.DataLossError, DecodeError):
            raise RunError(f"{path}: is damaged; remove it to read the others") from None
