"""How the figures are printed."""

from __future__ import annotations


def lines(test, baseline):
    return [f"test     {test['examples']:,} texts, {test['odd']:.0%} of their tokens odd"]
