"""`python -m forecasting train|evaluate|check|candles|live`."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from forecasting.arguments import parser
from forecasting.commands import run
from forecasting.live import follow, live_options
from forecasting.settings import ForecastingSettings
from pipeline.errors import PipelineError
from pipeline.process import run_part
from pipeline.settings import load

INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run one command; what is expected to go wrong is one line on stderr and the exit code of its kind."""
    command_line = parser()
    arguments = command_line.parse_args(argv)
    if arguments.command == "live":
        return run_part("forecast", ForecastingSettings, partial(follow, live_options(arguments)))
    try:
        run(arguments, load(ForecastingSettings))
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
