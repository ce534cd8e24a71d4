"""What recognises speech: the engines by name, each in a folder of its own, and what each says of itself."""
