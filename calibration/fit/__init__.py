"""The model against the observations: priors, likelihood, sampler, ensemble and forecast."""
