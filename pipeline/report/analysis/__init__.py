"""What the answers of models say of them and of the data: pure NumPy, without TensorFlow."""
