"""On which unknowns, policies and forms of the model each rate and target rests."""
