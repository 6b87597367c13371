"""`python -m lint`: exit code 0 = every lint passed without a warning, 1 = not."""

import sys

from lint.checks import run_all


def main() -> int:
    """Run every lint and say how each went."""
    failed = 0
    for name, complaint in run_all():
        if complaint is None:
            print(f"ok      {name}")
        else:
            failed += 1
            print(f"FAILED  {name}\n{complaint}")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
