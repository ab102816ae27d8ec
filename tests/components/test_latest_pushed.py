from __future__ import annotations

from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from reviewlens.components.latest_pushed import Executor, holds_model


def write_model(folder: Path, weights: str) -> None:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_text("graph")
    (folder / "variables" / "weights").write_text(weights)


@pytest.fixture
def serving_dir(tmp_path):
    return tmp_path / "serving" / "reviews"


@pytest.fixture
def look(make_artifact, serving_dir):
    """Looks for what a candidate with the weights "new" has to be compared with."""
    candidate = make_artifact(standard_artifacts.Model)
    write_model(Path(candidate.uri, "Format-Serving"), "new")

    def run():
        found = make_artifact(standard_artifacts.Model)
        Executor().Do(
            {"candidate": [candidate]}, {"model": [found]}, {"serving_dir": str(serving_dir)}
        )
        return found

    return run


def test_the_newest_version_is_found_by_its_number(look, serving_dir):
    for version, weights in (("9", "older"), ("10", "newest"), ("notes", "none")):
        write_model(serving_dir / version, weights)

    found = look()

    assert found.get_string_custom_property("pushed_version") == "10"
    assert Path(found.uri, "Format-Serving", "variables", "weights").read_text() == "newest"
    assert holds_model(found.uri)


def test_a_candidate_is_not_compared_with_itself(look, serving_dir):
    write_model(serving_dir / "1", "old")
    write_model(serving_dir / "2", "new")

    assert look().get_string_custom_property("pushed_version") == "1"


@pytest.mark.parametrize("weights", ["neu", "newer", "wen"])
def test_a_version_that_differs_in_a_file_is_another_model(look, serving_dir, weights):
    write_model(serving_dir / "1", weights)

    assert look().get_string_custom_property("pushed_version") == "1"


@pytest.mark.parametrize("name", ["²", "007"])
def test_what_is_no_version_or_no_model_is_passed_over(look, serving_dir, name):
    write_model(serving_dir / "5", "old")
    (serving_dir / name).mkdir()
    (serving_dir / "9").mkdir()

    assert look().get_string_custom_property("pushed_version") == "5"


def test_a_version_is_not_seen_while_it_is_being_pushed(look, serving_dir):
    write_model(serving_dir / ".7.partial", "half")

    assert not holds_model(look().uri)


def test_without_an_earlier_model_the_artifact_has_no_files(look):
    found = look()

    assert list(Path(found.uri).iterdir()) == []
    assert not holds_model(found.uri)
