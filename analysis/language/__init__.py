"""What a person reads of a command besides its results, in Chinese: its help, and what is wrong with a request."""
