"""From the rating or the label of a row to its class and its grade."""

from __future__ import annotations

from collections.abc import Mapping

from ...review_example_gen.labels import ValueMap
from ...review_example_gen.reviews import Rejection, Targets
from ...review_example_gen.settings import DataSettings


def make_maker(settings: DataSettings) -> ClassMaker:
    """What finds the classes of rows; see `ClassMaker`."""
    return ClassMaker(settings)


class ClassMaker:
    """Finds class and grade of a row.

    Args:
        settings: Free of problems.
    """

    def __init__(self, settings: DataSettings):
        grades = settings.grades
        self._grades = ValueMap({grade: made.values for grade, made in enumerate(grades)})
        self._number = len(grades)
        self._targets = [
            Targets(
                {"label": made.label, "grade": grade, "grade_shares": self._shares({grade: 1})},
                made.label,
                grade,
            )
            for grade, made in enumerate(grades)
        ]
        self._kind = "rating" if settings.rating else "label"
        self._column = settings.label_column

    def make(
        self, values: Mapping[str, str], text: str, decimal: str | None = None
    ) -> Targets | Rejection:
        """Returns `label`, `grade` and `grade_shares` of a row, or why it has none.

        Args:
            values: Column -> text of the cell.
            text: The cleaned text of the row.
            decimal: What stands before the fraction of a rating.
        """
        rating = values.get(self._column, "").strip()
        if not rating:
            return Rejection(f"no-{self._kind}", f"{self._column} is empty")
        grade = self._grades.find(rating, decimal)
        if grade is None:
            detail = f"{self._column} {rating[:40]!r} belongs to no class"
            return Rejection(f"unknown-{self._kind}", detail)
        return self._targets[grade]

    def merge(self, targets: Targets, copies: Mapping[int, int]) -> Targets:
        """Returns class and grade of a row that stays for others, with the shares of all of them.

        Args:
            targets: Those of the row.
            copies: Grade -> number of rows.
        """
        return targets._replace(features={**targets.features, "grade_shares": self._shares(copies)})

    def _shares(self, copies: Mapping[int, int]) -> tuple[float, ...]:
        total = sum(copies.values())
        return tuple([copies.get(grade, 0) / total for grade in range(self._number)])
