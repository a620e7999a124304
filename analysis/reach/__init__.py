"""How likely each target is to be reached in time, on what that rests, and what is in the way."""
