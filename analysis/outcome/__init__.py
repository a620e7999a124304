"""What every question needs of a run: members, targets, files and printing."""
