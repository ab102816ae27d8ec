from __future__ import annotations

import os
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from reviewlens.components.model_files import model_digest
from reviewlens.components.pusher import Executor
from reviewlens.errors import RunError

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

    def run(evaluator: str = "", validator: str = "", judged: dict[str, str] | None = None):
        blessings = {}
        for key, kind, reason, judge in (
            ("model_blessing", standard_artifacts.ModelBlessing, evaluator, "evaluator"),
            ("infra_blessing", standard_artifacts.InfraBlessing, validator, "serving validator"),
        ):
            blessings[key] = [make_artifact(kind)]
            digest = (judged or {}).get(judge, "")
            blessings[key][0].set_string_custom_property("model_sha256", digest)
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


def test_a_card_lies_beside_the_files_and_is_not_one_of_the_model(push):
    _, serving = push()
    (version,) = serving.iterdir()
    card = version / "model_card.md"
    assert "\n# reviews\n" in card.read_text(encoding="utf-8")

    card.write_text("Written by hand.")
    push()
    assert [path.name for path in serving.iterdir()] == [version.name]
    assert card.read_text() == "Written by hand."


def test_versions_grow_even_if_the_clock_is_behind(push):
    (push.serving / "99999999999").mkdir(parents=True)
    (push.serving / "not-a-version").mkdir()

    pushed, _ = push()

    assert pushed.get_string_custom_property("pushed_version") == "100000000000"


def test_two_pushes_in_one_second_are_two_versions(push):
    first, _ = push()
    weigh(push, "other")
    second, _ = push()

    assert first.get_string_custom_property("pushed_version") != (
        second.get_string_custom_property("pushed_version")
    )


def weigh(push, content):
    Path(push.model.uri, "Format-Serving", "assets", "vocab.txt").write_text(content)


def versions(push):
    return sorted(path.name for path in push.serving.iterdir())


def test_a_model_that_is_the_newest_version_is_not_pushed_again(push):
    first, _ = push()
    again, _ = push()

    assert again.get_int_custom_property("pushed") == 1
    assert again.get_string_custom_property("pushed_version") in versions(push)
    assert versions(push) == [first.get_string_custom_property("pushed_version")]


def test_an_older_model_can_be_pushed_again(push):
    push()
    weigh(push, "newer")
    push()
    weigh(push, FILES["assets/vocab.txt"])
    pushed, serving = push()

    assert len(versions(push)) == 3
    newest = serving / pushed.get_string_custom_property("pushed_version")
    assert newest.name == versions(push)[-1]
    assert (newest / "assets" / "vocab.txt").read_text() == FILES["assets/vocab.txt"]


@pytest.mark.parametrize("name", ["²", "٣", "007", "9" * 200])
def test_no_name_in_the_serving_directory_stops_a_push(push, name):
    (push.serving / name).mkdir(parents=True)

    pushed, _ = push()

    assert int(pushed.get_string_custom_property("pushed_version")) > 1_700_000_000


def test_what_a_killed_pusher_left_is_removed(push):
    (push.serving / ".7.partial" / "assets").mkdir(parents=True)
    (push.serving / ".notes").mkdir()

    pushed, _ = push()

    assert versions(push) == [".notes", pushed.get_string_custom_property("pushed_version")]


def test_a_link_that_looks_like_a_leftover_does_not_stop_a_push(push, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    push.serving.mkdir(parents=True)
    (push.serving / ".7.partial").symlink_to(tmp_path / "elsewhere")

    pushed, _ = push()

    assert pushed.get_int_custom_property("pushed") == 1
    assert (tmp_path / "elsewhere").is_dir()


@pytest.mark.parametrize("judge", ["evaluator", "serving validator"])
def test_a_model_that_changed_since_it_was_judged_is_not_pushed(push, judge):
    judged = {judge: model_digest(str(Path(push.model.uri, "Format-Serving")))}
    push(judged=judged)
    weigh(push, "[PAE]")

    with pytest.raises(RunError, match=f"have changed since the {judge} judged them"):
        push(judged=judged)

    assert len(versions(push)) == 1


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

    assert not push.serving.exists()


def test_a_push_onto_a_full_disk_leaves_nothing(push, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfx.dsl.io.fileio.rename", fail)
    with pytest.raises(OSError, match="No space left"):
        push()

    assert versions(push) == []
