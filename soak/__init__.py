"""Load and faults at once: whatever was answered must be there exactly once afterwards."""
