"""The report: one page of a run that works offline, and pictures for print."""
