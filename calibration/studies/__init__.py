"""How far the calibration can be trusted: one series left out, equally good fits, synthetic truth."""
