"""`python -m graphnca`: the same as the command `graphnca`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
