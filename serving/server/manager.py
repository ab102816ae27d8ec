"""Loading and unloading of model versions while requests go on."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2

from ..status import Code, ServingError
from .servable import Servable, as_serving_error
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
        labels: Versions by the labels that requests may name them by.
    """

    name: str
    base_path: str
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def chooses_like(self, other: ModelConfig) -> bool:
        """Whether both find the same versions on any disk."""
        return (self.base_path, self.policy) == (other.base_path, other.policy)


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
        self.warned = False
        self.seen: dict[int, Snapshot] = {}
        # Whether it has answered requests at any time.
        self.arrived = False
        # Whether the configuration names it no more; it stays until what replaces it is there.
        self.leaving = False
        # Whether what a changed configuration asks for has not been seen on disk yet.
        self.unmet = False

    def available(self) -> dict[int, _Version]:
        return {
            v: version for v, version in self.versions.items() if version.state == State.AVAILABLE
        }

    def settled(self) -> bool:
        """Whether a version was found and each chosen one is available or has failed."""
        chosen = [self.versions[v] for v in self.aspired]
        return bool(chosen) and all(v.state == State.AVAILABLE or v.failed for v in chosen)

    def absence(self) -> str:
        """What to say when nothing that is asked for lies on disk."""
        wanted = " or ".join(map(str, sorted(self.config.policy.specific)))
        return (
            f"No {f'version {wanted}' if wanted else 'versions'} of servable {self.config.name} "
            f"found under base path {self.config.base_path}"
        )

    def shortcomings(self) -> list[str]:
        """Why it does not answer requests, in TensorFlow Serving's form."""
        name = self.config.name
        tried = [(number, v) for number, v in self.versions.items() if v.state != State.AVAILABLE]
        if not tried:
            return [f"{{name: {name}}} due to error: NOT_FOUND: {self.absence()}"]
        return [
            f"{{name: {name} version: {number}}} due to error: "
            + (f"{v.error.code.name}: {v.error.message}" if v.error else "UNAVAILABLE: not loaded")
            for number, v in tried
        ]


