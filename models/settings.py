"""The settings of the model and of its training, as the configuration names them."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..choices import choice, choice_problems

POOLINGS = ("mean", "first")
PRECISIONS = ("auto", "float32", "bfloat16")
LABEL_PIECES = ("first", "all")
TRUNCATIONS = ("head", "head_tail")
CLASS_WEIGHTS = ("none", "balanced")
ALGORITHMS = ("encoder", "ngrams")
OBJECTIVES = ("mlm", "nsp")
MASKINGS = ("pieces", "whole_words")
OPTIMIZERS = ("adamw", "lamb")
# Of what figures may be kept while a model is trained.
COLLECTIONS = ("losses", "gradients", "weights")
WIDE = ("auto", "on", "off")
# What is done about what a rule of `debug.rules` finds.
RULE_ACTIONS = ("warn", "stop", "fail", "ignore")
AUTO = "auto"
# No encoder that is known here reads more.
MAX_TOKENS = 512
# Start, a token and two that part the question from the text.
LEAST_QUESTION_TOKENS = 4
# Each of the model's keys that is for some of the tasks only; see `tasks.base.Data.SETTINGS` of the
# nodes.
OF_TASKS = (
    "truncation",
    "pooling",
    "stride",
    "label_pieces",
    "max_question_tokens",
    "max_answer_tokens",
)
# Of `max_tokens` where it is `auto`, unless the encoder reads less.
LEAST_AUTO_TOKENS = 128
# Of `epochs` where it is `auto`: so many that together they have about as many steps.
AUTO_STEPS = 200
FEWEST_AUTO_EPOCHS, MOST_AUTO_EPOCHS = 2, 10
# Of `learning_rate` where it is `auto`: for an encoder of so many units, and less for a wider one.
AUTO_RATE, AUTO_RATE_WIDTH = 2e-4, 384
_CALLBACK = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """The classifier: what it reads of a review and how it is built.

    Attributes:
        algorithm: What learns: `encoder`, a pretrained encoder that is fine-tuned, or `ngrams`,
            the n-gram classifier alone, which trains in seconds.
        wide: Whether the n-gram classifier answers beside the encoder, in one model: `on`, `off`,
            or `auto`, where the eval split says that it helps.
        max_tokens: Tokens that are read of a review, those of start and end included; `auto` for
            the smallest of 128, 160, … 256 that leaves 0.5 % of the training split's tokens
            unread at most, or 256.
        truncation: What is read of a longer review: its beginning, `head`, or a quarter of its
            beginning and the rest from its end, `head_tail`.
        dropout: Share of units dropped in the head and the encoder while training, in [0, 1).
        stride: For tasks that read the whole of a text, however long: tokens by which a window
            onto it lies behind the one before; `auto` for half of what a window reads.
        label_pieces: For tasks that name words: whether a word is named by what the encoder says
            of its `first` piece, or `all` its pieces are named.
        max_question_tokens: For tasks that ask a text questions: tokens that are read of a
            question, those of its start and end included, and never more than half of
            `max_tokens`.
        max_answer_tokens: For tasks that ask a text questions: tokens of an answer at most.
        pooling: `mean` of all tokens or the `first` token's pooled output.
        native: Convert the encoder to native Keras layers where its variables allow it;
            otherwise its SavedModel itself is fine-tuned.
    """

    algorithm: str = choice("encoder", ALGORITHMS)
    wide: str = choice("auto", WIDE)
    max_tokens: int | str = AUTO
    truncation: str = choice("head", TRUNCATIONS)
    dropout: float = 0.1
    pooling: str = choice("mean", POOLINGS)
    stride: int | str = AUTO
    label_pieces: str = choice("first", LABEL_PIECES)
    max_question_tokens: int = 64
    max_answer_tokens: int = 30
    native: bool = True

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        yield from choice_problems(self)
        if self.wide == "on" and self.algorithm == "ngrams":
            yield "wide", "is on, but there is no encoder beside which n-grams could answer"
        if isinstance(self.max_tokens, str):
            if self.max_tokens != AUTO:
                yield "max_tokens", f"is {self.max_tokens!r}; it is a whole number or {AUTO}"
        elif not 8 <= self.max_tokens <= MAX_TOKENS:
            yield (
                "max_tokens",
                f"is {self.max_tokens}; encoders read 8 to {MAX_TOKENS} tokens, give a number of "
                f"these or {AUTO}",
            )
        yield from self._stride_problems()
        if not LEAST_QUESTION_TOKENS <= self.max_question_tokens <= MAX_TOKENS // 2:
            yield (
                "max_question_tokens",
                f"is {self.max_question_tokens}; give a number from {LEAST_QUESTION_TOKENS} to "
                f"{MAX_TOKENS // 2}, half of what encoders read",
            )
        if not 1 <= self.max_answer_tokens <= MAX_TOKENS:
            yield (
                "max_answer_tokens",
                f"is {self.max_answer_tokens}; give a number from 1 to {MAX_TOKENS}",
            )
        if not 0 <= self.dropout < 1:
            yield "dropout", f"is {self.dropout}; it is a share from 0 up to, not including, 1"

    def _stride_problems(self) -> Iterator[tuple[str, str]]:
        """A stride of more than a window reads would leave out what lies between two of them."""
        width = LEAST_AUTO_TOKENS if isinstance(self.max_tokens, str) else self.max_tokens
        room = width - 2
        if isinstance(self.stride, str):
            if self.stride != AUTO:
                yield "stride", f"is {self.stride!r}; it is a whole number or {AUTO}"
        elif not 1 <= self.stride <= room:
            yield (
                "stride",
                f"is {self.stride}; a window of {width} tokens has {room} between start and end, "
                f"give a number from 1 to {room} or {AUTO}",
            )


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How the classifier is fine-tuned.

    Attributes:
        epochs: Passes over the training split, at most; `auto` for as many as have about 200
            steps together, from 2 to 10: few texts are to be read more often than many.
        batch_size: Reviews per step.
        micro_batch: Reviews that a step computes at a time: fewer take less memory and more time,
            and their gradients are added up. None for all of them at once.
        learning_rate: Peak of the schedule, reached after the warm-up; `auto` is 2e-4 for an
            encoder of up to 384 units, and for a wider one the less the wider it is.
        head_rate: What is on the encoder learns faster than its top layer by this factor, as it is
            fresh.
        layer_decay: The rate of each encoder layer is that of the layer above times this.
        warmup: Share of all steps over which the rate rises from zero.
        weight_decay: Of AdamW; norms and biases are exempt.
        clip_norm: Gradients are scaled down to this global norm.
        class_weight: `balanced` weighs a class by the inverse of its frequency, or `none`.
        label_smoothing: Share of the target that is spread over all grades, in [0, 1).
        patience: Epochs that are surely worse than the best one, one after the other, after which
            training stops; see `training.choice`.
        precision: `float32`, `bfloat16` (mixed), or `auto`: bfloat16 where the processor has it.
        seed: Of the initial head, the shuffling and the dropout.
        start_from: What was learnt already, of encoder and head: `last`, the last model that this
            output has pushed, if there is one; a run's folder, a pushed model or one version of
            it; or what the node `trainer` has left. None starts from the encoder.
        callbacks: Callbacks of Keras that are told of the training, each `MODULE:CLASS`; see
            `training.callbacks.KerasCallback`.
    """

    epochs: int | str = AUTO
    batch_size: int = 32
    micro_batch: int | None = None
    learning_rate: float | str = AUTO
    head_rate: float = 10.0
    layer_decay: float = 0.85
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    class_weight: str = choice("none", CLASS_WEIGHTS)
    label_smoothing: float = 0.0
    patience: int = 2
    precision: str = choice("auto", PRECISIONS)
    seed: int = 7
    start_from: str | None = None
    callbacks: tuple[str, ...] = ()

    # What is a setting of pre-training only.
    optimizer: ClassVar[str] = "adamw"
    average: ClassVar[bool] = True
    head_warmup: ClassVar[float] = 0.0

    def __post_init__(self):
        # JSON knows lists only; they are compared and shown as tuples.
        object.__setattr__(self, "callbacks", tuple(self.callbacks))

    def passes(self, steps: int) -> int:
        """The number of epochs.

        Args:
            steps: Of one of them.

        Example:
            >>> TrainingSettings().passes(steps=50), TrainingSettings(epochs=3).passes(steps=50)
            (4, 3)
        """
        if isinstance(self.epochs, int):
            return self.epochs
        return min(max(round(AUTO_STEPS / steps), FEWEST_AUTO_EPOCHS), MOST_AUTO_EPOCHS)

    def rate(self, width: int) -> float:
        """The peak of the learning rate.

        What Adam moves a weight by does not grow smaller with the width of a layer, but what comes
        of it grows with that (Yang et al., "Tensor Programs V", NeurIPS 2021).

        Args:
            width: Of the encoder, its hidden units.

        Example:
            >>> TrainingSettings().rate(384), TrainingSettings().rate(768)
            (0.0002, 0.0001)
        """
        if isinstance(self.learning_rate, str):
            return AUTO_RATE * min(1.0, AUTO_RATE_WIDTH / width)
        return self.learning_rate

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        yield from _training_problems(self, shares=("warmup", "label_smoothing"))
        for name in self.callbacks:
            if not _CALLBACK.fullmatch(name):
                yield "callbacks", f"has {name!r}; name each class as MODULE:CLASS"


