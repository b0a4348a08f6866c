"""`python -m panlearn`: the command line, where the `panlearn` script is not on the path."""

from panlearn.cli import main

if __name__ == "__main__":
    main()
