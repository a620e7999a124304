"""Whether a briefing file is what the model gives: it is made again from its manifest and compared part by part."""
