"""Write the generated parts of README.md and docs/: scripts/docs.

A generated part is between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
import re
import sys
from typing import Final

from scripts.lib.docs_commands import run_commands
from scripts.lib.docs_tables import PARTS
from scripts.lib.process import ROOT, run_main

_PART: Final = re.compile(r"(?<=<!-- generated: )(\w+)( -->).*?(?=<!-- end -->)", re.DOTALL)


def regenerate(text: str) -> str:
    """Return the text with all of its generated parts up to date."""
    return _PART.sub(lambda match: f"{match[1]}{match[2]}{PARTS[match[1]]()}", text)


class Options(Namespace):
    """The options of the command line."""

    check: bool
    run: bool


def _parse_options(arguments: Sequence[str] | None) -> Options:
    parser = ArgumentParser(prog="scripts/docs", description="Write the generated parts of README.md and docs/.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="write nothing; fail if a part is out of date")
    group.add_argument("--run", action="store_true", help="run every command that README.md and docs/ show")
    return parser.parse_args(arguments, namespace=Options())


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the generated parts; return the exit code."""
    options = _parse_options(arguments)
    if options.run:
        return run_main(run_commands())
    texts = {path: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
    outdated = {path: new for path, old in texts.items() if (new := regenerate(old)) != old}
    for path, text in outdated.items():
        if not options.check:
            path.write_text(text)
        result = "is out of date" if options.check else "written"
        print(f"docs: {path.relative_to(ROOT)} {result}", file=sys.stderr)
    if options.check and outdated:
        print("docs: run scripts/docs and commit the changes.", file=sys.stderr)
    return int(options.check and bool(outdated))


if __name__ == "__main__":
    sys.exit(main())