@dataclasses.dataclass(frozen=True)
class MaskedModelSettings:
    """The encoder that is pretrained: what it reads of a text, and what it has to guess.

    Attributes:
        max_tokens: Tokens that are read at a time, those of start and end included.
        dropout: Share of units dropped in the encoder while training, in [0, 1).
        objectives: What is guessed: `mlm`, hidden pieces, `nsp`, whether one part of a text
            follows the other, or both.
        masking: What is hidden at a time: `pieces` or `whole_words`.
        mask_rate: Share of the pieces that are hidden.
        native: Convert the encoder to native Keras layers where its variables allow it;
            otherwise its SavedModel itself is trained.
    """

    max_tokens: int = 128
    dropout: float = 0.1
    objectives: tuple[str, ...] = ("mlm",)
    masking: str = choice("pieces", MASKINGS)
    mask_rate: float = 0.15
    native: bool = True

    def __post_init__(self):
        # JSON knows lists only; they are compared and shown as tuples.
        object.__setattr__(self, "objectives", tuple(self.objectives))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        yield from choice_problems(self)
        if not 8 <= self.max_tokens <= MAX_TOKENS:
            yield (
                "max_tokens",
                f"is {self.max_tokens}; encoders read 8 to {MAX_TOKENS} tokens, give a number of "
                "these",
            )
        if not 0 <= self.dropout < 1:
            yield "dropout", f"is {self.dropout}; it is a share from 0 up to, not including, 1"
        unknown = set(self.objectives) - set(OBJECTIVES)
        if unknown or not self.objectives or len(set(self.objectives)) < len(self.objectives):
            named = ", ".join(self.objectives)
            yield (
                "objectives",
                f"is [{named}]; choose [mlm], [nsp] or [mlm, nsp]",
            )
        if not 0 < self.mask_rate < 1:
            yield "mask_rate", f"is {self.mask_rate}; it is a share above 0 and below 1"