class ModelManager:
    """Keeps the versions that the file system and the configuration ask for loaded.

    A new version is loaded and warmed up before an old one goes, and an old one goes when its
    last request has been answered. A version directory counts only when it is complete and
    nobody writes to it any more. A version that fails to load is tried again when its files
    change. In the same way a model that the configuration no longer names goes when every model
    that it does name answers requests, so a configuration that cannot be met takes nothing away.

    Args:
        load: Gives a servable for a model's name, version and directory, or raises.
        policy: How models are looked for and loaded.

    Example:
        >>> with ModelManager(load, LoadPolicy()) as manager:
        ...     starting = manager.serve([ModelConfig("reviews", "/models/reviews")])
        ...     manager.wait_until_available(starting)
        ...     with manager.lease("reviews") as servable:
        ...         servable.version
        1790000000
    """

    def __init__(self, load: Callable[[str, int, str], Servable], policy: LoadPolicy):
        self._load = load
        self._policy = policy
        self._models: dict[str, _Model] = {}
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._waiting_is_over = False
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
        with self._changed:
            self._stopped.set()
        self.stop_waiting()
        self._poller.join()
        self._loaders.shutdown(cancel_futures=True)
        with self._changed:
            for model in self._models.values():
                self._unload(model, model.available())
        self._unloaders.shutdown()

    def serve(self, configs: Sequence[ModelConfig]) -> list[str]:
        """Serves these models, and no others once they are there; returns before that.

        Args:
            configs: The models; their names differ.

        Returns:
            Names of those that have not answered requests yet.
        """
        with self._changed:
            names = {config.name for config in configs}
            dropped = {n for n, model in self._models.items() if not model.leaving} - names
            for name, model in self._models.items():
                model.leaving = name not in names
            for config in configs:
                model = self._models.setdefault(config.name, _Model(config))
                if not model.config.chooses_like(config):
                    model.unmet, model.warned, model.seen = True, False, {}
                model.config = config
            self._let_go()
            if kept := sorted(dropped & self._models.keys()):
                _LOG.info("Serving %s until all that is new is available", ", ".join(kept))
            # Others wait for models that may be gone by now.
            self._changed.notify_all()
        self._look(always=True)
        with self._changed:
            models = [self._models.get(config.name) for config in configs]
            return [model.config.name for model in models if model and not model.arrived]

    def wait_until_available(self, names: Sequence[str], timeout: float | None = None) -> None:
        """Blocks until each of these models answers requests.

        Args:
            names: Of models that `serve` was given; others are not waited for.
            timeout: Seconds after which to give up, or None for never. The models go on being
                looked for and loaded.

        Raises:
            ServingError: Models of which no version could be loaded, or none in time (UNKNOWN);
                a later call of `serve` has dropped some of them (ABORTED); or `stop_waiting`
                was called (UNAVAILABLE).
        """
        with self._changed:
            models = {name: self._models[name] for name in names if name in self._models}

            def dropped() -> list[str]:
                return [
                    name
                    for name, model in models.items()
                    if model.leaving or self._models.get(name) is not model
                ]

            self._changed.wait_for(
                lambda: (
                    self._waiting_is_over
                    or dropped()
                    or all(model.settled() for model in models.values())
                ),
                timeout,
            )
            if gone := dropped():
                raise ServingError(
                    Code.ABORTED, f"A later configuration does without {', '.join(gone)}"
                )
            missing = [model for model in models.values() if not model.available()]
            reasons = [reason for model in missing for reason in model.shortcomings()]
            if missing and self._waiting_is_over:
                raise ServingError(Code.UNAVAILABLE, "The server is stopping")
        if missing:
            raise ServingError(
                Code.UNKNOWN,
                f"{len(missing)} model(s) did not become available: {{{', '.join(reasons)}}}",
            )

    def stop_waiting(self) -> None:
        """Ends each `wait_until_available`, those to come included."""
        with self._changed:
            self._waiting_is_over = True
            self._changed.notify_all()

    def names(self) -> list[str]:
        """The models that are served, by their names."""
        with self._changed:
            return sorted(name for name, model in self._models.items() if not model.leaving)

    def labels(self, name: str) -> Mapping[str, int]:
        """Versions of a model by their labels; none of a model that is not served."""
        with self._changed:
            model = self._models.get(name)
            return model.config.labels if model else {}

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
            number = max(available, default=-1) if version is None else version
            chosen = available.get(number)
            if chosen is None or chosen.servable is None:
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
                config = model.config
                try:
                    found = self._find(model)
                except tf.errors.OpError as error:
                    if not model.warned:
                        _LOG.warning("%s: %s; waiting for it", config.name, error.message)
                    model.warned = True
                    continue
                chosen = config.policy.choose(found)
                seen = config.policy.choose(model.seen)
                if not (chosen or seen or model.warned):
                    _LOG.warning("%s; waiting for one", model.absence())
                    model.warned = True
                with self._changed:
                    # While this thread looked, another may have brought a configuration.
                    if self._models.get(config.name) is model and model.config == config:
                        self._aspire(model, chosen)

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
        if model.unmet and not chosen and model.available():
            # What is served goes when its files do, but not for what was never there.
            return
        if chosen:
            model.unmet = model.warned = False
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

    def _let_go(self) -> None:
        """Drops what the configuration no longer names, if there is something in its place."""
        staying = [model for model in self._models.values() if not model.leaving]
        complete = all(model.available() for model in staying)
        for name, model in list(self._models.items()):
            if model.leaving and (complete or not model.available()):
                del self._models[name]
                model.aspired.clear()
                self._unload(model, model.available())

    def _bring_up(self, model: _Model, number: int, version: _Version, attempt: int = 1) -> None:
        """Loads a version; has it tried again later when it fails."""
        name = model.config.name
        attempts = self._policy.max_num_load_retries + 1
        with self._changed:
            wanted = number in model.aspired and not self._stopped.is_set()
            version.state = State.LOADING if wanted else State.END
            self._changed.notify_all()
        if not wanted:
            return
        try:
            version.servable = self._load(name, number, version.directory)
        except Exception as caught:
            error = as_serving_error(caught)
            _LOG.error(
                "Loading servable: {name: %s version: %d} failed: %s: %s (attempt %d of %d)",
                *(name, number, error.code.name, error.message, attempt, attempts),
            )
            with self._changed:
                version.error = error
                if attempt == attempts:
                    version.state = State.END
                    self._retire(model)
                self._changed.notify_all()
            if attempt < attempts:
                self._bring_up_later(model, number, version, attempt + 1)
            return
        _LOG.info("Successfully loaded servable version {name: %s version: %d}", name, number)
        with self._changed:
            version.state, version.error = State.AVAILABLE, None
            model.arrived = True
            self._retire(model)
            self._let_go()
            self._changed.notify_all()

    def _bring_up_later(self, *arguments) -> None:
        """Tries again after a while, in which other versions may be loaded."""

        def again() -> None:
            with self._changed:
                if not self._stopped.is_set():
                    self._loaders.submit(self._bring_up, *arguments)

        timer = threading.Timer(self._policy.load_retry_interval_micros * 1e-6, again)
        timer.daemon = True
        timer.start()

    def _unload(self, model: _Model, versions: dict[int, _Version]) -> None:
        for number, version in versions.items():
            version.state = State.UNLOADING
            self._unloaders.submit(self._take_down, model, number, version)

    def _take_down(self, model: _Model, number: int, version: _Version) -> None:
        with self._changed:
            self._changed.wait_for(lambda: version.users == 0)
        if version.servable is not None:
            version.servable.close()
        version.servable = None
        _LOG.info("Unloaded servable version {name: %s version: %d}", model.config.name, number)
        self._set(version, State.END)

    def _set(self, version: _Version, state: int) -> None:
        with self._changed:
            version.state = state
            self._changed.notify_all()
