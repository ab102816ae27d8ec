"""Text in, outputs of a model out, in the graph that is served: one file a kind of model."""
