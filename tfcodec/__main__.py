"""`python -m tfcodec`: the same as the command `tfcodec`."""

import sys

from tfcodec.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
