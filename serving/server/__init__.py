"""A server that speaks TensorFlow Serving's API, for machines that have only this package."""
