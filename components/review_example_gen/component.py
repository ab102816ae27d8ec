"""The node `review-example-gen`: from files of reviews to examples."""

from __future__ import annotations

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import channel, component_spec, standard_artifacts

from .artifacts import RejectedRows
from .executor import Executor


class ReviewExampleGenSpec(component_spec.ComponentSpec):
    """Parameters and outputs of `ReviewExampleGen`."""

    PARAMETERS = {
        "input": component_spec.ExecutionParameter(type=str),
        "settings": component_spec.ExecutionParameter(type=str),
        "task": component_spec.ExecutionParameter(type=str),
        "input_fingerprint": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
        "rejected_dir": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "rejected": component_spec.ChannelParameter(type=RejectedRows),
    }


class ReviewExampleGen(base_beam_component.BaseBeamComponent):
    """Turns files of reviews into `tf.train.Example`s in the splits train, eval and test.

    Every row becomes one example, one counted duplicate or one rejected row with a reason.

    Args:
        input: File, folder, glob or `package:NAME/PATH`; see `input_files.list_files`.
        settings: What `settings.to_json` wrote.
        task: Name of the task that the examples are for.
        input_fingerprint: What `input_files.fingerprint_input` says, so that a changed file makes
            the node run again.
        code: Fingerprint of the code, for the same purpose.
        rejected_dir: Folder for people on this machine, into which the rejected rows are
            copied; "" for none.

    Outputs:
        examples: `standard_artifacts.Examples` with the features `text` (bytes), `id`
            (bytes), the slice columns (bytes) and those of the task: for text classification
            `label` (int64 index of the class), `grade` (int64 index, see
            `DataSettings.grades`) and `grade_shares` (float, of each grade the share of the
            rows with this text), for token classification `spans` (bytes), for question
            answering `question`, `spans` and `answers` (bytes), see their `examples`. Custom
            properties (int): read, kept, duplicates, rejected, train, eval, test, what
            `Report.merged` counts as `merged:texts`, `merged:rows` and `merged:ties`, and
            `reason:REASON` for each reason of a rejection.
        rejected: `RejectedRows` with the same properties.

    Raises:
        RunError: From the run of the node, for input that cannot be learnt from.
    """

    SPEC_CLASS = ReviewExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        input: str | RuntimeParameter,
        settings: str,
        task: str = "text-classification",
        input_fingerprint: str = "",
        code: str = "",
        rejected_dir: str = "",
    ):
        super().__init__(
            spec=ReviewExampleGenSpec(
                input=input,
                settings=settings,
                task=task,
                input_fingerprint=input_fingerprint,
                code=code,
                rejected_dir=rejected_dir,
                examples=channel.Channel(type=standard_artifacts.Examples),
                rejected=channel.Channel(type=RejectedRows),
            )
        )
