"""Deepgram, a provider of speech recognition, in its cloud or run by oneself: it gets whole recordings as they came."""
