"""Under which conditions a target is met, in one sentence."""
