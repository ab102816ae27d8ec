"""Which rules there are, and what can be set of them."""

from __future__ import annotations

import dataclasses
from typing import Any

from . import gradients, losses, texts, time, weights
from .rule import Rule

RULES: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (
        gradients.ExplodingTensor,
        gradients.VanishingGradient,
        gradients.AllZero,
        gradients.DeadUnits,
        gradients.GradientNorm,
        gradients.FrozenEncoder,
        weights.WeightUpdateRatio,
        weights.UnchangedTensor,
        weights.ZeroWeights,
        losses.LossNotDecreasing,
        losses.NoBetterThanGuessing,
        losses.ClassRecall,
        losses.Overfit,
        losses.Overtraining,
        texts.ClassImbalance,
        texts.UnknownPieces,
        texts.UnreadTokens,
        texts.Padding,
        time.SlowSteps,
        time.StalledTraining,
    )
}


def parameters(name: str) -> dict[str, Any]:
    """What can be set of a rule, with its defaults.

    Args:
        name: Of the rule.

    Example:
        >>> parameters("overfit")
        {'ratio': 0.2}
    """
    return {field.name: field.default for field in dataclasses.fields(RULES[name])}  # type: ignore
