"""Encodes token ids with transformers' own model of a checkpoint, to compare ours with.

Runs in the peers' environment: `encode_transformers.py CHECKPOINT INPUTS.npz OUTPUTS.npz`, where
the inputs are named as ours.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
import transformers

_NAMES = {
    "input_word_ids": "input_ids",
    "input_mask": "attention_mask",
    "input_type_ids": "token_type_ids",
}


def encode(checkpoint: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Computes what the encoder of a checkpoint says.

    Args:
        checkpoint: Folder with `config.json` and `model.safetensors`.
        inputs: By our names, int [batch, length].

    Returns:
        `sequence_output` [batch, length, size]; and `pooled_output` [batch, size], of a model
        without a pooler the first token's vector.
    """
    model = transformers.AutoModel.from_pretrained(checkpoint, attn_implementation="eager").eval()
    given = {_NAMES[name]: torch.tensor(values).long() for name, values in inputs.items()}
    with torch.no_grad():
        found = model(**given)
    sequence = found.last_hidden_state.float().numpy()
    pooled = getattr(found, "pooler_output", None)
    pooled = sequence[:, 0] if pooled is None else pooled.float().numpy()
    return {"sequence_output": sequence, "pooled_output": pooled}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("checkpoint", "inputs", "outputs"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    with np.load(arguments.inputs) as opened:
        outputs = encode(arguments.checkpoint, dict(opened))
    np.savez(arguments.outputs, **outputs)
