"""`python -m tests.kibana_stand_in`; beside a copy of this folder `python -m kibana_stand_in`; or by its path."""

import sys
from importlib import import_module
from pathlib import Path

if not __package__:
    # Started by its path: the folder that holds this one is where it is found.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

sys.exit(import_module(f"{__package__ or 'kibana_stand_in'}.server").main(sys.argv[1:]))
