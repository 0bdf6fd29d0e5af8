"""`python -m ganbal` is the `ganbal` command."""

from ganbal.cli import main

if __name__ == "__main__":
    main(prog_name="ganbal")
