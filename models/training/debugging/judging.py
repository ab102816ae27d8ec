"""Asks rules, and does what they are set to do about what they find."""

from __future__ import annotations

import collections
import functools
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ....errors import RunError
from ....progress import notify
from ...rules.finding import Finding, Found
from ...rules.registry import RULES, parameters
from ...rules.rule import Facts, Rule, Steps, Weights
from ...settings import RULE_ACTIONS, DebugSettings
from ..watching import StopTraining

WARN, STOP, FAIL, IGNORE = RULE_ACTIONS
# Of each rule so many findings are told and kept; the others are counted.
_TOLD = 3


class Judge:
    """The rules of a training and what they have found.

    A rule that fails by its own fault is told and left out from then on.

    Args:
        settings: Which rules there are, with which parameters and actions.

    Attributes:
        findings: What was found, the first of each rule.
        counts: Rule -> how often it was asked, how much it found, and why it was not asked.
        hear: Who else is told of a finding: takes the rule, the step and the words.
    """

    def __init__(self, settings: DebugSettings):
        self.findings: list[Finding] = []
        self.counts: dict[str, dict[str, Any]] = {}
        self.hear: Callable[[str, int, str], None] | None = None
        self._actions: dict[str, str] = {}
        self._rules: dict[str, Rule] = {}
        self._parameters: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        for name in RULES:
            chosen = dict(settings.rules.get(name, {}))
            action = str(chosen.pop("action", WARN))
            if action == IGNORE:
                continue
            self._actions[name] = action
            # A whole number in the configuration may stand for another one.
            known = parameters(name)
            values = {key: type(known[key])(value) for key, value in chosen.items()}
            self._rules[name] = RULES[name](**values)
            self._parameters[name] = known | values
            self.counts[name] = {"judged": 0, "findings": 0}
        # What ends the training, found by a thread.
        self._due: Exception | None = None

    def rule(self, name: str) -> Rule | None:
        """Returns a rule that is asked, None if it is not."""
        return self._rules.get(name)

    def resume(self, told: Mapping[str, Any]) -> None:
        """Takes up what was found before a training was interrupted.

        Args:
            told: What `told` gave.
        """
        self.findings = [Finding(**one) for one in told["findings"]]
        for name, counts in told["rules"].items():
            if name in self.counts:
                self.counts[name] |= {key: counts[key] for key in ("judged", "findings")}

    def told(self) -> dict[str, Any]:
        """What was found, and by how many looks of which rule."""
        with self._lock:
            findings = [one.to_dict() for one in self.findings]
            return {"findings": findings, "rules": {k: dict(v) for k, v in self.counts.items()}}

    def state(self) -> dict[str, Any]:
        """What the rules remember: by name the `parameters` of each and its `state`."""
        return {
            name: {"parameters": self._parameters[name], "state": rule.state()}
            for name, rule in self._rules.items()
            if rule.remembers
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Has the rules remember what they did when a training was saved; after `begin`.

        A rule that was not there, was asked by other parameters or remembered something else begins
        anew.

        Args:
            state: What `state` gave, after JSON.
        """
        for name, rule in list(self._rules.items()):
            kept = state.get(name, {})
            same = kept.get("parameters") == self._parameters[name]
            if same and kept["state"].keys() == rule.state().keys():
                self._asked(name, functools.partial(rule.restore, kept["state"]))

    def begin(self, facts: Facts) -> None:
        """Shows the facts of a training."""
        for name, rule in list(self._rules.items()):
            why = self._asked(name, functools.partial(rule.begin, facts))
            if why:
                self.counts[name]["skipped"] = why
                self._rules.pop(name, None)

    def facts(self, facts: Facts) -> None:
        """Has them judged, before the very first step."""
        self._ask("facts", lambda rule: rule.facts(facts), 0, 1)

    def steps(self, steps: Steps, epoch: int, ends: bool = False) -> None:
        """Shows steps; `ends` where the training is over and only words are due."""
        step = int(steps.numbers[-1])
        self._ask("steps", lambda rule: rule.steps(steps), step, epoch, ends)

    def weights(self, weights: Weights, epoch: int) -> None:
        """Shows what was seen of the weights."""
        self._ask("weights", lambda rule: rule.weights(weights), weights.step, epoch)

    def epoch(self, number: int, figures: Mapping[str, float], step: int) -> None:
        """Shows the figures of an epoch."""
        self._ask("epoch", lambda rule: rule.epoch(number, figures), step, number)

    def found(self, name: str, found: Found, step: int, epoch: int, later: bool = False) -> None:
        """Tells and keeps a finding, and does what its rule is set to do.

        Args:
            name: Of the rule.
            found: What it said.
            step: At which it was asked.
            epoch: Likewise.
            later: Whether what ends the training waits for `due`, as in a thread.

        Raises:
            StopTraining: If the rule's action is `stop`.
            RunError: If it is `fail`.
        """
        action = self._actions[name]
        at = step if found.step is None else found.step
        finding = Finding(name, at, epoch, found.subject, found.message, found.advice, action)
        with self._lock:
            self.counts[name]["findings"] += 1
            told = self.counts[name]["findings"] <= _TOLD
            if told:
                self.findings.append(finding)
        if told:
            notify(str(finding))
            if self.hear is not None:
                self.hear(name, at, str(finding))
        ending: Exception | None = None
        if action == STOP:
            ending = StopTraining(f"{name}: {found.message}")
        elif action == FAIL:
            ending = RunError(f"{finding} (debug.rules.{name}.action is {FAIL})")
        if ending is not None and later:
            self._due = ending
        elif ending is not None:
            raise ending

    def due(self) -> None:
        """Ends the training if what a thread has found is to end it."""
        due, self._due = self._due, None
        if due is not None:
            raise due

    def _ask(
        self,
        what: str,
        ask: Callable[[Rule], Iterable[Found]],
        step: int,
        epoch: int,
        ends: bool = False,
    ) -> None:
        ending: collections.deque[Exception] = collections.deque()
        for name, rule in list(self._rules.items()):
            if getattr(type(rule), what) is getattr(Rule, what):
                continue
            self.counts[name]["judged"] += 1
            for found in self._asked(name, functools.partial(_all, ask, rule)) or ():
                try:
                    self.found(name, found, step, epoch)
                except (StopTraining, RunError) as error:
                    ending.append(error)
        # All that was seen is told before it ends.
        if ending and not ends:
            raise ending[0]

    def _asked(self, name: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Exception as error:
            traceback.print_exc()
            self._rules.pop(name, None)
            self.counts[name]["skipped"] = f"it failed: {type(error).__name__}: {error}"
            notify(f"the rule {name} has failed and is left out: {type(error).__name__}: {error}")
            return None


def _all(ask: Callable[[Rule], Iterable[Found]], rule: Rule) -> list[Found]:
    """What a rule finds: a generator would fail where nobody expects it."""
    return list(ask(rule))
