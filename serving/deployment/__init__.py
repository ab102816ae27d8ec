"""Files with which stock TensorFlow Serving runs a model."""
