"""The object store: its interface (`store`), and its two implementations, in `memory` and on `s3`."""
