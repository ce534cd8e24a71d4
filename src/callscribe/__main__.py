"""`python -m callscribe`."""

from callscribe.cli import main

main()
