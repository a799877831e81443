"""Check that a tag matches the manifest's version, and write the zip of the integration: scripts/release [TAG].

The same files produce the same bytes on every machine and at any time.
"""

from argparse import ArgumentParser
import json
from pathlib import Path
import re
import sys
from zipfile import ZIP_STORED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("custom_components", "enphase_secctrl")
SUFFIXES = (".js", ".json", ".png", ".py", ".yaml")
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644 << 16


class ReleaseError(Exception):
    """The repository isn't ready for this release; the message says why."""


def version(root: Path, tag: str | None) -> str:
    """Return the manifest's version; raises ReleaseError if the tag is neither that nor that with a leading v."""
    found = str(json.loads((root / PACKAGE / "manifest.json").read_text(encoding="utf-8"))["version"])
    if not re.fullmatch(r"\d+\.\d+\.\d+", found):
        raise ReleaseError(f"the manifest's version is {found}, but must have the form 1.2.3")
    if tag is not None and tag.removeprefix("v") != found:
        raise ReleaseError(f"the tag is {tag}, but the manifest's version is {found}: make them match")
    return found


def files(root: Path) -> list[Path]:
    """Return the files of the integration; raises ReleaseError if there is a file with an unexpected suffix."""
    found = [path for path in (root / PACKAGE).rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    if unexpected := [str(path.relative_to(root)) for path in found if path.suffix not in SUFFIXES]:
        raise ReleaseError(f"these files don't belong in a release: {', '.join(sorted(unexpected))}")
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def pack(root: Path, target: Path) -> None:
    """Write the zip. It isn't compressed, because the output of zlib depends on its version."""
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for path in files(root):
            entry = ZipInfo(path.relative_to(root).as_posix(), FIXED_TIME)
            entry.external_attr = FILE_MODE
            entry.create_system = 3  # Unix, on every system
            archive.writestr(entry, path.read_bytes())


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Check the release and write its zip; return the exit code."""
    parser = ArgumentParser(prog="scripts/release", description="Check a release and write its zip to dist/.")
    parser.add_argument(
        "tag", nargs="?", help="tag of the release: the manifest's version, with or without a leading v"
    )
    tag = parser.parse_args(arguments).tag
    target = root / "dist" / f"{PACKAGE.name}.zip"
    try:
        checked = version(root, tag)
        target.parent.mkdir(exist_ok=True)
        pack(root, target)
    except ReleaseError as err:
        print(f"release: {err}.", file=sys.stderr)
        return 1
    print(f"release: version {checked} is in {target.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
