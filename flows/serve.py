"""Every flow of prefect.yaml, kept on schedule by a Prefect server until Ctrl-C: ``python -m flows.serve``.

Flows of one workspace run one after another: this serves one at a time, and a flow that meets one that a person
started waits for it (``flows.opening``).
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from signal import SIGINT, default_int_handler, signal

from expertkit.errors import ExpertError
from tasks import display, server


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped and give the exit status."""
    parser = ArgumentParser(prog="python -m flows.serve", description="Keep the flows of prefect.yaml on schedule.")
    parser.add_argument("--port", type=int, help="of our own Prefect server; by default a free one")
    asked = parser.parse_args(arguments)
    signal(SIGINT, default_int_handler)  # a shell that starts it in the background has it ignored
    try:
        with server.running(port=asked.port) as address:
            _serve(address)
    except KeyboardInterrupt:
        return 130
    except ExpertError as error:
        display.say(f"Error: {error}" + (f"\nHint: {error.hint}" if error.hint else ""))
        return error.exit_code
    return 0


def _serve(address: str) -> None:
    """Prefect is imported here, because it reads the server's address when it is."""
    from prefect import serve

    from flows.deployments import read_deployments, to_prefect

    deployments = read_deployments(Path())
    for deployed in deployments:
        when = ", ".join(f"{each.cron or f'every {each.interval} s'} {each.timezone}" for each in deployed.schedules)
        display.say(f"{deployed.name}: {when or 'by hand'}")
    display.say(f"serving at {address.removesuffix('/api')}; Ctrl-C ends it")
    serve(*map(to_prefect, deployments), limit=1, print_starting_message=False)


if __name__ == "__main__":
    raise SystemExit(main())
