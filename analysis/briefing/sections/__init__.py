"""The sections of a briefing: what each says, from the results, in one language."""
