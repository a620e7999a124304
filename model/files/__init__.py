"""Files that are whole: written at once, with a checksum of themselves."""
