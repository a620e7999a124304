"""What a later start of measures costs."""
