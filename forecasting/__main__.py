"""`python -m forecasting train|evaluate|check`."""

import argparse
import sys
from collections.abc import Sequence

from forecasting.arguments import parser
from forecasting.commands import run
from pipeline.errors import PipelineError
from pipeline.settings import PartSettings, load

INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run one command; what is expected to go wrong is one line on stderr and the exit code of its kind."""
    command_line = parser()
    arguments = command_line.parse_args(argv)
    try:
        run(arguments, load(PartSettings))
    except argparse.ArgumentTypeError as error:
        command_line.error(str(error))
    except PipelineError as error:
        print(f"forecasting: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("forecasting: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
