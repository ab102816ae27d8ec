"""An executor that writes down what it is given, or fails as it is told to."""

from __future__ import annotations

import json
import os

from tfx.dsl.components.base import base_beam_executor, base_executor

from reviewlens.errors import RunError


class Executor(base_executor.BaseExecutor):
    """Leaves `seen.json` in the output `model`."""

    def Do(self, input_dict, output_dict, exec_properties):
        if exec_properties.get("mood") == "foreseen":
            raise RunError("reviews.csv: no such file")
        if exec_properties.get("mood") == "unforeseen":
            raise ZeroDivisionError("by the probe")
        (model,), (blessing,) = output_dict["model"], input_dict["blessing"]
        seen = {
            "inputs": {key: [a.uri for a in found] for key, found in input_dict.items()},
            "outputs": {key: [a.uri for a in found] for key, found in output_dict.items()},
            "parameters": exec_properties,
            "blessed": blessing.get_int_custom_property("blessed"),
            "reason": blessing.get_string_custom_property("reason"),
            "backend": os.environ["KERAS_BACKEND"],
            "endpoint": os.environ.get("AWS_ENDPOINT_URL"),
            "flags": getattr(self._context, "extra_flags", None),
        }
        with open(os.path.join(model.uri, "seen.json"), "w", encoding="utf-8") as file:
            json.dump(seen, file)
        model.set_string_custom_property("made_by", "probe")


class BeamExecutor(base_beam_executor.BaseBeamExecutor):
    """Does the same, as an executor that could use Beam."""

    Do = Executor.Do
