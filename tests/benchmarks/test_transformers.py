"""Our encoders against transformers' own, of the same weights and of real shapes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

PEERS = Path(__file__).resolve().parents[2] / "benchmarks" / "peers"
PYTHON = PEERS / ".venv" / "bin" / "python"
ENCODERS = Path(__file__).resolve().parents[1] / "models" / "encoders"
BASE = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
}
DISTILLED = {"dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3072}


@pytest.mark.skipif(not PYTHON.exists(), reason="`make bench-peers` installs transformers")
@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_outputs_equal_those_of_transformers(
    monkeypatch, tmp_path, kind, tiny_vocabulary, byte_pair_files
):
    monkeypatch.syspath_prepend(ENCODERS)
    from folders import BERT, DISTILBERT, ROBERTA, random_tensors, write_folder

    from reviewlens.models import load_encoder

    config, size, files = {
        "bert": ({**BERT, **BASE}, 500, {"vocab.txt": tiny_vocabulary}),
        "distilbert": ({**DISTILBERT, **DISTILLED}, 500, {"vocab.txt": tiny_vocabulary}),
        "roberta": ({**ROBERTA, **BASE}, 50_261, {"vocab.json": "", "merges.txt": ""}),
    }[kind]
    if kind == "roberta":
        files = {name: byte_pair_files[name] for name in files}
    config = {**config, "vocab_size": size, "max_position_embeddings": 514}
    folder = write_folder(tmp_path / kind, config, random_tensors(config, size, scale=0.04), files)
    encoder = load_encoder(folder)
    random = np.random.default_rng(0)
    lengths = [200, 3, 64]
    tokens = [random.integers(4, size, length) for length in lengths]
    starts = np.cumsum([0, *lengths[:-1]])
    inputs = encoder.inputs.pad(np.concatenate(tokens), starts, np.array(lengths))
    np.savez(tmp_path / "inputs.npz", **inputs)

    command = [PYTHON, "encode_transformers.py", folder, tmp_path / "inputs.npz"]
    subprocess.run([*map(str, command), str(tmp_path / "theirs.npz")], cwd=PEERS, check=True)

    ours, theirs = encoder(inputs), np.load(tmp_path / "theirs.npz")
    mask = inputs["input_mask"][:, :, None]
    np.testing.assert_allclose(
        ours["sequence_output"] * mask, theirs["sequence_output"] * mask, atol=1e-4
    )
    np.testing.assert_allclose(ours["pooled_output"], theirs["pooled_output"], atol=1e-4)
