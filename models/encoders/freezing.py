"""Layers of an encoder that keep their weights while what is above them learns."""

from __future__ import annotations

import keras


class Freezable(keras.layers.Layer):
    """An encoder whose layers may be frozen, from the lowest one up; families derive from it.

    It has `num_layers` and `depth_of`, see `Encoder`.
    """

    def freeze(self, layers: int | None = None) -> None:
        """Has the lowest layers keep their weights in every training that begins afterwards.

        They are no longer among `trainable_variables`: no gradient is computed of them, and an
        optimizer has no slots for them. Those above become trainable. As everywhere in Keras, a
        model that is compiled already has to be compiled again.

        Args:
            layers: Blocks that are frozen together with the embeddings below them, from 0, the
                embeddings alone, to `num_layers`; None for the whole encoder.

        Raises:
            ValueError: There are not as many blocks.
            RunError: It is not known which layer a variable of the encoder is of.

        Example:
            >>> encoder.freeze(layers=1)
            >>> sorted({encoder.depth_of(one) for one in encoder.trainable_variables})
            [2, 3]
            >>> encoder.unfreeze()
        """
        if layers is None:
            self.trainable = False
            return
        if not 0 <= layers <= self.num_layers:
            raise ValueError(
                f"layers is {layers}, but the encoder has {self.num_layers} blocks: give a number "
                f"from 0, the embeddings alone, to {self.num_layers}, or None for all of it"
            )
        self.unfreeze()
        # All depths first: a variable that is frozen has none.
        depths = [(variable, self.depth_of(variable)) for variable in self.trainable_variables]
        for variable, depth in depths:
            variable.trainable = depth > layers

    def unfreeze(self) -> None:
        """Has all layers learn again.

        Example:
            >>> encoder.freeze()
            >>> encoder.trainable_variables
            []
            >>> encoder.unfreeze()
        """
        # Keras does nothing where the value of the layer itself does not change.
        self.trainable = False
        self.trainable = True
