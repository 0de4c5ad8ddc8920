"""The object store: its interface with the in-memory form (`store`), and S3 (`s3`)."""
