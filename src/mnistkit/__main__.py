"""``python -m mnistkit`` is the command line."""

from mnistkit.cli import main

main()
