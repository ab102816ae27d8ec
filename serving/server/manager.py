"""Loading and unloading of model versions while requests go on."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2

from .servable import Servable, as_serving_error
from .status import Code, ServingError
from .versions import Snapshot, VersionPolicy, list_versions, take_snapshot

State = get_model_status_pb2.ModelVersionStatus
_LOG = logging.getLogger("reviewlens.serve")
# Seconds without a change after which a directory seen for the first time counts as complete.
_SETTLED_AFTER = 2.0


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model that shall be served.

    Attributes:
        name: What requests call it.
        base_path: Directory of its version directories.
        policy: Which versions to serve.
    """

    name: str
    base_path: str
    policy: VersionPolicy = VersionPolicy()


@dataclasses.dataclass(frozen=True)
class LoadPolicy:
    """How models are looked for and loaded; the flags of the same names.

    Attributes:
        file_system_poll_wait_seconds: Seconds between two looks at the base paths; 0 looks
            once, a negative number never.
        num_load_threads: Versions that are loaded at the same time.
        max_num_load_retries: How often loading is tried again.
        load_retry_interval_micros: Microseconds before that.
    """

    file_system_poll_wait_seconds: float = 1.0
    num_load_threads: int = 1
    max_num_load_retries: int = 5
    load_retry_interval_micros: int = 60_000_000


class _Version:
    """One version of a model, from the moment it was chosen on."""

    def __init__(self, directory: str, snapshot: Snapshot):
        self.directory = directory
        self.snapshot = snapshot
        self.state: int = State.START
        self.error: ServingError | None = None
        self.servable: Servable | None = None
        self.users = 0

    @property
    def failed(self) -> bool:
        """Whether it will not be tried again; until then, `error` is that of the last attempt."""
        return self.state == State.END and self.error is not None


class _Model:
    def __init__(self, config: ModelConfig):
        self.config = config
        self.versions: dict[int, _Version] = {}
        self.aspired: set[int] = set()
        self.looked = False
        self.seen: dict[int, Snapshot] = {}

    def available(self) -> dict[int, _Version]:
        return {
            v: version for v, version in self.versions.items() if version.state == State.AVAILABLE
        }

    def settled(self) -> bool:
        """Whether a version was found and each chosen one is available or has failed."""
        chosen = [self.versions[v] for v in self.aspired]
        return bool(chosen) and all(v.state == State.AVAILABLE or v.failed for v in chosen)


