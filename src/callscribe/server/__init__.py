"""The HTTP process: the application, its health and figures, and the limits of its requests."""
