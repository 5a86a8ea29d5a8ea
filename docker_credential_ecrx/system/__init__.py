"""Files, locks, deadlines, processes and the C library."""
