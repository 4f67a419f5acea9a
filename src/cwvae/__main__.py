"""Run the command line as `python -m cwvae`."""

import sys

from cwvae.cli import main

sys.exit(main())
