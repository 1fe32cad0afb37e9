"""The command `accredit`, also as `python -m accredit`."""

import sys


def main() -> None:
    """Run the command line. A Ctrl-C before a command has begun is answered here: nothing has happened yet."""
    try:
        from accredit.cli import app

        app(prog_name="accredit")
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
