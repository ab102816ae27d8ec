"""How `tasks.py` measures systems that answer questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from judging import Figures
from question_files import FILES, QuestionFile, Row
from question_judging import METRICS, judge_answers

__all__ = ["FILES", "METRICS"]

TASK = "question-answering"
PEER = "run_qa"
PEER_SCRIPT = "qa_transformers.py"
COLUMNS = ("contexts", "without an answer")
# Rows without a place for their answer get it from the pipeline.
FEATURE = "spans"


def data_settings(file: QuestionFile) -> dict[str, Any]:
    """The section `data` of a configuration, less what is of all files."""
    # Answers that stand in their paragraph more than once are left out.
    return {
        "text": ["text"],
        "question": "question",
        "answer": "answer",
        "max_reject_fraction": 0.2,
    }


def cells(row: Row) -> dict[str, Any]:
    """A row as the pipeline reads it."""
    return {"text": row.text, "question": row.question, "answer": row.answers}


def with_feature(row: Row, spans: str) -> Row:
    """A row with what the pipeline has made of it."""
    found = (tuple(map(int, span.split(":"))) for span in spans.split())
    return row._replace(spans=tuple(found))


def counted(file: QuestionFile, rows: Sequence[Row]) -> tuple[int, ...]:
    """What is in the rows of all splits, by column."""
    return len({row.text for row in rows}), sum(not row.answers for row in rows)


def asked(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """What the pushed model is asked."""
    return [(row.question, row.text) for row in rows]


def given(file: QuestionFile, splits: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """What the peer gets: the first answer of each question."""
    return {
        split: [
            {
                "question": row.question,
                "context": row.text,
                "answer": row.spans[0] if row.spans else None,
            }
            for row in rows
        ]
        for split, rows in splits.items()
    }


def peer_task(file: QuestionFile) -> dict[str, Any]:
    """What the peer is asked to do."""
    return {"task": "reply", "may_be_unanswerable": file.unanswerable}


def of_peer(file: QuestionFile, rows: Sequence[Row], found: dict[str, Any]) -> list[str]:
    """The answers in what the peer says, which are taken out of it."""
    return found.pop("answers")


def read(answers: list[str]) -> list[str]:
    """Answers that were kept as JSON."""
    return answers


def judge(
    rows: Sequence[Row], systems: Mapping[str, Sequence[Sequence[str]]]
) -> dict[str, dict[str, Figures]]:
    """For each system and metric its figures."""
    truth = [[row.text[start:end] for start, end in row.spans] for row in rows]
    return judge_answers(truth, systems)
