"""What the program says of itself while it works: ids in every log line, metrics, traces."""
