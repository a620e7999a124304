"""Workbooks to be filled in: a scenario, and observations that are newer than the model."""
