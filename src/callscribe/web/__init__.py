"""What HTTP endpoints are made with: errors as answers, wire types, paging, idempotency, ranges. Knows no domain."""
