"""What `transform` does when an encoder is pre-trained."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import path_utils

from ...progress import notify
from ..beam_reports import run_for_reports
from ..review_example_gen.settings import SPLITS, TRAIN
from ..split_files import place_parts
from .accounting import Counts, add_up, check_pairs, check_pieces, facts, pairs_warning
from .transforms import MakeSegments, Packing, plan_tasks


class Executor(BaseBeamExecutor):
    """Tokenizes and packs with Beam, and puts the artifact in place."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fills the artifact `segments`.

        Args:
            input_dict: `examples` of texts with their sentences, and `encoder`.
            output_dict: `segments`.
            exec_properties: `objectives`, `max_tokens` and `seed` of the component.

        Raises:
            RunError: There is nothing to learn from, or no pair where pairs are asked for.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        segments = artifact_utils.get_single_instance(output_dict["segments"])
        encoder = artifact_utils.get_single_uri(input_dict["encoder"])
        packing = Packing(
            encoder=os.path.abspath(path_utils.serving_model_dir(encoder)),
            max_tokens=exec_properties["max_tokens"],
            pairs="nsp" in json.loads(exec_properties["objectives"]),
            seed=exec_properties["seed"],
        )
        parts = os.path.join(segments.uri, "parts")
        fileio.makedirs(parts)
        try:
            tasks = plan_tasks({split: _files(input_dict["examples"], split) for split in SPLITS})
            work = "MakeSegments" >> MakeSegments(tasks, packing, os.path.abspath(parts))
            reports = run_for_reports(self._make_beam_pipeline(), work, parts)
            totals = add_up(map(Counts.from_json, reports))
            check_pieces(totals, SPLITS)
            if packing.pairs:
                check_pairs(totals)
                if warning := pairs_warning(totals[TRAIN]):
                    notify(warning)
            for split in SPLITS:
                folder = os.path.join(segments.uri, f"Split-{split}")
                place_parts(totals[split].shards, folder, "segments", ".gz")
        finally:
            fileio.rmtree(parts)

        segments.split_names = artifact_utils.encode_split_names(list(SPLITS))
        examples_utils.set_payload_format(segments, example_gen_pb2.FORMAT_TF_EXAMPLE)
        examples_utils.set_file_format(segments, "tfrecords_gzip")
        for name, value in facts(totals, packing.max_tokens).items():
            if isinstance(value, float):
                segments.set_float_custom_property(name, value)
            else:
                segments.set_int_custom_property(name, value)


def _files(examples: Sequence[types.Artifact], split: str) -> list[tuple[str, int]]:
    """Paths and sizes of the files of a split."""
    found = []
    for uri in artifact_utils.get_split_uris(examples, split):
        # A worker in a process of its own may have another current directory.
        folder = uri if "://" in uri else os.path.abspath(uri)
        for name in sorted(fileio.listdir(folder)):
            path = os.path.join(folder, name)
            found.append((path, fileio.stat(path).length))
    return found
