"""What differs between tasks in the nodes of the pipeline."""
