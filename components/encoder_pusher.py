"""The node `encoder-pusher`: a blessed encoder becomes a version folder, whole or not at all.

What it started from, what it has read and how it did is written down beside it (`encoder.json`).
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from absl import logging
from tfx.components.pusher import executor as pusher_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.dsl.io import fileio
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils

from ..files import stream_digest
from .encoder_facts import FACTS_FILE, encoder_facts
from .metrics_file import METRICS_FILE
from .model_card import model_card
from .model_files import model_digest
from .pushing import check_judged, push_version
from .trainer.artifacts import TrainedModel
from .trainer.record import RECORD_FILE

_JUDGE = "encoder-evaluator"
# What of a training is worth to be known of the encoder.
_TRAINING = (
    "epochs",
    "steps",
    "seconds",
    "best_epoch",
    "precision",
    "reading",
    "heads",
    "keep",
)


class Executor(pusher_executor.Executor):
    """Writes the encoder in the forms that others read, and has it appear by one rename."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the encoder if it is blessed.

        An encoder that is the newest version already is not pushed again.

        Args:
            input_dict: `trained_model`, `encoder`, `blessing` and, where there are any,
                `model_run` and `evaluation`, whose facts go into `encoder.json`.
            output_dict: `pushed_model`, with the custom properties `pushed`,
                `pushed_destination`, `pushed_version` and `sha256`, or `pushed` and `reason` where
                nothing was pushed.
            exec_properties: `encoder_dir`: where the versions of this encoder lie; `name`.

        Raises:
            RunError: If the weights, or the copy of the encoder, are not what was judged.
        """
        from ..models.encoders.publishing import write_encoder
        from ..models.tasks.masked_language_model.model import head_arrays
        from .pretrainer.pretrained import PretrainedWeights

        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        fileio.makedirs(pushed.uri)
        blessing = artifact_utils.get_single_instance(input_dict["blessing"])
        if not self.CheckBlessing({"model_blessing": [blessing]}):
            self._MarkNotPushed(pushed)
            reason = blessing.get_string_custom_property("reason")
            pushed.set_string_custom_property("reason", reason)
            return
        directory = artifact_utils.get_single_uri(input_dict["trained_model"])
        check_judged(directory, model_digest(directory), blessing, _JUDGE)
        started = artifact_utils.get_single_uri(input_dict["encoder"])
        source = path_utils.serving_model_dir(started)
        trained = PretrainedWeights.load(directory)
        model = trained.build(directory, source)
        # An encoder may be large, and where temporary files are is not always room for it.
        room = pushed.uri if os.path.isdir(pushed.uri) else None
        with tempfile.TemporaryDirectory(prefix=".encoder-", dir=room) as scratch:
            staged = os.path.join(scratch, "encoder")
            facts = write_encoder(
                model.encoder,
                staged,
                head=head_arrays(model),
                facts={
                    "name": exec_properties["name"],
                    "started_from": _start(started),
                    "task": trained.task,
                    "model": vars(trained.model),
                    **_more(input_dict),
                },
                source=source,
            )
            version = push_version(
                staged,
                model_digest(staged),
                exec_properties["encoder_dir"],
                card=_card(facts),
                # Graphs are not written alike twice: weights and tokenizer are compared.
                is_same=lambda folder: (
                    _facts(folder).get("sha256") == facts["sha256"] and _is_undamaged(folder)
                ),
                is_whole=_is_whole,
            )
        destination = os.path.join(exec_properties["encoder_dir"], version)
        self._MarkPushed(pushed, pushed_destination=destination, pushed_version=version)
        pushed.set_string_custom_property("sha256", facts["sha256"])
        logging.info("Pushed version %s to %s.", version, destination)


def _card(facts: dict[str, Any]) -> str:
    start = facts["started_from"]
    return model_card(
        facts["name"],
        facts["task"],
        metrics=facts.get("metrics"),
        # One of a size started from nothing that has a licence.
        encoder="" if start.get("random_weights") else start.get("name", ""),
        licence=start.get("licence"),
        training=facts.get("training"),
    )


def _start(uri: str) -> dict[str, Any]:
    """What is known of the encoder that it started from."""
    from ..models.encoders.catalog import ENCODERS

    facts = encoder_facts(uri)
    known = ENCODERS.get(facts["name"])
    keys = ("name", "source", "sha256", "random_weights")
    start = {key: facts[key] for key in keys if key in facts}
    return {**start, "licence": known.licence} if known else start


def _more(input_dict: dict[str, list[Any]]) -> dict[str, Any]:
    """How it was trained and judged, as far as that is told."""
    more = {}
    if input_dict.get("model_run"):
        record = _read(artifact_utils.get_single_uri(input_dict["model_run"]), RECORD_FILE)
        more["training"] = {key: record[key] for key in _TRAINING if key in record}
    if input_dict.get("evaluation"):
        uri = artifact_utils.get_single_uri(input_dict["evaluation"])
        more["metrics"] = _read(uri, METRICS_FILE)
    return more


def _facts(folder: str) -> dict[str, Any]:
    """What a version says of itself; nothing where it is no encoder."""
    return _read(folder, FACTS_FILE) if fileio.exists(os.path.join(folder, FACTS_FILE)) else {}


def _is_whole(folder: str) -> bool:
    files = _facts(folder).get("files", {})
    return bool(files) and all(fileio.exists(os.path.join(folder, name)) for name in files)


def _is_undamaged(folder: str) -> bool:
    files = _facts(folder)["files"]
    return _is_whole(folder) and all(
        _digest(os.path.join(folder, name)) == digest for name, digest in files.items()
    )


def _digest(path: str) -> str:
    with fileio.open(path, "rb") as file:
        return stream_digest(file)


def _read(folder: str, name: str) -> dict[str, Any]:
    with fileio.open(os.path.join(folder, name)) as file:
        return json.loads(file.read())


class EncoderPusherSpec(ComponentSpec):
    """Inputs, outputs and parameters of `EncoderPusher`."""

    PARAMETERS = {
        "encoder_dir": ExecutionParameter(type=str),
        "name": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "trained_model": ChannelParameter(type=TrainedModel),
        "encoder": ChannelParameter(type=standard_artifacts.Model),
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "model_run": ChannelParameter(type=standard_artifacts.ModelRun, optional=True),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation, optional=True),
    }
    OUTPUTS = {"pushed_model": ChannelParameter(type=standard_artifacts.PushedModel)}


class EncoderPusher(base_component.BaseComponent):
    """Puts a blessed encoder where others can start from it, see `models.write_encoder`.

    Output `pushed_model`: where it went, or why it went nowhere.
    """

    SPEC_CLASS = EncoderPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        trained_model: channel.BaseChannel,
        encoder: channel.BaseChannel,
        blessing: channel.BaseChannel,
        encoder_dir: str | RuntimeParameter,
        name: str,
        model_run: channel.BaseChannel | None = None,
        evaluation: channel.BaseChannel | None = None,
        code: str = "",
    ):
        """Declares the node.

        Args:
            trained_model: Output of `Pretrainer`.
            encoder: Output of `EncoderFetcher` or of `VocabularyGen`, that it started from.
            blessing: Output of `EncoderEvaluator`.
            encoder_dir: Directory of the encoder, under which its versions lie.
            name: Of the encoder.
            model_run: Output of `Pretrainer`: how it was trained.
            evaluation: Output of `EncoderEvaluator`: how it did.
            code: Fingerprint of the code, part of the cache key.
        """
        super().__init__(
            EncoderPusherSpec(
                trained_model=trained_model,
                encoder=encoder,
                blessing=blessing,
                model_run=model_run,
                evaluation=evaluation,
                encoder_dir=encoder_dir,
                name=name,
                code=code,
                pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
            )
        )
