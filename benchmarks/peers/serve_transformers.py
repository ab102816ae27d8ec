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
from decision import conclude
from fastapi import FastAPI
from mean_pooled_bert import load_classifier
from pydantic import BaseModel


class Reviews(BaseModel):
    """The texts of a request."""

    instances: list[str]


class Classifier:
    """A tokenizer, a model, and what follows its logits.

    Args:
        directory: A checkpoint of `convert.py`.
    """

    def __init__(self, directory: str):
        self._decision = json.loads(Path(directory, "decision.json").read_text())
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
        self._model = load_classifier(directory)

    @torch.inference_mode()
    def predict(self, texts: list[str]) -> list[dict]:
        """Label and probabilities of each text."""
        tokens = self._tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        probabilities, classes = conclude(self._model(**tokens).logits.numpy(), self._decision)
        return [
            {"label": self._decision["labels"][index], "probabilities": row}
            for index, row in zip(classes.tolist(), probabilities.tolist(), strict=True)
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
