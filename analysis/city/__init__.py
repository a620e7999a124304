"""Commands about the packs of cities."""
