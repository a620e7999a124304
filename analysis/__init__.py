"""What follows from runs: which targets are reached, and charts and files for those who decide."""
