"""How good the forecast was: newer observations against it, series by series."""
