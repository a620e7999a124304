"""Packs of other cities: from the public county tabulations and a city's own series to numbers of the model."""
