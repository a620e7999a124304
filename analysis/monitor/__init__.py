"""One page on the plan's indicators: what was observed, what is forecast, and since when each is on course or not."""
