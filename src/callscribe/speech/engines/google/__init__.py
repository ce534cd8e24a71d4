"""Google's Speech-to-Text, version 2, over this program's own guarded client; what is said is in its SDK's messages."""
