"""The least that has to be done to reach a target surely enough."""
