"""How the weights are moved: AdamW for fine-tuning, and its learning rate over time."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("reviewlens")
class LinearWarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises linearly from zero to its peak and falls linearly back to zero.

    The schedule of BERT's fine-tuning (Devlin et al., NAACL 2019, appendix A.3).

    Args:
        peak: The highest rate.
        warmup_steps: Steps until the peak is reached.
        total_steps: Steps until the rate is zero again.

    Example:
        >>> schedule = LinearWarmupDecay(peak=1.0, warmup_steps=2, total_steps=6)
        >>> [round(float(schedule(step)), 2) for step in range(6)]
        [0.5, 1.0, 0.8, 0.6, 0.4, 0.2]
    """

    def __init__(self, peak: float, warmup_steps: int, total_steps: int):
        super().__init__()
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The rate of step number `step`, counted from 0; a float32 scalar."""
        # The first step already moves: a step at rate 0 would be thrown away.
        done = tf.cast(step, tf.float32) + 1.0
        rising = done / max(self.warmup_steps, 1)
        falling = (self.total_steps + 1 - done) / max(self.total_steps + 1 - self.warmup_steps, 1)
        return self.peak * tf.clip_by_value(tf.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict:
        """The arguments it was made with."""
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
        }


@keras.saving.register_keras_serializable("reviewlens")
class LazyAdamW(keras.optimizers.Optimizer):
    """AdamW whose cost for an embedding table is that of the rows a batch used.

    Variables with dense gradients get Adam with decoupled weight decay (Loshchilov and
    Hutter, "Decoupled Weight Decay Regularization", ICLR 2019). A sparse gradient, as
    `tf.gather` gives it, moves and decays only its own rows and their moments; the other
    tens of thousands of rows of a vocabulary are not touched. Weight decay skips the variables
    that it is told to. Gradients are first scaled down to a global norm of `clip_norm`. The
    learning rate of a variable may be a multiple of that of others.

    Args:
        learning_rate: A number or a schedule.
        weight_decay: Decay per step, relative to the learning rate.
        clip_norm: Greatest global norm of the gradients, or None for no clipping.
        rate_factors: What the learning rate of each variable is multiplied with, in the order
            in which `build` is given them; None for 1.
        decayed: Whether weight decay applies to each variable, in the same order; None for all.
        beta_1: Decay of the first moment.
        beta_2: Decay of the second moment.
        epsilon: Added to the root of the second moment.
        name: Name scope of the optimizer's variables.

    Example:
        >>> weights = keras.Variable([1.0, 2.0])
        >>> optimizer = LazyAdamW(learning_rate=0.1, weight_decay=0.0)
        >>> optimizer.apply([tf.constant([1.0, 0.0])], [weights])
        >>> weights.numpy().round(3)
        array([0.9, 2. ], dtype=float32)
    """

    def __init__(
        self,
        learning_rate=5e-5,
        weight_decay: float = 0.01,
        clip_norm: float | None = 1.0,
        rate_factors: Sequence[float] | None = None,
        decayed: Sequence[bool] | None = None,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "lazy_adamw",
    ):
        # The base class would decay whole tables: it is told of no decay and no clipping.
        super().__init__(learning_rate=learning_rate, name=name)
        self.decay = weight_decay
        self.clip_norm = clip_norm
        self.rate_factors = rate_factors
        self.decayed = decayed
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Makes the two moments of each variable, once."""
        if self.built:
            return
        super().build(variables)
        self._first, self._second = self.add_optimizer_variables(
            variables, ["momentum", "velocity"]
        )
        self._factors = list(self.rate_factors or [1.0] * len(variables))
        self._decays = [self.decay * decayed for decayed in self.decayed or [True] * len(variables)]

    def apply(self, grads, trainable_variables=None) -> None:
        """Moves the variables by one step.

        Args:
            grads: A tensor, `tf.IndexedSlices` or None for each variable.
            trainable_variables: The variables; may be left out once the optimizer is built.
        """
        if not self.built:
            self.build(list(trainable_variables))
        variables = list(trainable_variables or self._trainable_variables)
        used = [
            (_merge_rows(grad), variable)
            for grad, variable in zip(grads, variables, strict=True)
            if grad is not None
        ]
        grads, variables = map(list, zip(*used, strict=True))
        if self.clip_norm is not None:
            grads, _ = tf.clip_by_global_norm(grads, self.clip_norm)
        super().apply(grads, variables)

    def update_step(self, gradient, variable: tf.Variable, learning_rate) -> None:
        """Moves one variable; called by `apply`."""
        index = self._get_variable_index(variable)
        first, second = self._first[index].value, self._second[index].value
        step = tf.cast(self.iterations + 1, tf.float32)
        powers = tf.pow(self.beta_1, step), tf.pow(self.beta_2, step)
        rate = tf.cast(learning_rate, tf.float32) * self._factors[index]
        move = self._move_rows if isinstance(gradient, tf.IndexedSlices) else self._move_all
        move(gradient, variable, first, second, rate, powers, rate * self._decays[index])

    def _move_all(self, gradient, variable, first, second, rate, powers, decay) -> None:
        variable.assign_sub(decay * variable)
        # One pass over the weights, where separate operations would take nine.
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=first.handle,
            v=second.handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def _move_rows(self, gradient, variable, first, second, rate, powers, decay) -> None:
        rows, values = gradient.indices, gradient.values
        mean = self.beta_1 * tf.gather(first, rows) + (1 - self.beta_1) * values
        square = self.beta_2 * tf.gather(second, rows) + (1 - self.beta_2) * tf.square(values)
        alpha = rate * tf.sqrt(1 - powers[1]) / (1 - powers[0])
        step = alpha * mean / (tf.sqrt(square) + self.epsilon)
        first.scatter_update(tf.IndexedSlices(mean, rows))
        second.scatter_update(tf.IndexedSlices(square, rows))
        variable.scatter_sub(tf.IndexedSlices(step + decay * tf.gather(variable, rows), rows))

    def get_config(self) -> dict:
        """The arguments it was made with."""
        config = super().get_config()
        return {
            "learning_rate": config["learning_rate"],
            "weight_decay": self.decay,
            "clip_norm": self.clip_norm,
            "rate_factors": self.rate_factors,
            "decayed": self.decayed,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "name": self.name,
        }


