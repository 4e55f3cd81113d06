"""Campaigns: the same faults thousands of times, with figures (`make faults`)."""
