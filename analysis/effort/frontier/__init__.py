"""What more certainty takes, and what objectives cost each other."""