@keras.saving.register_keras_serializable("reviewlens")
class Lamb(LazyAdamW):
    """LAMB: AdamW whose step in each layer is in proportion to the layer's weights.

    Which is what lets batches of thousands learn at rates that would make AdamW diverge (You et
    al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020,
    algorithm 2): each variable is moved by the learning rate times its norm, in the direction of
    Adam's step plus the decay. Those that are exempt from the decay are moved as by Adam.

    Args:
        **kwargs: Those of `LazyAdamW`.

    Example:
        >>> weights = keras.Variable([[3.0, 4.0]])
        >>> optimizer = Lamb(learning_rate=0.1, weight_decay=0.0)
        >>> optimizer.apply([tf.constant([[1.0, 0.0]])], [weights])
        >>> weights.numpy().round(3)
        array([[2.5, 4. ]], dtype=float32)
    """

    def __init__(self, learning_rate=1e-3, epsilon: float = 1e-6, name: str = "lamb", **kwargs):
        super().__init__(learning_rate, epsilon=epsilon, name=name, **kwargs)

    def _move_all(self, gradient, variable, first, second, rate, powers, decay) -> None:
        first.assign(self.beta_1 * first + (1 - self.beta_1) * gradient)
        second.assign(self.beta_2 * second + (1 - self.beta_2) * tf.square(gradient))
        mean, square = first / (1 - powers[0]), second / (1 - powers[1])
        step = mean / (tf.sqrt(square) + self.epsilon)
        index = self._get_variable_index(variable)
        if self.decayed is not None and not self.decayed[index]:
            variable.assign_sub(rate * step)
            return
        step += self.decay * variable
        weight, length = tf.norm(variable), tf.norm(step)
        ratio = tf.where((weight > 0) & (length > 0), tf.math.divide_no_nan(weight, length), 1.0)
        variable.assign_sub(rate * ratio * step)

    def _move_rows(self, gradient, variable, *how) -> None:
        # Of a table all rows are moved, as its norm is that of all.
        self._move_all(tf.convert_to_tensor(gradient), variable, *how)


def layer_rates(model: keras.Model, decay: float, head: float = 10.0) -> list[float]:
    """Factors of the learning rate: smaller from one layer of the encoder to the one below.

    The lower layers know what holds for any text, so they are moved least (Howard and Ruder,
    "Universal Language Model Fine-tuning for Text Classification", ACL 2018).

    Args:
        model: Has an `encoder`.
        decay: Factor between a layer and the one above it; 1 treats all layers alike.
        head: Factor of what is no part of the encoder.

    Returns:
        A factor for each of the model's trainable variables: 1 in the top layer of the encoder
        and above it, `head` in the head.

    Raises:
        RunError: If it is not known which layer a variable of the encoder is of.

    Example:
        >>> layer_rates(ReviewClassifier(encoder, num_classes=2), 0.5)[-1]
        10.0
    """
    encoder = model.encoder

    def factor(variable: keras.Variable) -> float:
        if decay == 1:
            return 1.0
        return decay ** max(encoder.num_layers - encoder.depth_of(variable), 0)

    own = _own(encoder)
    return [
        factor(variable) if id(variable) in own else head for variable in model.trainable_variables
    ]


def decayed_variables(model: keras.Model) -> list[bool]:
    """Which variables weight decay applies to: tables and kernels, not norms and biases.

    Args:
        model: Has an `encoder`.

    Returns:
        A truth value for each of the model's trainable variables.

    Raises:
        RunError: If it is not known what a variable of the encoder is.

    Example:
        >>> decayed_variables(ReviewClassifier(encoder, num_classes=2))[-2:]
        [True, False]
    """
    own = _own(model.encoder)
    # In a head all that is no matrix is a bias or of a norm.
    return [
        model.encoder.is_decayed(variable) if id(variable) in own else len(variable.shape) > 1
        for variable in model.trainable_variables
    ]


def _own(encoder: keras.layers.Layer) -> set[int]:
    return {id(variable) for variable in encoder.trainable_variables}


def _merge_rows(gradient):
    """Sums the parts of a sparse gradient that belong to the same row."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, positions = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, positions, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
