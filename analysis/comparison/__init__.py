"""How far two scenarios are apart, and which changed levers that is due to."""
