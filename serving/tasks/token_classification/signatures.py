"""The signature of a model that finds entities: `entities`, which is `serving_default` as well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ....models.encoders.characters import Characters
from ....models.graph_function import graph_function
from ....models.tasks.token_classification.units import unit_outputs
from ..base import BLANK, Served
from ..predictions import MOST_CELLS

_TOO_MANY = "a text has so many entities that no answer has room for that many of each text asked \
about with it; ask about fewer texts at once"


def make_signatures(served: Served) -> dict[str, Any]:
    """Makes the signature under its two names.

    Args:
        served: A model in the graph whose outputs are of tokens.

    Returns:
        `serving_default` and `entities`, both from `text` [batch] to `start` and `end` in
        characters, int64, `label`, string, `score`, float32, and `entity`, the part of the text,
        string, each [batch, most entities], and to `count`, int64 [batch]. What a text with
        fewer entities has beyond its own is 0 or empty. An answer of more than `MOST_CELLS` is
        refused before it fills the memory; one about a single text never is.
    """

    @graph_function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def serve(text):
        characters = Characters(text)
        units, starts, ends = unit_outputs(
            served.outputs(text),
            served.tokenizer.tokenize_with_offsets(text),
            characters,
            served.decision.label_pieces,
        )
        rows, first, last, types, scores = served.decision.entities(units)
        begins = tf.gather(units.row_starts(), rows)
        starts = tf.gather(starts.values, begins + first)
        ends = tf.gather(ends.values, begins + last)

        def of_texts(values, rows):
            return tf.RaggedTensor.from_value_rowids(
                values, rows, tf.size(text, tf.int64), validate=False
            )

        starts = characters.positions(of_texts(starts, rows)).values
        ends = characters.positions(of_texts(ends, rows)).values
        parts = characters.strings(rows, starts, ends)
        # Something of which nobody sees anything is none.
        seen = tf.where(~tf.strings.regex_full_match(parts, BLANK))[:, 0]
        columns = {
            "start": starts,
            "end": ends,
            "label": tf.gather(served.labels, types),
            "score": scores,
            "entity": parts,
        }
        ragged = {
            name: of_texts(tf.gather(values, seen), tf.gather(rows, seen))
            for name, values in columns.items()
        }
        cells = tf.reduce_prod(ragged["start"].bounding_shape())
        fits = tf.debugging.assert_less_equal(
            cells, tf.constant(MOST_CELLS, tf.int64), message=_TOO_MANY
        )
        with tf.control_dependencies([fits]):
            padded = {name: values.to_tensor() for name, values in ragged.items()}
        return {**padded, "count": ragged["start"].row_lengths()}

    return {"serving_default": serve, "entities": serve}
