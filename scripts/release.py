"""Check that a tag is the manifest's version, and write the zip of the integration: scripts/release [TAG].

The same files give the same bytes, wherever and whenever they are packed.
"""

from argparse import ArgumentParser
import json
from pathlib import Path
import re
import sys
from zipfile import ZIP_STORED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("custom_components", "enphase_secctrl")
SUFFIXES = (".json", ".png", ".py", ".yaml")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16


class ReleaseError(Exception):
    """Something that must be mended before a release, in words."""


def version(root: Path, tag: str | None) -> str:
    """Return the manifest's version; raises ReleaseError unless the tag is that, or that with a v."""
    said = str(json.loads((root / PACKAGE / "manifest.json").read_text(encoding="utf-8"))["version"])
    if not re.fullmatch(r"\d+\.\d+\.\d+", said):
        raise ReleaseError(f"the manifest's version is {said}, not like 1.2.3")
    if tag is not None and tag.removeprefix("v") != said:
        raise ReleaseError(f"the tag is {tag}, but the manifest's version is {said}: set one of them to the other")
    return said


def files(root: Path) -> list[Path]:
    """Return the files of the integration; raises ReleaseError if there is one that is none of ours."""
    found = [path for path in (root / PACKAGE).rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    if strangers := [str(path.relative_to(root)) for path in found if path.suffix not in SUFFIXES]:
        raise ReleaseError(f"these don't belong into a release: {', '.join(sorted(strangers))}")
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def pack(root: Path, target: Path) -> None:
    """Write the zip, to be unpacked beside configuration.yaml; stored, because each zlib packs in its own way."""
    with ZipFile(target, "w", ZIP_STORED) as archive:
        for path in files(root):
            entry = ZipInfo(path.relative_to(root).as_posix(), LONG_AGO)
            entry.external_attr = READABLE
            entry.create_system = 3  # Unix, also where it is not
            archive.writestr(entry, path.read_bytes())


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Check and pack; return the exit code."""
    parser = ArgumentParser(prog="scripts/release", description="Check a release and write its zip to dist/.")
    parser.add_argument("tag", nargs="?", help="the tag of the release: the manifest's version, with or without a v")
    tag = parser.parse_args(arguments).tag
    target = root / "dist" / f"{PACKAGE.name}.zip"
    try:
        said = version(root, tag)
        target.parent.mkdir(exist_ok=True)
        pack(root, target)
    except ReleaseError as err:
        print(f"release: {err}.", file=sys.stderr)
        return 1
    print(f"release: {said} is in {target.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
