"""From a model file to typed, ordered equations."""
