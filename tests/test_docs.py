"""The docs say what the code does, and their examples are right."""

from collections.abc import Iterator
from fnmatch import fnmatch
from math import pi, trunc
from pathlib import Path
import re

from homeassistant.util import slugify
import pytest

from custom_components.enphase_secctrl import fields
from custom_components.enphase_secctrl.kinds import q5, q8
from scripts import commands, docs

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MEANING = (ROOT / "docs" / "meaning.md").read_text()
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)]+)\)")


def table(first_head: str) -> Iterator[list[str]]:
    """Yield the rows of the table in meaning.md whose heads begin so."""
    _, _, rows = MEANING.partition(f"| {first_head} |")
    for line in rows.partition("\n\n")[0].splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def shown(value: float, like: str) -> str:
    """Return the value with as many decimals as the other."""
    return f"{value:.{len(like.partition('.')[2])}f}"


def test_generated_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """What scripts/docs would write is there already."""
    assert docs.main(["--check"]) == 0, capsys.readouterr().err


def test_check_can_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An old table is found, named and, without --check, renewed."""
    (tmp_path / "docs").mkdir()
    page = tmp_path / "README.md"
    page.write_text("old <!-- generated: enabled -->\n| a table |\n<!-- end --> text\n")
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main(["--check"]) == 1
    assert "README.md is out of date" in (said := capsys.readouterr().err)
    assert "run scripts/docs" in said
    assert docs.main([]) == 0
    assert page.read_text() == f"old <!-- generated: enabled -->{docs.enabled()}<!-- end --> text\n"
    assert docs.main(["--check"]) == 0


def test_every_entity_is_listed() -> None:
    """Each row is in exactly one of the tables, and each table in the README."""
    listed = [docs.enabled(), docs.with_ac_batteries(), docs.disabled()]
    keys = [key for part in listed for key in re.findall(r"^\|[^|]+\| `(\w+)` \|", part, re.MULTILINE)]
    assert sorted(keys) == sorted(row.key for row in (*fields.FIELDS, fields.TOKEN_EXPIRES))
    readme = (ROOT / "README.md").read_text()
    assert [part for part in docs.PARTS if f"<!-- generated: {part} -->" not in readme] == []


def test_entities_of_the_examples() -> None:
    """The automation and the card name entities that a new user has."""
    named = set(re.findall(r"\bsensor\.iq_gateway_\d+_(\w+)", (ROOT / "README.md").read_text()))
    assert len(named) == 2
    assert named <= {slugify(name) for name in re.findall(r"^\| ([^|]+) \|", docs.enabled(), re.MULTILINE)}


def test_worked_example_of_the_biases() -> None:
    """The calculations written out are right, and are what the code does."""
    ((raw_q8, hertz),) = re.findall(r"^- (-?\d+) / \(512 . π\) = (-?[\d.]+) Hz$", MEANING, re.MULTILINE)
    ((raw_q5, volts),) = re.findall(r"^- (-?\d+) / 32 = (-?[\d.]+) V$", MEANING, re.MULTILINE)
    assert (shown(int(raw_q8) / (512 * pi), hertz), shown(int(raw_q5) / 32, volts)) == (hertz, volts)
    assert (shown(q8(int(raw_q8)), hertz), shown(q5(int(raw_q5)), volts)) == (hertz, volts)
    assert f"A gateway says `{raw_q8}` and `{raw_q5}`" in MEANING


def test_examples_of_the_biases() -> None:
    """Each row goes both ways: to the fixed-point number, and back to what is shown."""
    rows = list(table("`freq_bias_hz`"))
    assert len(rows) == 4
    for hertz, raw_q8, shown_hertz, volts, raw_q5, shown_volts in rows:
        assert (trunc(float(hertz) * 2 * pi * 256), trunc(float(volts) * 32)) == (int(raw_q8), int(raw_q5))
        assert (shown(q8(int(raw_q8)), "0.000"), shown(q5(int(raw_q5)), "0.00")) == (shown_hertz, shown_volts)


def test_examples_of_the_reserve() -> None:
    """Charge, reserve energy and what is above it follow from capacity, stored energy and reserve."""
    rows = [[int(cell) for cell in row] for row in table("Capacity (Wh)")]
    assert len(rows) == 3
    for capacity, stored, reserve, charge, reserve_energy, above in rows:
        assert (100 * stored // capacity, reserve * capacity // 100) == (charge, reserve_energy)
        assert max(0, stored - reserve_energy) == above


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    """A link into the repository leads to something."""
    targets = [link.partition("#")[0] for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


# --- that every command works, scripts/docs --run shows


def test_commands_are_shown() -> None:
    """What is not run is a command that a page shows; one that no page shows is named."""
    assert commands.unshown([*commands.ELSEWHERE, "scripts/old"]) == ["scripts/old"]


def test_a_reader_changes_nothing_of_ours() -> None:
    """A reader has copies: nothing but environments and caches is a link."""
    with commands.reader() as folder:
        assert {".git", ".github", ".ci", ".gitignore", "README.md"} <= {path.name for path in folder.iterdir()}
        links = {path.name for path in folder.rglob("*") if path.is_symlink()}
    assert ".venv" in links
    assert [name for name in links if not fnmatch(name, ".venv*") and name != ".cache"] == []
