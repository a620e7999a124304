"""Charts of runs: their style, their words, and one module for each family."""
