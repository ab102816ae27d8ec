"""The sections of a page: every task has its figures there, as the summary has them."""

from __future__ import annotations

import pytest

from reviewlens.pipeline.report.html.facts import RunFacts
from reviewlens.pipeline.report.html.page import make_sections, render_page
from reviewlens.pipeline.report.html.sections import SECTIONS

HOSTILE = "<script>alert(1)</script>\"'&]]>\u202eevil\u2066\x00<img src=x onerror=y>"


def page_of(facts):
    return render_page("demo", make_sections(facts))


def test_every_number_of_the_summary_can_be_read_back(tmp_path, facts_of, summary_of, read_html):
    summary = summary_of()
    html = page_of(facts_of(tmp_path, summary))
    page = read_html(html)
    assert page.differing(summary) == []
    assert {key for key, _ in page.values} >= {
        "metrics.test.macro_f1",
        "metrics.test.accuracy",
        "metrics.ngram_baseline.gain.macro_f1.value",
        "data.kept",
        "training.best_epoch",
        "training.export.candidates.bfloat16.agreement",
        "training.wide.log_loss_after",
        "training.ece_after",
        "timings.trainer",
        "memory.evaluator",
        "encoder.parameters",
        "run.seconds",
        "config.evaluation.min_macro_f1",
    }
    assert "could not be made" not in html
    for told in ("1 min 15 s", "2.3 GB", "from an earlier run", "22.7 M", "begun 2026-11-28 09:12"):
        assert told in html


@pytest.mark.parametrize(
    "metrics",
    [
        {"test": {"f1": 0.5, "precision": 0.4, "recall": 0.6}},
        {"test": {"exact_match": 0.5, "f1": 0.6}},
        {"test": {"perplexity": 7.2, "mlm_accuracy": 0.41}, "start": {"perplexity": 9.0}},
        {"test": None},
    ],
)
def test_every_task_has_its_figures(tmp_path, metrics, facts_of, summary_of, read_html):
    summary = summary_of(metrics=metrics)
    page = read_html(page_of(facts_of(tmp_path, summary)))
    told = {key for key, _ in page.values}
    assert page.differing(summary) == []
    shown = ("f1", "exact_match", "perplexity", "mlm_accuracy")
    keys = {f"metrics.test.{name}" for name in metrics["test"] or {} if name in shown}
    assert keys == {key for key in told if key.startswith("metrics.test.")}


def test_a_run_that_made_little_has_a_short_page(tmp_path, summary_of, read_html):
    summary = dict.fromkeys(summary_of()) | {"timings": {"draw": 0.1}, "versions": {}}
    html = page_of(RunFacts(str(tmp_path), summary, {}))
    assert "could not be made" not in html
    assert "did not judge a model" in html
    assert "training" not in read_html(html).sections


def test_a_refused_model_is_told_with_the_reasons(tmp_path, facts_of, summary_of):
    summary = summary_of(blessed=False, pushed_to=None, refused_because=["macro-F1 is 0.4"])
    html = page_of(facts_of(tmp_path, summary))
    assert "Not blessed, so not pushed: macro-F1 is 0.4." in html


def test_what_the_rules_have_found_is_told(tmp_path, facts_of, summary_of, finding):
    rules = {"exploding_tensor": {"judged": 5, "findings": 1}, "dead_units": {"skipped": "GELU"}}
    html = page_of(facts_of(tmp_path, summary_of(), findings=[finding], rules=rules))
    for told in ("1 finding", "head/kernel", "lower training.learning_rate", "GELU"):
        assert told in html
    html = page_of(facts_of(tmp_path, summary_of(), findings=[], rules=rules))
    assert "2 rules watched the training and found nothing." in html


def test_the_learning_rate_is_drawn_over_the_steps(tmp_path, facts_of, summary_of, read_html):
    def drawn_of(rates):
        section = [name for name in SECTIONS if name.endswith(":training")]
        facts = facts_of(tmp_path, summary_of(), learning_rates=rates)
        return render_page("demo", make_sections(facts, section))

    rates = {"steps": [0, 10, 20, 50], "rates": [0.0, 5e-5, 4e-5, 1e-5]}
    drawn = read_html(drawn_of(rates))
    labels = [value for name, value in drawn.attributes if name == "aria-label"]
    told = "Learning rate over 50 steps: 0 at first, 5e-05 after step 10, 1e-05 in the end."
    # Beside the losses, which come first.
    losses = next(place for place, label in enumerate(labels) if label.startswith("Losses"))
    assert labels.index(told) > losses
    for none in ({}, {"steps": [0], "rates": [1e-5]}):
        html = drawn_of(none)
        assert "Learning rate" not in html and "could not be made" not in html


def test_where_the_time_went_is_told(tmp_path, facts_of, summary_of, read_html):
    profile = {
        "seconds": {"forward": 20.0, "backward": 25.0, "all": 48.0},
        "widths": [{"width": 32, "steps": 40, "tokens_per_second": 5120.4}],
        "outliers": {"steps": 3, "longest": []},
        "samples": {"seconds": [0.5, 1.0], "cpu": [80.0, 90.0], "gpu": [None, None]},
    }
    summary = summary_of()
    summary["training"]["profile"] = profile
    html = page_of(facts_of(tmp_path, summary, profile=profile))
    page = read_html(html)
    assert page.differing(summary) == [] and "could not be made" not in html
    assert ("training.profile.seconds.backward", 25.0) in page.values
    for told in ("most went into backward, 25 s", "3 steps lasted", "5,120", "Processors in use"):
        assert told in html


def hostile(value):
    if isinstance(value, dict):
        return {key: hostile(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner) for inner in value]
    return HOSTILE if isinstance(value, str) and value != "2026-11-28T09:12:33+00:00" else value


def test_hostile_values_change_no_element(tmp_path, facts_of, summary_of, finding, read_html):
    summary = summary_of(blessed=False, pushed_to=None, refused_because=["why"])
    record = {"findings": [finding], "rules": {"rule": {"judged": 1, "findings": 1}}}
    harmless = read_html(page_of(facts_of(tmp_path, summary, **record)))
    page = read_html(page_of(facts_of(tmp_path, hostile(summary), **hostile(record))))
    assert page.tags == harmless.tags
    assert {name for name, _ in page.attributes} == {name for name, _ in harmless.attributes}


def test_what_the_sections_need_is_light():
    import subprocess
    import sys

    program = (
        "import sys\n"
        "from reviewlens.pipeline.nodes import load\n"
        "import reviewlens.pipeline.report.html.page, reviewlens.pipeline.records\n"
        f"[load(name) for name in {SECTIONS!r}]\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
