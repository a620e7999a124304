"""What has to be done to reach a target, by when, and what more certainty takes."""
