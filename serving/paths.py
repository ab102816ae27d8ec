"""Paths of the REST API of `reviewlens serve` that TensorFlow Serving does not have."""

# Names the models, as {"models": ["reviews"]}.
MODELS_PATH = "/reviewlens/models"
