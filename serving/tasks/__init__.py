"""What differs between tasks in a model that is served."""
