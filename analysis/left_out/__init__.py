"""Who has no place in school and no affordable home."""
