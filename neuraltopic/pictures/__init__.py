"""Pictures for print, drawn from plain arrays and tables."""
