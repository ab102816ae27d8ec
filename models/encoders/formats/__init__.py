"""The file formats that encoders come in, read without running anything."""
