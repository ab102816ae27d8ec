"""What `review-example-gen` does when it runs."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from ...errors import RunError
from ...files import FORMATS, InputFile, open_file, whole_folder
from ...progress import notify
from ..beam_reports import run_for_reports
from ..split_files import place_parts
from ..task_registry import TASKS, text_as_given
from .accounting import (
    KINDS,
    Report,
    add_up,
    check_complete,
    check_kept,
    check_kinds_of_task,
    check_rejected,
    named_kinds,
)
from .finding import settled_files
from .settings import MAJORITY, SOFT, SPLITS, DataSettings, from_json
from .transforms import LearntTask, ReadReviews, Task, plan_tasks


class Executor(BaseBeamExecutor):
    """Reads the files with Beam, checks what came of them, and puts the artifacts in place."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifacts `examples` and `rejected`.

        Args:
            input_dict: Empty.
            output_dict: `examples` and `rejected`, one artifact each.
            exec_properties: `input`, `settings`, `task` and
                `rejected_dir` of the component.

        Raises:
            RunError: The files cannot be read, or too little of them can be learnt from.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = from_json(exec_properties["settings"], input=exec_properties["input"])
        learnt = _learnt(exec_properties["task"], settings)
        settled = settled_files(settings)
        for line in settled.lines:
            notify(line)
        files = [_found_anywhere(file) for file in settled.files]
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        rejected = artifact_utils.get_single_instance(output_dict["rejected"])

        parts = os.path.join(examples.uri, "parts")
        fileio.makedirs(parts)
        try:
            reports = self._run_pipeline(plan_tasks(files), settings, learnt, parts)
            report = add_up(reports, len(learnt.kinds))
            check_complete(report)
            if not report.read:
                raise RunError(_why_no_rows(files))
            place_parts(report.rejected_paths, rejected.uri, "rejected", ".jsonl")
            if exec_properties.get("rejected_dir"):
                with whole_folder(exec_properties["rejected_dir"], replace=True) as folder:
                    for name in fileio.listdir(rejected.uri):
                        fileio.copy(os.path.join(rejected.uri, name), os.path.join(folder, name))
            check_rejected(report, settings.max_reject_fraction)
            check_kept(report)
            check_kinds_of_task(exec_properties["task"], report, settings)
            for split in SPLITS:
                folder = os.path.join(examples.uri, f"Split-{split}")
                place_parts(report.shards[split], folder, "data_tfrecord", ".gz")
        except OSError as error:
            raise RunError(f"{error.filename or examples.uri}: {error.strerror or error}") from None
        finally:
            fileio.rmtree(parts)

        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        examples_utils.set_file_format(examples, "tfrecords_gzip")
        for artifact in (examples, rejected):
            for name, count in report.counts().items():
                artifact.set_int_custom_property(name, count)
            named = json.dumps(named_kinds(report, learnt.kinds))
            artifact.set_string_custom_property(KINDS, named)

    def _run_pipeline(
        self, tasks: list[Task], settings: DataSettings, learnt: LearntTask, parts: str
    ) -> list[Report]:
        work = "ReadReviews" >> ReadReviews(tasks, settings, learnt, parts)
        reports = run_for_reports(self._make_beam_pipeline(), work, parts)
        if len(reports) != len(tasks):
            raise RunError(
                f"Beam did {len(reports)} of {len(tasks)} parts of the input; run again, and if "
                "that does not help, report it as a bug in reviewlens"
            )
        return [Report.from_json(report) for report in reports]


def _learnt(task: str, settings: DataSettings) -> LearntTask:
    """What the rows shall become, by the name of the task."""
    data, examples = TASKS.load(task, "data"), TASKS.load(task, "examples")
    kinds = tuple(data.kinds(settings))
    grades, contradictory = range(len(kinds)), settings.contradictory
    if hasattr(data, "grades"):
        grades = data.grades(settings)
    elif contradictory == SOFT:
        contradictory = MAJORITY
    return LearntTask(
        data.FEATURES, kinds, tuple(grades), contradictory, text_as_given(task), examples.make_maker
    )


def _found_anywhere(file: InputFile) -> InputFile:
    """A worker in a process of its own may have another current directory."""
    if file.opener:
        return file
    return dataclasses.replace(file, path=os.path.abspath(file.path))


def _why_no_rows(files: list[InputFile]) -> str:
    """Tells an empty file from one that has a header only."""
    with open_file(files[0]) as stream:
        has_something = stream.read(4096).strip()
    which = files[0].path if len(files) == 1 else f"{files[0].path} and {len(files) - 1} more files"
    verb = "has" if len(files) == 1 else "have"
    if not has_something:
        return f"{which}: {'is' if len(files) == 1 else 'are'} empty"
    if FORMATS[files[0].format].has_header:
        return f"{which}: {verb} a header and no rows"
    return f"{which}: {verb} no rows"
