from __future__ import annotations

import os
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from reviewlens.components.pusher import Executor

FILES = {"saved_model.pb": "graph", "assets/vocab.txt": "[PAD]", "assets.extra/model.json": "{}"}


@pytest.fixture
def push(tmp_path, make_artifact):
    """Runs the pusher on a model of a few files; returns the artifact and the serving folder."""
    model = make_artifact(standard_artifacts.Model)
    for name, content in FILES.items():
        file = Path(model.uri, "Format-Serving", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    serving = tmp_path / "serving" / "reviews"

    def run(evaluator: str = "", validator: str = ""):
        blessings = {}
        for key, kind, reason in (
            ("model_blessing", standard_artifacts.ModelBlessing, evaluator),
            ("infra_blessing", standard_artifacts.InfraBlessing, validator),
        ):
            blessings[key] = [make_artifact(kind)]
            blessings[key][0].set_int_custom_property("blessed", int(not reason))
            blessings[key][0].set_string_custom_property("reason", reason)
        pushed = make_artifact(standard_artifacts.PushedModel)
        Executor().Do(
            {"model": [model], **blessings},
            {"pushed_model": [pushed]},
            {"serving_dir": str(serving)},
        )
        return pushed, serving

    run.model = model
    run.serving = serving
    return run


def test_a_version_holds_every_file(push):
    pushed, serving = push()

    (version,) = serving.iterdir()
    assert pushed.get_string_custom_property("pushed_destination") == str(version)
    assert {name: (version / name).read_text() for name in FILES} == FILES


def test_versions_grow_even_if_the_clock_is_behind(push):
    (push.serving / "99999999999").mkdir(parents=True)
    (push.serving / "not-a-version").mkdir()

    pushed, _ = push()

    assert pushed.get_string_custom_property("pushed_version") == "100000000000"


def test_two_pushes_in_one_second_are_two_versions(push):
    first, _ = push()
    second, _ = push()

    assert first.get_string_custom_property("pushed_version") != (
        second.get_string_custom_property("pushed_version")
    )


@pytest.mark.parametrize(
    ("evaluator", "validator", "reason"),
    [
        ("macro_f1 is 0.3", "", "macro_f1 is 0.3"),
        ("", "an empty text: no answer", "an empty text: no answer"),
        ("macro_f1 is 0.3", "no answer", "macro_f1 is 0.3; no answer"),
    ],
)
def test_an_unblessed_model_is_not_pushed_and_the_reason_is_kept(
    push, evaluator, validator, reason
):
    pushed, serving = push(evaluator, validator)

    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("reason") == reason
    assert not serving.exists()


def test_a_push_that_fails_half_way_leaves_nothing(push):
    # A dangling link cannot be copied, wherever in the order it comes.
    os.symlink("nowhere", Path(push.model.uri, "Format-Serving", "zz_broken"))

    with pytest.raises((OSError, tf.errors.OpError)):
        push()

    assert list(push.serving.iterdir()) == []
