"""``python -m scoville`` is the same as the `scoville` command."""

from scoville.cli import main

if __name__ == "__main__":
    main()