@dataclasses.dataclass(frozen=True)
class PretrainingSettings:
    """How an encoder is pretrained.

    Attributes:
        epochs: Passes over the training split, at most; other pieces are hidden in each.
        batch_size: Segments per step.
        micro_batch: Segments that a step computes at a time, whose gradients are added up: so
            large batches fit into little memory. None for all of them at once.
        learning_rate: Peak of the schedule, reached after the warm-up.
        layer_decay: The rate of each encoder layer is that of the layer above times this.
        warmup: Share of all steps over which the rate rises from zero.
        head_warmup: Share of all steps, the first ones, in which only the heads are trained: a
            fresh head would unsettle an encoder that has learnt already. Not where all heads came
            with the encoder.
        weight_decay: Norms and biases are exempt.
        clip_norm: Gradients are scaled down to this global norm.
        optimizer: `adamw`, or `lamb` for batches of thousands.
        average: Whether the weights are averaged over the path of the training, as in
            fine-tuning, or are those that it ends with.
        keep: How much it counts that the mean vector of a text stays what it was, beside the loss
            of what is guessed, see `Keeping`: 0 for not at all, `auto` for 10 where an encoder has
            learnt something and comes without its heads, as sentence encoders do, and for what
            it was where an encoder was pretrained here before.
        patience: Epochs without a lower eval loss after which training stops.
        precision: `float32`, `bfloat16` (mixed), or `auto`: bfloat16 where the processor has it.
        seed: Of the initial heads, the shuffling, the masks and the dropout.
    """

    epochs: int = 1
    batch_size: int = 32
    micro_batch: int | None = None
    learning_rate: float = 1e-4
    layer_decay: float = 1.0
    warmup: float = 0.1
    head_warmup: float = 0.0
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    optimizer: str = choice("adamw", OPTIMIZERS)
    average: bool = False
    keep: float | str = AUTO
    patience: int = 2
    precision: str = choice("auto", PRECISIONS)
    seed: int = 7

    head_rate: ClassVar[float] = 1.0

    def passes(self, steps: int) -> int:
        """The number of epochs, whatever `steps` each has."""
        return self.epochs

    def rate(self, width: int) -> float:
        """The peak of the learning rate, however many units the encoder has."""
        return self.learning_rate

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        yield from _training_problems(self, shares=("warmup", "head_warmup"))
        if isinstance(self.keep, str):
            if self.keep != AUTO:
                yield "keep", f"is {self.keep!r}; it is a number or {AUTO}"
        elif not 0 <= self.keep < math.inf:
            yield "keep", f"is {self.keep}; it is 0 or more"


