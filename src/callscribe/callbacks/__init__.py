"""Callbacks: signed, delivered by a durable workflow, each attempt logged."""
