"""What moved between two versions of the project, and what moved it."""
