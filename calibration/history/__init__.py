"""The past beside the model: series, figures and report of the run from 2010 to 2020."""
