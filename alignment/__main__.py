"""`python -m alignment`: the command line."""

import sys

from alignment.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
