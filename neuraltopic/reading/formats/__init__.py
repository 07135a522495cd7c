"""One reader for each file format: delimited tables, JSON, Parquet, spreadsheets, mailboxes, documents."""
