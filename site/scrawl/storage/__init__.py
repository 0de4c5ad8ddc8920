"""What this browser keeps: work in IndexedDB, small preferences, and how a visit is restored."""
