"""A briefing that rebuilds itself from results: slides, a workbook and one page, every number traceable."""
