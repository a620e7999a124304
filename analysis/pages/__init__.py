"""Pages of the documentation that are worked out from the model and its ensemble."""
