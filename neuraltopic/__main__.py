"""`python -m neuraltopic` is `neuraltopic`."""

import sys

from neuraltopic.cli import main

sys.exit(main())
