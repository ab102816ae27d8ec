"""From what ratings there are to three classes of them."""

from __future__ import annotations

from collections.abc import Sequence

Value = str | int | float


def classes_of_ratings(ratings: Sequence[float]) -> dict[str, list[Value]]:
    """Divides a scale into a lower, a middle and an upper part.

    Whole numbers, of which there are up to 11, are listed one by one, as each is then learnt by
    itself; otherwise there are ranges. It is taken that more is better.

    Args:
        ratings: Those that there are, two or more, in any order.

    Returns:
        `negative`, maybe `neutral`, and `positive`, each with what `data.classes` has of it.

    Example:
        >>> classes_of_ratings([1, 2, 3, 4, 5])
        {'negative': [1, 2], 'neutral': [3], 'positive': [4, 5]}
        >>> classes_of_ratings([1, 3.5, 5])
        {'negative': ['< 2.5'], 'neutral': ['2.5 .. 3.5'], 'positive': ['> 3.5']}
    """
    low, high = min(ratings), max(ratings)
    if all(rating == int(rating) for rating in ratings) and high - low <= 10:
        steps: list[Value] = list(range(int(low), int(high) + 1))
        middle = len(steps) % 2 if len(steps) < 6 else 2 - len(steps) % 2
        side = (len(steps) - middle) // 2
        parts = steps[:side], steps[side : side + middle], steps[side + middle :]
    else:
        # The middle fifth: on the scale from 1 to 5, from 2.6 to 3.4, which is told in halves.
        first, second = low + 0.4 * (high - low), low + 0.6 * (high - low)
        if high - low >= 2:
            first, second = round(2 * first) / 2, round(2 * second) / 2
        first, second = round(first, 3), round(second, 3)
        parts = [f"< {first}"], [f"{first} .. {second}"], [f"> {second}"]
    return {
        name: part
        for name, part in zip(("negative", "neutral", "positive"), parts, strict=True)
        if part
    }
