"""What engines of providers have in common: the client that their SDKs send by, and what failures mean for a job."""
