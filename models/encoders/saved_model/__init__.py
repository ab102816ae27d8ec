"""Encoders that stay the SavedModels that they came as."""
