"""Moonshine, Parakeet, Canary and Nemotron on sherpa-onnx, in a child process that can be killed and recycled."""
