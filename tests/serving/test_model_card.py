from __future__ import annotations

import pytest

from reviewlens.serving.model_card import MODEL_CARD, task_of, write_model_card


def test_a_model_says_its_task(tmp_path):
    write_model_card(str(tmp_path), {"task": "tagging", "labels": ["größer"]})
    assert task_of(str(tmp_path)) == "tagging"
    assert "größer" in (tmp_path / MODEL_CARD).read_text(encoding="utf-8")


def test_models_of_before_are_of_text_classification(tmp_path):
    assert task_of(str(tmp_path)) == "text-classification"
    write_model_card(str(tmp_path), {"labels": ["bad", "good"]})
    assert task_of(str(tmp_path)) == "text-classification"


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_card_is_no_card(tmp_path, content):
    write_model_card(str(tmp_path), {})
    (tmp_path / MODEL_CARD).write_text(content)
    with pytest.raises(ValueError):
        task_of(str(tmp_path))