class ModelManager:
    """Keeps the versions that the file system and the configuration ask for loaded.

    A new version is loaded and warmed up before an old one goes, and an old one goes when its
    last request has been answered. A version directory counts only when it is complete and
    nobody writes to it any more. A version that fails to load is tried again when its files
    change.

    Args:
        load: Gives a servable for a model's name, version and directory, or raises.
        policy: How models are looked for and loaded.

    Example:
        >>> with ModelManager(load, LoadPolicy()) as manager:
        ...     manager.serve([ModelConfig("reviews", "/models/reviews")])
        ...     manager.wait_until_available(["reviews"])
        ...     with manager.lease("reviews") as servable:
        ...         servable.version
        1
    """

    def __init__(self, load: Callable[[str, int, str], Servable], policy: LoadPolicy):
        self._load = load
        self._policy = policy
        self._models: dict[str, _Model] = {}
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._loaders = concurrent.futures.ThreadPoolExecutor(
            policy.num_load_threads or 1, thread_name_prefix="load"
        )
        self._unloaders = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="unload")
        # One look at a time: the poll and a new configuration may want it at once.
        self._looking = threading.Lock()
        self._poller = threading.Thread(target=self._poll, name="poll", daemon=True)

    def __enter__(self) -> ModelManager:
        self._poller.start()
        return self

    def __exit__(self, *exception) -> None:
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
        self._poller.join()
        self._loaders.shutdown(cancel_futures=True)
        with self._changed:
            for model in self._models.values():
                self._unload(model, model.available())
        self._unloaders.shutdown()

    def serve(self, configs: Sequence[ModelConfig]) -> None:
        """Serves these models and no others; returns before they are loaded.

        Args:
            configs: The models; their names differ.
        """
        with self._changed:
            names = {config.name for config in configs}
            for name in set(self._models) - names:
                model = self._models.pop(name)
                model.aspired.clear()
                self._unload(model, model.available())
            for config in configs:
                self._models.setdefault(config.name, _Model(config)).config = config
        self._look(always=True)

    def wait_until_available(self, names: Sequence[str]) -> None:
        """Blocks until each of these models answers requests.

        Args:
            names: Of models that `serve` was given; others are not waited for.

        Raises:
            ServingError: Models of which no version could be loaded.
        """
        with self._changed:
            models = {name: self._models[name] for name in names if name in self._models}
            self._changed.wait_for(
                lambda: self._stopped.is_set() or all(m.settled() for m in models.values())
            )
            failures = [
                f"{{name: {name} version: {number}}} due to error: "
                f"{version.error.code.name}: {version.error.message}"
                for name, model in models.items()
                if not model.available()
                for number, version in model.versions.items()
                if version.failed
            ]
        if failures:
            raise ServingError(
                Code.UNKNOWN,
                f"{len(failures)} model(s) did not become available: {{{', '.join(failures)}}}",
            )

    @contextlib.contextmanager
    def lease(self, name: str, version: int | None = None) -> Iterator[Servable]:
        """Keeps a version loaded while a request is at work.

        Args:
            name: Name of the model.
            version: Its version, or None for the highest that is available.

        Yields:
            The version.

        Raises:
            ServingError: There is no such model, or no such version (NOT_FOUND).
        """
        with self._changed:
            model = self._models.get(name)
            available = model.available() if model else {}
            number = max(available, default=None) if version is None else version
            chosen = available.get(number)
            if chosen is None:
                wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
                raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {wanted}")
            chosen.users += 1
        try:
            yield chosen.servable
        finally:
            with self._changed:
                chosen.users -= 1
                if not chosen.users:
                    self._changed.notify_all()

    def states(self, name: str) -> dict[int, tuple[int, ServingError | None]]:
        """State, and error if it failed, of each version of a model that there ever was."""
        with self._changed:
            model = self._models.get(name)
            versions = model.versions if model else {}
            return {number: (v.state, v.error) for number, v in versions.items()}

    def _poll(self) -> None:
        seconds = self._policy.file_system_poll_wait_seconds
        if seconds <= 0:
            return
        while not self._stopped.wait(seconds):
            try:
                self._look()
            except Exception:
                # A server that no longer sees new versions would be worse.
                _LOG.exception("Looking for new versions failed")

    def _look(self, always: bool = False) -> None:
        """Looks at the base paths and starts whatever follows from what is there."""
        if self._policy.file_system_poll_wait_seconds < 0 and not always:
            return
        with self._looking:
            for model in list(self._models.values()):
                try:
                    found = self._find(model)
                except tf.errors.OpError as error:
                    if not model.looked:
                        _LOG.warning("%s: %s; waiting for it", model.config.name, error.message)
                    model.looked = True
                    continue
                if not found and not model.seen and not (model.looked and not model.versions):
                    _LOG.warning(
                        "No versions of servable %s found under base path %s; waiting for one",
                        model.config.name,
                        model.config.base_path,
                    )
                model.looked = True
                with self._changed:
                    if self._models.get(model.config.name) is model:
                        self._aspire(model, model.config.policy.choose(found))

    def _find(self, model: _Model) -> dict[int, str]:
        """The versions on disk that are complete, and those that were chosen before."""
        found = list_versions(model.config.base_path)
        complete = {}
        for number, directory in found.items():
            known = model.versions.get(number)
            if known and known.state != State.END:
                complete[number] = directory
                continue
            before, now = model.seen.get(number), take_snapshot(directory)
            model.seen[number] = now
            if (known and known.failed) or now.settled(before, time.time(), _SETTLED_AFTER):
                complete[number] = directory
        model.seen = {number: s for number, s in model.seen.items() if number in found}
        return complete

    def _aspire(self, model: _Model, chosen: dict[int, str]) -> None:
        """Loads what is chosen and new; the rest goes when there is something to replace it."""
        model.aspired = set(chosen)
        for number, directory in chosen.items():
            known = model.versions.get(number)
            snapshot = model.seen.get(number)
            if known is None or (
                known.state == State.END and not (known.failed and known.snapshot == snapshot)
            ):
                version = _Version(directory, snapshot or take_snapshot(directory))
                model.versions[number] = version
                self._loaders.submit(self._bring_up, model, number, version)
        self._retire(model)

    def _retire(self, model: _Model) -> None:
        available = model.available()
        if model.aspired and not (model.settled() and available.keys() & model.aspired):
            return
        self._unload(model, {v: available[v] for v in available.keys() - model.aspired})

    def _bring_up(self, model: _Model, number: int, version: _Version) -> None:
        """Loads a version, trying again when it fails."""
        name = model.config.name
        self._set(version, State.LOADING)
        for attempt in range(self._policy.max_num_load_retries + 1):
            if attempt:
                self._stopped.wait(self._policy.load_retry_interval_micros * 1e-6)
            with self._changed:
                if self._stopped.is_set() or number not in model.aspired:
                    version.state = State.END
                    return
            try:
                version.servable = self._load(name, number, version.directory)
            except Exception as caught:
                version.error = error = as_serving_error(caught)
                _LOG.error(
                    "Loading servable: {name: %s version: %d} failed: %s: %s (attempt %d of %d)",
                    *(name, number, error.code.name, error.message),
                    *(attempt + 1, self._policy.max_num_load_retries + 1),
                )
                continue
            _LOG.info("Successfully loaded servable version {name: %s version: %d}", name, number)
            with self._changed:
                version.state, version.error = State.AVAILABLE, None
                self._retire(model)
                self._changed.notify_all()
            return
        with self._changed:
            version.state = State.END
            self._retire(model)
            self._changed.notify_all()

    def _unload(self, model: _Model, versions: dict[int, _Version]) -> None:
        for number, version in versions.items():
            version.state = State.UNLOADING
            self._unloaders.submit(self._take_down, model, number, version)

    def _take_down(self, model: _Model, number: int, version: _Version) -> None:
        with self._changed:
            self._changed.wait_for(lambda: version.users == 0)
        version.servable.close()
        version.servable = None
        _LOG.info("Unloaded servable version {name: %s version: %d}", model.config.name, number)
        self._set(version, State.END)

    def _set(self, version: _Version, state: int) -> None:
        with self._changed:
            version.state = state
            self._changed.notify_all()
