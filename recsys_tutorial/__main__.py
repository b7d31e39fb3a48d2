"""Let ``python -m recsys_tutorial`` do what ``recsys-tutorial`` does."""

import sys

from recsys_tutorial.cli import main

sys.exit(main())
