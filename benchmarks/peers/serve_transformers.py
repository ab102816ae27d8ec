"""What one would write without this project: transformers and PyTorch behind FastAPI.

    python serve_transformers.py CHECKPOINT --port 8600 --threads 2

answers `POST /predict` with the JSON of TensorFlow Serving's predict, in batches of one
request. Runs in the peers' environment.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import transformers
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from safetensors.torch import load_file


class Reviews(BaseModel):
    """The texts of a request."""

    instances: list[str]


class Classifier(torch.nn.Module):
    """A BERT encoder, the mean of its tokens, and a linear layer.

    Args:
        directory: A checkpoint of `convert.py`.
    """

    def __init__(self, directory: str):
        super().__init__()
        decision = json.loads(Path(directory, "decision.json").read_text())
        self.labels = decision["labels"]
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
        self.encoder = transformers.BertModel.from_pretrained(directory, add_pooling_layer=False)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, len(self.labels))
        self.head.load_state_dict(load_file(Path(directory, "head.safetensors")))
        self.temperature = decision["temperature"]
        self.stretch = decision["stretch"]
        self.biases = torch.tensor(decision["biases"])
        self.offsets = torch.tensor(decision["offsets"])
        self.eval()

    @torch.inference_mode()
    def predict(self, texts: list[str]) -> list[dict]:
        """Label and probabilities of each text."""
        tokens = self.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        hidden = self.encoder(**tokens).last_hidden_state
        mask = tokens["attention_mask"][:, :, None]
        logits = self.head((hidden * mask).sum(1) / mask.sum(1))
        logits = logits - logits.mean(-1, keepdim=True)
        scale = 1 / self.temperature + self.stretch * logits.norm(dim=-1, keepdim=True)
        probabilities = torch.softmax(scale * logits + self.biases, -1)
        chosen = (probabilities.log() + self.offsets).argmax(-1)
        return [
            {"label": self.labels[index], "probabilities": row}
            for index, row in zip(chosen.tolist(), probabilities.tolist(), strict=True)
        ]


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    classifier = Classifier(arguments.checkpoint)
    app = FastAPI()

    @app.get("/health")
    def health() -> dict:
        return {"ready": True}

    # No `async`: FastAPI then calls it in a thread, and goes on taking requests.
    @app.post("/predict")
    def predict(reviews: Reviews) -> dict:
        return {"predictions": classifier.predict(reviews.instances)}

    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
