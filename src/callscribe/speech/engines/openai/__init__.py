"""Any server with OpenAI's `/v1/audio/transcriptions`; see `docs/engines.md`."""
