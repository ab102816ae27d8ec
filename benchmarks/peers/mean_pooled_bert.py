"""The classifier as a model of transformers, which its pipelines and exporters take."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers
from safetensors.numpy import load_file
from transformers.modeling_outputs import SequenceClassifierOutput


class MeanPooledBert(transformers.BertPreTrainedModel):
    """A BERT encoder, the mean of its tokens, and a linear layer.

    Args:
        config: Of BERT, with `num_labels`.
    """

    def __init__(self, config):
        super().__init__(config)
        self.bert = transformers.BertModel(config, add_pooling_layer=False)
        self.head = torch.nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        """Logits of the grades."""
        outputs = self.bert(input_ids, attention_mask, token_type_ids)
        hidden = outputs.last_hidden_state
        mask = attention_mask[:, :, None].to(hidden.dtype)
        return SequenceClassifierOutput(logits=self.head((hidden * mask).sum(1) / mask.sum(1)))


def load_classifier(checkpoint: str, **kwargs) -> MeanPooledBert:
    """Loads a checkpoint of `convert.py`.

    Args:
        checkpoint: The folder.
        **kwargs: Of the configuration.

    Returns:
        The classifier in float32, for inference. What its logits lead to is left to `conclude`.
    """
    grades = json.loads(Path(checkpoint, "decision.json").read_text())["grades"]
    config = transformers.AutoConfig.from_pretrained(checkpoint, num_labels=len(grades), **kwargs)
    model = MeanPooledBert(config)
    encoder = load_file(Path(checkpoint, "model.safetensors"))
    model.bert.load_state_dict({name: torch.tensor(value) for name, value in encoder.items()})
    head = load_file(Path(checkpoint, "head.safetensors"))
    model.head.load_state_dict({name: torch.tensor(value) for name, value in head.items()})
    return model.eval()