def _training_problems(
    settings: TrainingSettings | PretrainingSettings, shares: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """What may be wrong with the settings that both have, and with those that are shares."""
    if isinstance(settings.epochs, str):
        if settings.epochs != AUTO:
            yield "epochs", f"is {settings.epochs!r}; it is a whole number or {AUTO}"
    elif settings.epochs < 1:
        yield "epochs", f"is {settings.epochs}; it is a whole number from 1"
    for key in ("batch_size", "patience"):
        if getattr(settings, key) < 1:
            yield key, f"is {getattr(settings, key)}; it is a whole number from 1"
    if settings.micro_batch is not None and not 1 <= settings.micro_batch <= settings.batch_size:
        yield (
            "micro_batch",
            f"is {settings.micro_batch}; it is a whole number from 1 to training.batch_size, "
            f"{settings.batch_size}, or null",
        )
    if not 0 <= settings.seed < 2**32:
        yield "seed", f"is {settings.seed}; it is a whole number from 0, below 2^32"
    if isinstance(settings.learning_rate, str):
        if settings.learning_rate != AUTO:
            yield "learning_rate", f"is {settings.learning_rate!r}; it is a number or {AUTO}"
    elif not settings.learning_rate > 0:
        yield "learning_rate", f"is {settings.learning_rate}; it is a number above 0"
    for key in ("head_rate", "clip_norm"):
        if not getattr(settings, key) > 0:
            yield key, f"is {getattr(settings, key)}; it is a number above 0"
    if not 0 < settings.layer_decay <= 1:
        yield "layer_decay", f"is {settings.layer_decay}; it is a factor above 0, 1 at most"
    if settings.weight_decay < 0:
        yield "weight_decay", f"is {settings.weight_decay}; it is 0 or more"
    for key in shares:
        if not 0 <= getattr(settings, key) < 1:
            yield key, f"is {getattr(settings, key)}; it is a share from 0 up to, not including, 1"
    yield from choice_problems(settings)


@dataclasses.dataclass(frozen=True)
class DebugSettings:
    """How a training is watched.

    Attributes:
        on: Whether rules look at it at all.
        rules: By the name of a rule what is not as by default: its parameters, and its `action`:
            `warn` tells what it finds, `stop` ends the training with its best epoch, `fail` has
            the run fail, `ignore` does not ask it.
        every: Steps between two looks of the rules, and of what is saved.
        save: Of `losses`, `gradients` and `weights` those of which figures are kept, in
            `tensors.npz` beside `training.json`.
        profile: The first and the last of the steps, from 1, that TensorFlow profiles operation by
            operation; empty for none.
    """

    on: bool = True
    rules: Mapping[str, Mapping[str, int | float | str]] = dataclasses.field(default_factory=dict)
    every: int = 10
    save: tuple[str, ...] = ()
    profile: tuple[int, ...] = ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if self.every < 2:
            yield "every", f"is {self.every}; it is a whole number from 2"
        for name in self.save:
            if name not in COLLECTIONS:
                yield "save", f"has {name!r}; choose of {', '.join(COLLECTIONS)}"
        steps = self.profile
        if steps and (len(steps) != 2 or not 1 <= steps[0] <= steps[1]):
            yield "profile", f"is {list(steps)}; it is [FIRST, LAST], two steps from 1 on"
        if not self.rules:
            return
        from .rules.registry import RULES, parameters

        for name, values in self.rules.items():
            if name not in RULES:
                yield f"rules.{name}", f"there is no such rule; there are {', '.join(RULES)}"
                continue
            yield from _rule_problems(f"rules.{name}", values, parameters(name))


def _rule_problems(
    key: str, values: Mapping[str, Any], known: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """What may be wrong with what is set of one rule."""
    for name, value in values.items():
        if name == "action":
            if value not in RULE_ACTIONS:
                yield f"{key}.{name}", f"is {value!r}; choose one of {', '.join(RULE_ACTIONS)}"
        elif name not in known:
            yield f"{key}.{name}", f"is no parameter of it; it has {', '.join([*known, 'action'])}"
        elif isinstance(value, str) or not value > 0:
            yield f"{key}.{name}", f"is {value!r}; it is a number above 0"
        elif isinstance(known[name], int) and value != int(value):
            yield f"{key}.{name}", f"is {value}; it is a whole number"
