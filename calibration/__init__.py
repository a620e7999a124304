"""What was learnt from the past: observations up to 2020 and the tables derived from them."""
