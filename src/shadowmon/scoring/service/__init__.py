"""What a service is like beside what it says: errors, time, size."""
