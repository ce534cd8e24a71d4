"""What is asked of a running installation: whether it can work, how much waits, what it measures."""
