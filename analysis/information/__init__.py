"""What is worth finding out before choosing a scenario."""
