"""Who runs the Beam nodes, and with which of Beam's options, here and on Kubeflow alike."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import json
import re
import socket
from collections.abc import Iterator, Mapping

from ..errors import RunError, UsageError
from .nearest import nearest

OptionValue = str | int | float | bool | tuple[str, ...] | Mapping[str, str]

# Beam's DirectRunner would download Prism and run that wherever it finds a network, with other
# error messages than offline. The one named here is in the package and does the same work.
RUNNERS = {
    "direct": "FnApiRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "dataflow": "DataflowRunner",
    "portable": "PortableRunner",
}
ENVIRONMENTS = ("DOCKER", "PROCESS", "EXTERNAL", "LOOPBACK")
# Any one of them configures the environment; Beam refuses two.
_ENVIRONMENT = {"environment_config", "environment_option", "environment_options"}
_WITH_JOB_SERVICE = ("flink", "spark", "portable")
# What the other runners read and the direct one silently ignores.
_NOT_DIRECT = ("dataflow_", "environment_", "flink_", "job_", "spark_")
_IMAGES = ("sdk_container_image", "worker_harness_container_image")
# Unless an image is named, TFX packs itself up anew for every node, whoever needs it.
_NO_IMAGE = "unused"
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):([0-9]{1,5})")
_LOCAL_FLINK = re.compile(r"\[(local|auto)\]")
_LOCAL_SPARK = re.compile(r"local(\[.+\])?")
_CONNECT_SECONDS = 5.0


@dataclasses.dataclass(frozen=True)
class BeamSettings:
    """How the nodes that use Beam are executed.

    Attributes:
        runner: `direct` (in this process), `flink`, `spark`, `dataflow`, or `portable` for
            any other job service.
        options: Beam's pipeline options, without their dashes. A list repeats an option; a
            mapping is handed over as JSON.
    """

    runner: str = "direct"
    options: Mapping[str, OptionValue] = dataclasses.field(default_factory=dict)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if "runner" in self.options:
            yield "options.runner", "is not set here; use beam.runner"
        if self.runner not in RUNNERS:
            yield "runner", f"is {self.runner!r}; {nearest(self.runner, RUNNERS)}"
        elif self.runner == "direct":
            for name in self.options:
                if name.startswith(_NOT_DIRECT):
                    choice = ", ".join(other for other in RUNNERS if other != "direct")
                    yield (
                        f"options.{name}",
                        f"is not read by the direct runner; set beam.runner to one of {choice}",
                    )
        else:
            yield from self._place_problems()
            if self.runner in _WITH_JOB_SERVICE:
                yield from self._worker_problems()

    def _place_problems(self) -> Iterator[tuple[str, str]]:
        """Where the jobs go."""
        given = {name for name, value in self.options.items() if value}
        reached = "job_endpoint" in given
        if self.runner == "portable" and not reached:
            yield "options.job_endpoint", "is missing; give HOST:PORT of Beam's job service"
        elif self.runner == "flink" and not (reached or "flink_master" in given):
            yield (
                "options.flink_master",
                "is missing; give Flink's address, such as http://flink:8081, or the "
                "job_endpoint of its Beam job server",
            )
        elif self.runner == "spark" and "spark_submit_uber_jar" in given:
            if not (reached or "spark_rest_url" in given):
                yield (
                    "options.spark_rest_url",
                    "is missing; spark_submit_uber_jar needs it, such as http://spark:6066",
                )
        elif self.runner == "spark" and not (reached or "spark_master_url" in given):
            yield (
                "options.spark_master_url",
                "is missing; give Spark's address, such as spark://spark:7077, or the "
                "job_endpoint of its Beam job server",
            )
        elif self.runner == "dataflow":
            for name in ("project", "region", "temp_location"):
                if name not in given:
                    yield f"options.{name}", "is missing; the dataflow runner needs it"
            for name in ("temp_location", "staging_location"):
                place = self.options.get(name)
                if place and not str(place).startswith("gs://"):
                    yield f"options.{name}", f"is {place!r}; it is a folder such as gs://bucket/tmp"
        endpoint = self.options.get("job_endpoint") or "embed"
        if endpoint != "embed" and not _ADDRESS.fullmatch(str(endpoint)):
            yield "options.job_endpoint", f"is {endpoint!r}; it is HOST:PORT, such as flink:8099"

    def _worker_problems(self) -> Iterator[tuple[str, str]]:
        """Where the code runs."""
        kind = str(self.options.get("environment_type", "DOCKER"))
        if kind not in ENVIRONMENTS and not kind.startswith("beam:env:"):
            hint = nearest(kind.upper(), ENVIRONMENTS)
            yield "options.environment_type", f"is {kind!r}; {hint}"
        needed = {"EXTERNAL": "HOST:PORT of a worker pool", "PROCESS": "the command of a worker"}
        if kind in needed and not any(self.options.get(name) for name in _ENVIRONMENT):
            yield "options.environment_config", f"is missing; {kind} needs {needed[kind]}"


def beam_arguments(settings: BeamSettings, image: str | None = None) -> list[str]:
    """Writes settings as the flags that TFX hands to Beam.

    The cache compares them, so equal settings give equal flags, whatever their order.

    Args:
        settings: Checked ones.
        image: The container image that holds this package, where one is known; workers in
            containers run in it unless the options name another.

    Returns:
        The flags, a new list at each call.

    Raises:
        UsageError: If workers in containers need an image and none is known.

    Example:
        >>> beam_arguments(BeamSettings())
        ['--runner=FnApiRunner', '--sdk_container_image=unused']
    """
    options = dict(settings.options)
    in_containers = _in_containers(settings)
    named = next((options[name] for name in _IMAGES if name in options), None)
    if named is None:
        if in_containers and image is None:
            raise UsageError(
                "beam.options.sdk_container_image: is missing; the workers need an image that "
                "holds this package, made from pipeline/Dockerfile"
            )
        named = options["sdk_container_image"] = image if in_containers and image else _NO_IMAGE
    if in_containers and settings.runner in _WITH_JOB_SERVICE and not _ENVIRONMENT & set(options):
        # These runners take the image of their workers from here only.
        options["environment_config"] = named
    flags = (flag for name in sorted(options) for flag in _flags(name, options[name]))
    return [f"--runner={RUNNERS[settings.runner]}", *flags]


def check_beam_options(settings: BeamSettings) -> None:
    """Refuses options that the installed Beam does not know: it would silently drop them.

    Args:
        settings: Checked ones.

    Raises:
        UsageError: For an option that Beam does not know or whose value it does not take; one
            line for each of them.
    """
    if not settings.options:
        return
    parser = _beam_parser()
    actions = {
        option.removeprefix("--"): action
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and action.dest != "help"
    }
    problems = {
        name: _problem(name, value, settings.runner, parser, actions)
        for name, value in settings.options.items()
    }
    lines = [f"beam.options.{name}: {problem}" for name, problem in problems.items() if problem]
    if lines:
        raise UsageError("\n".join(lines))


def check_runs_here(settings: BeamSettings) -> None:
    """Refuses what cannot work for a run on this machine, before it begins.

    Args:
        settings: Checked ones.

    Raises:
        UsageError: If the workers are in Dataflow, which does not see the files of this machine.
        RunError: If nobody listens at `job_endpoint`; Beam itself waits five minutes for that.
    """
    if settings.runner == "dataflow":
        raise UsageError(
            "beam.runner: dataflow does not see the files of this machine; compile the pipeline "
            "with a gs:// root (reviewlens compile), or choose another runner for a run here"
        )
    address = _ADDRESS.fullmatch(str(settings.options.get("job_endpoint")))
    if not address:
        return
    try:
        target = address[1].strip("[]"), int(address[2])
        socket.create_connection(target, timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise RunError(
            f"beam.options.job_endpoint: nobody can be reached at {address[0]} "
            f"({getattr(error, 'strerror', None) or error}); start Beam's job service there or "
            "put the address right"
        ) from None


def _in_containers(settings: BeamSettings) -> bool:
    """Whether the workers run in containers that the runner starts."""
    options = settings.options
    if settings.runner in ("direct", "dataflow"):
        return settings.runner == "dataflow"
    if kind := options.get("environment_type"):
        return kind == "DOCKER"
    # Beam's own defaults for a Flink or Spark that it starts itself.
    if settings.runner == "flink":
        return not _LOCAL_FLINK.fullmatch(str(options.get("flink_master", "[auto]")))
    if settings.runner == "spark":
        return not _LOCAL_SPARK.fullmatch(str(options.get("spark_master_url", "local[4]")))
    return True


def _beam_parser() -> argparse.ArgumentParser:
    from apache_beam.options.pipeline_options import PipelineOptions

    parsers: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    parsers[0].exit_on_error = False
    return parsers[0]


def _problem(
    name: str,
    value: OptionValue,
    runner: str,
    parser: argparse.ArgumentParser,
    actions: Mapping[str, argparse.Action],
) -> str | None:
    action = actions.get(name)
    if action is None:
        has_more = runner in _WITH_JOB_SERVICE
        # A job service has options of its own, which only the start of the job tells.
        close = difflib.get_close_matches(name, actions, n=1, cutoff=0.8 if has_more else 0.6)
        if close:
            return f"is no option of Beam; did you mean {close[0]}?"
        return None if has_more else "is no option of Beam"
    if action.nargs == 0 and not isinstance(value, bool):
        return f"is {value!r}; it is true or false"
    if action.nargs != 0 and isinstance(value, bool):
        return f"is {str(value).lower()}; it takes a value"
    opposite = f"no_{name}"
    if value is False and opposite in actions:
        return f"false changes nothing; set {opposite}: true"
    try:
        parser.parse_known_args(_flags(name, value))
    except argparse.ArgumentError as error:
        return error.message
    return None


def _flags(name: str, value: OptionValue) -> list[str]:
    match value:
        case bool():
            return [f"--{name}"] if value else []
        case tuple():
            return [f"--{name}={item}" for item in value]
        case Mapping():
            return [f"--{name}={json.dumps(value, sort_keys=True)}"]
        case _:
            return [f"--{name}={value}"]
