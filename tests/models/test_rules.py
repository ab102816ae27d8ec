"""The rules by themselves, on figures that are made up."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from reviewlens import progress
from reviewlens.models import RULES, DebugSettings, Facts, Rule, Steps, Weights
from reviewlens.models.rules.rule import Reading
from reviewlens.models.training.debugging.judging import Judge
from reviewlens.models.training.watching import StopTraining

NAMES = ("encoder/kernel", "encoder/key/bias", "head/kernel", "head/bias")
FACTS = Facts(
    variables=NAMES,
    shapes=[(4, 4), (4,), (4, 8), (8,)],
    encoder=[0, 1],
    total_steps=400,
    steps_per_epoch=100,
    classes=np.array([900, 10]),
    eval_classes=np.array([50, 50]),
)


def steps(count=10, start=1, **values):
    """Healthy steps, but for what is given."""
    sizes = np.array([16.0, 4.0, 32.0, 8.0])
    healthy = {
        "numbers": np.arange(start, start + count),
        "losses": 1 / np.arange(start, start + count),
        "squares": np.tile(sizes * 1e-4, (count, 1)),
        "elements": np.tile(sizes, (count, 1)),
        "zeros": np.zeros((count, 4)),
        "widths": np.full(count, 32),
        "rows": np.full(count, 8),
        "tokens": np.full(count, 200),
        "seconds": np.full(count, 0.1),
    }
    return Steps(**{**healthy, **values})


def rule(name, **parameters):
    made = RULES[name](**parameters)
    assert made.begin(FACTS) is None
    return made


def spoilt(place, value, count=10):
    squares = steps(count).squares
    squares[:, place] = value
    return squares


def test_healthy_figures_are_told_nothing_of():
    judge = Judge(DebugSettings(rules={"class_imbalance": {"action": "ignore"}}))
    judge.begin(FACTS)
    for start in range(1, 400, 10):
        judge.steps(steps(start=start), epoch=1)
    for number in range(1, 5):
        judge.epoch(number, {"loss": 0.5 / number, "log_loss": 0.4 / number}, number * 100)
    told = judge.told()
    assert told["findings"] == [] and "class_imbalance" not in told["rules"]
    assert told["rules"]["gradient_norm"] == {"judged": 40, "findings": 0}


@pytest.mark.parametrize(
    "name, shown, words",
    [
        ("exploding_tensor", {"squares": spoilt(2, np.nan)}, "head/kernel is not finite"),
        ("exploding_tensor", {"losses": np.full(10, np.inf)}, "the loss is not finite"),
        ("vanishing_gradient", {"squares": spoilt(0, 1e-16)}, "encoder/kernel has been below"),
        ("all_zero", {"squares": spoilt(2, 0.0)}, "head/kernel has been 0 for 10 steps"),
    ],
)
def test_names_the_variable(name, shown, words):
    (found,) = rule(name).steps(steps(**shown))
    assert words in found.message


def test_says_how_it_was_before_a_tensor_exploded():
    judged = rule("exploding_tensor")
    squares = steps().squares
    squares[4:, 0] = np.inf
    (found,) = judged.steps(steps(squares=squares))
    assert found.step == 5 and "at step 4 the loss was 0.25" in found.message
    assert not list(judged.steps(steps(squares=spoilt(0, np.nan))))


def test_the_bias_of_keys_needs_no_gradient():
    assert not list(rule("all_zero").steps(steps(squares=spoilt(1, 0.0))))
    assert not list(rule("vanishing_gradient").steps(steps(squares=spoilt(1, 1e-18))))


def test_a_variable_without_a_gradient_is_not_judged():
    elements = steps().elements
    elements[:, 2] = 0
    assert not list(rule("all_zero").steps(steps(elements=elements, squares=spoilt(2, 0.0))))


def test_units_of_which_most_have_no_gradient():
    zeros = np.zeros((10, 4))
    zeros[:, 3] = 5
    (found,) = rule("dead_units").steps(steps(zeros=zeros))
    assert found.subject == "head/bias" and "62% of the units" in found.message
    zeros[4, 3] = 4
    assert not list(rule("dead_units").steps(steps(zeros=zeros)))
    zeros[:] = steps().elements
    assert not list(rule("dead_units").steps(steps(zeros=zeros, squares=spoilt(3, 0.0))))


def test_a_class_of_which_hardly_a_text_is_found():
    judged = rule("class_recall")
    figures = {"loss": 0.1, "recall/good": 0.9, "recall/bad": 0.02}
    assert not list(judged.epoch(2, figures))
    (found,) = judged.epoch(3, figures)
    assert "2% of the 50 texts of class bad are found" in found.message
    assert not list(judged.epoch(4, figures))


def test_a_norm_far_above_its_median():
    judged = rule("gradient_norm")
    assert not list(judged.steps(steps(30)))
    for step in (31, 32):
        assert not list(judged.steps(steps(1, start=step, squares=spoilt(0, 10.0, 1))))
    (found,) = judged.steps(steps(1, start=33, squares=spoilt(0, 10.0, 1)))
    assert found.step == 33


def test_a_loss_that_rests():
    judged = rule("loss_not_decreasing")
    found = [
        one
        for start in range(1, 400, 10)
        for one in judged.steps(steps(start=start, losses=np.ones(10)))
    ]
    assert [one.step for one in found] == [200]


def test_an_eval_loss_that_rises():
    judged = rule("overfit")
    assert not list(judged.epoch(1, {"loss": 0.5, "log_loss": 0.6}))
    assert not list(judged.epoch(2, {"loss": 0.4, "log_loss": 0.5}))
    (found,) = judged.epoch(3, {"loss": 0.3, "log_loss": 0.55})
    assert "rose to 0.55 in epoch 3" in found.message


def test_who_guesses_knows_how_frequent_the_classes_are_in_both_splits():
    def told(cost, classes):
        facts = dataclasses.replace(FACTS, classes=classes, eval_classes=np.array([70, 30]))
        judged = RULES["no_better_than_guessing"]()
        judged.begin(facts)
        return [found.message for found in judged.epoch(4, {"log_loss": cost})]

    # By the eval split alone 0.611, by both 0.679.
    assert told(0.64, None) and not told(0.64, np.array([500, 500]))
    (message,) = told(0.68, np.array([500, 500]))
    assert "who only knows how frequent the classes are has 0.6793" in message


def test_weights_that_move_too_far_or_not_at_all():
    ones = [np.ones(4, np.float32)] * 4
    (found,) = rule("weight_update_ratio").weights(
        Weights(1, np.ones(4), [10 * one for one in ones], ones)
    )
    assert found.subject == "encoder/kernel" and "9 times" in found.message

    judged, said = rule("unchanged_tensor"), []
    for step in range(4):
        list(judged.steps(steps(start=10 * step + 1)))
        said += judged.weights(Weights(10 * step, np.ones(4), ones))
    assert len(said) == 1 and "has not changed" in said[0].message


def test_steps_that_are_slow_for_their_width():
    judged = rule("slow_steps")
    assert not list(judged.steps(steps(40)))
    assert not list(judged.steps(steps(5, seconds=np.full(5, 9.0))))
    widths = np.full(10, 128)
    assert not list(judged.steps(steps(widths=widths, seconds=np.full(10, 9.0))))
    (found,) = judged.steps(steps(5, seconds=np.full(5, 9.0)))
    assert "10 of " in found.message


def test_classes_and_padding():
    (found,) = rule("class_imbalance").facts(FACTS)
    assert "10 texts, while another has 900" in found.message
    (found,) = rule("padding").steps(steps(50, tokens=np.full(50, 50)))
    assert found.message.startswith("80% ")


def test_what_is_not_known_and_not_read_of_the_texts():
    few, many = Reading(0.05, 0.1, "many are cut", "more"), Reading(0.06, 0.11, "many", "more")
    for name in ("unknown_pieces", "unread_tokens"):
        assert "known" in RULES[name]().begin(FACTS)
        judged = [
            list(RULES[name]().facts(dataclasses.replace(FACTS, reading=reading)))
            for reading in (few, many)
        ]
        assert [len(found) for found in judged] == [0, 1]
    judge = Judge(DebugSettings(rules={"class_imbalance": {"action": "ignore"}}))
    facts = dataclasses.replace(FACTS, reading=many)
    judge.begin(facts)
    with progress.notifying_to(lambda line: None):
        judge.facts(facts)
    assert [str(finding) for finding in judge.findings] == [
        "unknown_pieces, step 0: the vocabulary of the encoder does not know 6% of the pieces: it "
        "has hardly read the language of the reviews; try an encoder that has (`reviewlens "
        "encoders list`), or model.algorithm=ngrams",
        "unread_tokens, step 0: many; try more",
    ]


def test_tells_of_a_rule_a_few_times_and_counts_the_rest():
    class Broken(Rule):
        name = "broken"

        def steps(self, steps):
            raise ValueError("what a step")
            yield

    judge = Judge(DebugSettings())
    judge.begin(FACTS)
    judge._rules["broken"] = Broken()
    judge.counts["broken"] = {"judged": 0, "findings": 0}
    for number in range(3, 9):
        judge.epoch(number, {"loss": 1.0, "log_loss": 2.0}, number)
    judge.steps(steps(), epoch=1)
    told = judge.told()
    rules = [one["rule"] for one in told["findings"]]
    assert rules.count("no_better_than_guessing") == 3
    assert told["rules"]["no_better_than_guessing"]["findings"] == 6
    assert "what a step" in told["rules"]["broken"]["skipped"]

    again = Judge(DebugSettings(rules={"all_zero": {"action": "stop"}}))
    again.begin(FACTS)
    again.resume(told)
    assert again.told()["findings"] == told["findings"]
    with pytest.raises(StopTraining, match="all_zero: the gradient of head/kernel"):
        again.steps(steps(squares=spoilt(2, 0.0)), epoch=1)


# With which each rule finds something in figures that jump.
EAGER = {
    "vanishing_gradient": {"patience": 4},
    "all_zero": {"patience": 4},
    "dead_units": {"patience": 4, "units": 4},
    "gradient_norm": {"factor": 1.2, "start": 15},
    "loss_not_decreasing": {"window": 20, "patience": 2},
    "weight_update_ratio": {"large": 0.01},
    "class_recall": {"least": 0.9},
    "overfit": {"ratio": 0.0},
    "overtraining": {"patience": 2},
    "padding": {"share": 0.1, "steps_judged": 120},
    # What lasts long depends on when the step was compiled.
    "slow_steps": {"action": "ignore"},
}
LOOKS = 40


def jumping(seed):
    """A training whose figures jump, as what is done with a judge after the other."""
    random = np.random.default_rng(seed)
    facts = Facts(**{**vars(FACTS), "encoder": [] if seed % 2 else [0, 1]})
    healthy, looks = steps().squares, [lambda judge: judge.begin(facts)]
    for look in range(LOOKS):
        # Some looks long all goes as it did.
        if look % 3 == 0:
            factors = random.choice([0.0, 1e-12, 1.0, 1.0, 50.0], size=4)
            values = [np.full(4, value, np.float32) for value in random.choice([0.0, 1.0, 2.0], 4)]
        squares = healthy * factors * random.uniform(0.5, 2, size=(10, 1))
        if look > 30 and random.random() < 0.1:
            squares[3, 2] = np.nan
        zeros = random.choice([0.0, 6.0]) * np.eye(4)[np.full(10, 3)]
        losses = random.uniform(0.9, 1.1, 10)
        shown = steps(start=10 * look + 1, squares=squares, zeros=zeros, losses=losses)
        moved = [value * (1 + 0.1 * (random.random() < 0.1)) for value in values]
        weights = Weights(10 * look, np.array([v @ v for v in values]), moved, values)
        looks.append(lambda judge, weights=weights: judge.weights(weights, 1))
        looks.append(lambda judge, shown=shown: judge.steps(shown, 1))
        if look % 5 == 4:
            number, cost = look // 5 + 1, random.uniform(0.5, 0.7)
            recalls = {f"recall/{name}": random.random() for name in ("bad", "good")}
            figures = {"loss": 0.4, "log_loss": cost, **recalls}
            looks.append(
                lambda judge, number=number, figures=figures: judge.epoch(number, figures, number)
            )
    return looks


def test_an_interruption_changes_nothing_about_what_is_found():
    fired = set()
    for seed in range(12):
        looks = jumping(seed)
        whole, resumed = Judge(DebugSettings(rules=EAGER)), Judge(DebugSettings(rules=EAGER))
        at = int(np.random.default_rng(seed).integers(1, len(looks)))
        with progress.notifying_to(lambda line: None):
            for place, look in enumerate(looks):
                if place == at:
                    saved = json.loads(json.dumps([resumed.told(), resumed.state()]))
                    resumed = Judge(DebugSettings(rules=EAGER))
                    looks[0](resumed)
                    resumed.resume(saved[0])
                    resumed.restore(saved[1])
                look(whole)
                look(resumed)
        assert resumed.told() == whole.told()
        fired |= {found["rule"] for found in whole.told()["findings"]}
    assert fired >= {name for name, rule in RULES.items() if rule.remembers} - {"slow_steps"}


def test_a_rule_that_is_asked_otherwise_begins_anew():
    shown = {"squares": spoilt(2, 0.0, 7)}
    first = Judge(DebugSettings(rules={"padding": {"action": "ignore"}}))
    first.begin(FACTS)
    first.steps(steps(7, **shown), epoch=1)
    state = json.loads(json.dumps(first.state()))
    for patience, told in (10, True), (8, False):
        again = Judge(DebugSettings(rules={"all_zero": {"patience": patience}}))
        again.begin(FACTS)
        again.restore({**state, "a_rule_of_before": {"parameters": {}, "state": {"_count": 1}}})
        with progress.notifying_to(lambda line: None):
            again.steps(steps(3, start=8, squares=spoilt(2, 0.0, 3)), epoch=1)
        assert bool(again.findings) == told


def test_a_step_that_is_compiled_again_is_not_slow():
    judged = rule("slow_steps", least=1)
    assert not list(judged.steps(steps(40)))
    again = rule("slow_steps", least=1)
    again.restore(json.loads(json.dumps(judged.state())))
    seconds = np.array([9.0, *[0.1] * 9, 9.0, 9.0, 9.0, 9.0, 9.0])
    assert not list(again.steps(steps(10, seconds=seconds[:10])))
    (found,) = again.steps(steps(5, seconds=seconds[10:]))
    assert found.message.startswith("5 of 48 steps")
