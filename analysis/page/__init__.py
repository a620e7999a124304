"""The live page: one HTML file that opens from disk and runs the model for every member in the reader's browser."""
