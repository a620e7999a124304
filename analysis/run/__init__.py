"""Scenarios run, and the targets that they reach."""
