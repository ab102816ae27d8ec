"""What was decided, and why: the blessing, the precision, the wide part, the calibration."""

from __future__ import annotations

from ..blocks import Block, Cell, Group, Paragraph, Section, Table, of_summary, value_at
from ..facts import RunFacts

_OWED = {
    "config.evaluation.min_macro_f1": ("macro-F1 of the test split", "metrics.test.macro_f1"),
    "config.evaluation.min_accuracy": ("accuracy of the test split", "metrics.test.accuracy"),
    "config.evaluation.min_f1": ("F1 of the test split", "metrics.test.f1"),
    "config.evaluation.min_gain": (
        "gain in macro-F1 over the n-grams",
        "metrics.ngram_baseline.gain.macro_f1.value",
    ),
}
_CANDIDATE = {
    "reviews_per_second": ("reviews a second", ",.0f"),
    "agreement": ("agrees with the first on", ".2%"),
    "differing": ("answers that differ", ",d"),
}


def decisions(facts: RunFacts) -> Section | None:
    """Says what the nodes have decided for the person who started the run."""
    groups = [_blessing(facts), _precision(facts), _wide(facts), _calibration(facts)]
    made = tuple(group for group in groups if group is not None)
    return Section("decisions", "What was decided, and why", made) if made else None


def _blessing(facts: RunFacts) -> Group | None:
    summary = facts.summary
    if summary.get("blessed") is None and summary.get("serving_validated") is None:
        return None
    blocks: list[Block] = [
        Paragraph(f"{why[:1].upper()}{why[1:]}.", "bad")
        for why in summary.get("refused_because") or ()
    ]
    rows = [
        ("judged by the test split", _yes(summary.get("blessed"), "blessed", "refused")),
        ("loaded and asked as a server would", _yes(summary.get("serving_validated"))),
        ("pushed to", Cell(summary.get("pushed_to") or "–")),
    ]
    blocks.append(Table(("", ""), tuple(row for row in rows if row[1].text != "–")))
    owed = tuple(
        (what, of_summary(summary, key, ".3f"), of_summary(summary, least, ".3f"))
        for least, (what, key) in _OWED.items()
        if value_at(summary, key) is not None and value_at(summary, least) is not None
    )
    if owed:
        blocks.append(Table(("what is asked for", "there is", "at least"), owed))
    return Group("Blessing", tuple(blocks))


def _yes(value: bool | None, yes: str = "passed", no: str = "failed") -> Cell:
    if value is None:
        return Cell("–")
    return Cell(yes, tone="good") if value else Cell(no, tone="bad")


def _precision(facts: RunFacts) -> Group | None:
    summary = facts.summary
    export = value_at(summary, "training.export")
    if not export:
        return None
    blocks: list[Block] = [Paragraph(f"Answers in {export['precision']}: {export['reason']}.")]
    candidates = export.get("candidates") or {}
    if len(candidates) > 1:
        keys = [key for key in _CANDIDATE if any(key in facts for facts in candidates.values())]
        rows = tuple(
            (
                name,
                *(
                    of_summary(summary, f"training.export.candidates.{name}.{key}", form)
                    for key in keys
                    for form in _CANDIDATE[key][1:]
                ),
            )
            for name in candidates
        )
        blocks.append(Table(("precision", *(_CANDIDATE[key][0] for key in keys)), rows))
    return Group("Precision", tuple(blocks))


def _wide(facts: RunFacts) -> Group | None:
    summary = facts.summary
    found = value_at(summary, "training.wide")
    if not found:
        return None
    if found["mode"] == "on":
        told = "N-grams answer beside the encoder, as model.wide is on."
    elif found["used"]:
        told = (
            "N-grams answer beside the encoder: on the eval split that is a gain of more than its "
            "standard error."
        )
    else:
        told = (
            "The encoder answers alone: n-grams beside it would be no gain of more than its "
            "standard error on the eval split."
        )
    keys = {
        "log_loss_before": "log loss of the encoder alone",
        "log_loss_after": "log loss of both",
        "standard_error": "standard error of the difference",
    }
    rows = tuple(
        (what, of_summary(summary, f"training.wide.{key}", ".4f")) for key, what in keys.items()
    )
    return Group("Wide part", (Paragraph(told), Table(("", ""), rows)))


def _calibration(facts: RunFacts) -> Group | None:
    summary = facts.summary
    if not value_at(summary, "training.ece_after"):
        return None
    rows = [
        ("calibration error of eval before", of_summary(summary, "training.ece_before", ".4f")),
        ("and after", of_summary(summary, "training.ece_after", ".4f")),
    ]
    if value_at(summary, "training.temperature"):
        rows.append(("temperature", of_summary(summary, "training.temperature", ".3f")))
    told = "What the model says of how sure it is was fitted to how often it is right on eval."
    return Group("Calibration", (Paragraph(told), Table(("", ""), tuple(rows))))
