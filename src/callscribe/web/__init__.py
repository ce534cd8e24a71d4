"""The HTTP server: application, authentication, error answers, paging, idempotency and limits."""
