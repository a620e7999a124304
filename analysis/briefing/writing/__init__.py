"""A briefing laid out as files: one HTML page, slides and a workbook."""
