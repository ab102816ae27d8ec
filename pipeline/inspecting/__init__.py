"""A look into the files of reviews before anything is run."""
