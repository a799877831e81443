"""README.md and docs/: generated parts are up to date, examples are correct, and links lead to files."""

from collections.abc import Iterator
from fnmatch import fnmatch
from math import pi, trunc
from pathlib import Path
import re
from typing import Final

from homeassistant.util import slugify
import pytest

from custom_components.enphase_secctrl import fields
from custom_components.enphase_secctrl.client import q5, q8
from scripts.lib import docs, docs_tables, docs_texts
from scripts.lib.docs_commands import working_copy

from .checks.files import ROOT, integration_folder, read_json
from .checks.translations import flatten

PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MEANING: Final = (ROOT / "docs" / "meaning.md").read_text()
MAX_README_WORDS: Final = 1400
LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)]+)\)")


def table_rows(first_heading: str) -> Iterator[list[str]]:
    """Yield the rows of the table in meaning.md whose first column has this heading."""
    _, _, rows = MEANING.partition(f"| {first_heading} |")
    for line in rows.partition("\n\n")[0].splitlines()[2:]:
        yield [cell.strip() for cell in line.strip(" |").split("|")]


def find(pattern: str) -> tuple[float, ...]:
    """Return the numbers in the groups of the pattern, which meaning.md contains once; a space may be a line break."""
    ((*numbers,),) = re.findall(pattern.replace(" ", r"\s+"), MEANING)
    return tuple(map(float, numbers))


def format_like(example: str, value: float) -> str:
    """Return the value with as many decimals as the example."""
    return f"{value:.{len(example.partition('.')[2])}f}"


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_generated_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """Running scripts/docs changes nothing."""
    assert docs.main(["--check"]) == 0, capsys.readouterr().err


def test_outdated_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An outdated part is reported with --check, and otherwise written again."""
    (tmp_path / "docs").mkdir()
    page = tmp_path / "README.md"
    page.write_text("old <!-- generated: entities -->\n| a table |\n<!-- end --> text\n")
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main(["--check"]) == 1
    output = capsys.readouterr().err
    assert "README.md is out of date" in output
    assert "run scripts/docs" in output
    assert docs.main([]) == 0
    assert page.read_text() == f"old <!-- generated: entities -->{docs_tables.entities()}<!-- end --> text\n"
    assert docs.main(["--check"]) == 0


def test_parts() -> None:
    """Each generated part is on exactly one page."""
    parts = [part for page in PAGES for part in re.findall(r"<!-- generated: (\w+) -->", page.read_text())]
    assert sorted(parts) == sorted(docs_tables.PARTS)


def test_every_entity_is_listed() -> None:
    """Each row is in both tables of docs/entities.md, and has a description; there are no other descriptions."""
    rows = (
        *fields.SENSORS,
        *fields.ESTIMATES,
        fields.AT_RESERVE,
        *fields.FLAGS,
        fields.LAST_REPORT,
        fields.TOKEN_EXPIRES,
    )
    keys = [row.key for row in rows]
    assert re.findall(r"\| `(\w+)` \|$", docs_tables.entities(), re.MULTILINE) == keys
    assert re.findall(r"^\| `(\w+)` \|", docs_tables.origins(), re.MULTILINE) == keys
    assert docs_texts.DESCRIPTIONS.keys() == {row.translation_key or row.key for row in rows}


def test_main_entities() -> None:
    """The README lists the entities that are enabled by default, except for those that need both kinds of batteries."""
    shown = set(re.findall(r"^\| ([^|]+) \|", docs_tables.main_entities(), re.MULTILINE)) - {"Name", "---"}
    enabled = re.findall(r"^\| ([^|]+) \|.*\| yes \|", docs_tables.entities(), re.MULTILINE)
    assert shown == {*enabled}
    both_kinds = [field for field in fields.FIELDS if field.both_kinds]
    assert len(shown) + len(both_kinds) == sum(
        row.entity_registry_enabled_default
        for row in (*fields.FIELDS, *fields.ESTIMATES, fields.AT_RESERVE, fields.LAST_REPORT, fields.TOKEN_EXPIRES)
    )


def test_every_message_is_listed() -> None:
    """Each error, abort, exception, and repair is in docs/troubleshooting.md, with advice; there is no other advice."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    messages = {
        path: text
        for path, text in flatten(read_json(integration_folder(ROOT) / "translations" / "en.json"))
        if re.search(r"(^|\.)(error|abort)\.|^exceptions\.|^issues\.\w+\.title$", path)
    }
    assert docs_texts.ADVICE.keys() == messages.keys()
    shown = {path: re.sub(r"\\?\{\w+\\?\}", ".+", re.escape(text)) for path, text in messages.items()}
    assert [path for path, text in shown.items() if not re.search(rf"^\| {text} \|", page, re.MULTILINE)] == []


def test_images() -> None:
    """Each image is on a page with an alternative text, at half its size, and with a caption; none is missing."""
    text = "\n".join(page.read_text() for page in PAGES)
    size = r'src="(?:docs/)?images/([\w-]+\.png)" width="(\d+)">\n(?:</picture>\n)?\n\*[^*\n]+\*\n'
    used = re.findall(rf'<img alt="[^"]+" {size}', text)
    dark = re.findall(r'srcset="(?:docs/)?images/([\w-]+\.png)"', text)
    images = {path.name: path for path in (ROOT / "docs" / "images").iterdir()}
    assert sorted([*(name for name, _ in used), *dark]) == sorted(images)
    # The width is in bytes 16 to 19 of a PNG; the screenshots have two pixels per point
    widths = {name: int.from_bytes(path.read_bytes()[16:20]) // 2 for name, path in images.items()}
    assert [(name, width) for name, width in used if int(width) != widths[name]] == []
    assert [name for name in dark if widths[name] != widths[name.replace("-dark", "")]] == []


def test_readme_length() -> None:
    """The README has at most 1,400 words, without the targets of links, images, and the syntax of tables."""
    text = re.sub(
        r"<!--.*?-->|</?(?:picture|source|img)[^>]*>|!\[[^\]]*\]\([^)]*\)", "", (ROOT / "README.md").read_text()
    )
    text = re.sub(r"\]\([^)]*\)", "]", text)
    assert len(re.findall(r"\S*\w\S*", text)) <= MAX_README_WORDS


def test_example_entities() -> None:
    """The automation in the README uses entities that are enabled by default."""
    named = set(re.findall(r"\bsensor\.iq_gateway_\d+_(\w+)", (ROOT / "README.md").read_text()))
    assert len(named) == 1
    assert named <= {slugify(name) for name in re.findall(r"^\| ([^|]+) \|", docs_tables.main_entities(), re.MULTILINE)}


def test_bias_calculation() -> None:
    """The calculations in the text are correct, and give the same results as the code."""
    ((raw_q8, hertz),) = re.findall(r"^- (-?\d+) / \(512 . π\) = (-?[\d.]+) Hz$", MEANING, re.MULTILINE)
    ((raw_q5, volts),) = re.findall(r"^- (-?\d+) / 32 = (-?[\d.]+) V$", MEANING, re.MULTILINE)
    assert (format_like(hertz, int(raw_q8) / (512 * pi)), format_like(volts, int(raw_q5) / 32)) == (hertz, volts)
    assert (format_like(hertz, q8(int(raw_q8))), format_like(volts, q5(int(raw_q5)))) == (hertz, volts)
    assert f"A gateway reports `{raw_q8}` and `{raw_q5}`" in MEANING


def test_bias_examples() -> None:
    """In each row, the fixed-point number follows from the bias, and the displayed value from that number."""
    rows = list(table_rows("`freq_bias_hz`"))
    assert len(rows) == 4
    for hertz, raw_q8, displayed_hertz, volts, raw_q5, displayed_volts in rows:
        assert (trunc(float(hertz) * 2 * pi * 256), trunc(float(volts) * 32)) == (int(raw_q8), int(raw_q5))
        assert format_like("0.000", q8(int(raw_q8))) == displayed_hertz
        assert format_like("0.00", q5(int(raw_q5))) == displayed_volts


def test_reserve_examples() -> None:
    """State of charge, reserve energy, and energy above it follow from capacity, stored energy, and reserve."""
    rows = [[int(cell) for cell in row] for row in table_rows("Capacity (Wh)")]
    assert len(rows) == 4
    for capacity, stored, reserve, charge, reserve_energy, above in rows:
        assert (100 * stored // capacity, reserve * capacity // 100) == (charge, reserve_energy)
        assert max(0, stored - reserve_energy) == above


def test_shutdown_level_examples() -> None:
    """The energy above the shutdown level follows from capacity, stored energy, and shutdown level."""
    rows = [[int(cell) for cell in row] for row in table_rows("Available capacity (Wh)")]
    assert len(rows) == 3
    for capacity, stored, level, above in rows:
        assert max(0, stored - level * capacity / 100) == above
    energy, total, limit = find(r"reported (\d+) Wh for it, at a capacity of (\d+) Wh and a `VLS_Limit` of (\d+)\.")
    assert limit * total / 100 == energy


def test_message_counters() -> None:
    """The messages that were sent and those that were dropped add up to those that were received."""
    rows = [[int(cell) for cell in row] for row in table_rows("`txmsg_OBJ_MDL_SECONDARY_CTRL_REQ`")]
    assert len(rows) == 3
    assert [row for row in rows if row[0] + row[1] != row[2]] == []


def test_charge_that_is_not_rounded_down() -> None:
    """The state of charge that is one percent too high follows from the numbers of that response."""
    displayed, charge = find(r"one percent higher: (\d+), where this gives ([\d.]+)\.")
    stored, capacity = 3292, 3360
    assert format_like("0.00", 100 * stored / capacity) == str(charge)
    assert trunc(charge) < displayed
    assert trunc(displayed * capacity / 100) == stored  # there, the energy is rounded down


def test_outage() -> None:
    """The share of the nominal energy that was delivered is correct."""
    share, capacity, delivered, result = find(
        r"(\d+)% of (\d+) kWh delivered ([\d.]+) kWh, or (\d+)% of the nominal energy"
    )
    assert round(100 * delivered / (share / 100 * capacity)) == result


def test_health_example() -> None:
    """The stored energy in the example is the charge in percent of the capacity, whatever the health."""
    health, stored, capacity, charge = find(r"a health of (\d+)% reported (\d+) of (\d+) Wh at (\d+)%")
    assert health < 100
    assert stored == charge * capacity / 100


def test_commands_and_power() -> None:
    """The first table shows biases that go with the power, the second one those that don't."""
    fitting = [[float(cell) for cell in row] for row in table_rows("Bias (% of full scale)")]
    contradicting = [
        [float(cell) for cell in row[:2]]
        for row in table_rows("Bias (% of full scale) | Measured power (% of full power) | Situation")
    ]
    assert (len(fitting), len(contradicting)) == (5, 3)
    assert [row for row in fitting if abs(row[0] - row[1]) > 6] == []
    assert [row for row in contradicting if abs(row[0] - row[1]) < 10] == []


def test_bias_numbers() -> None:
    """The examples are whole percents of the full scale, and the ratios of voltage and frequency are as stated."""
    lowest, highest = find(r"voltage bias divided by frequency bias is between ([\d.]+) and ([\d.]+) V/Hz")
    full_scale = find(r"(-[\d.]+) Hz and (-[\d.]+) V on one side, \+([\d.]+) Hz and \+([\d.]+) V on the other")
    on_grid = [full_scale[1] / full_scale[0], full_scale[3] / full_scale[2]]
    on_grid += [float(row[3]) / float(row[0]) for row in table_rows("`freq_bias_hz`")]
    assert [ratio for ratio in on_grid if not lowest <= round(ratio, 2) <= highest] == []
    percents = [
        100 * float(row[0]) / full_scale[0 if row[0].startswith("-") else 2] for row in table_rows("`freq_bias_hz`")
    ]
    assert [percent for percent in percents if abs(percent - round(percent)) > 1e-9] == []
    hertz, volts, ratio = find(r"islanded, \+([\d.]+) Hz and \+([\d.]+) V were observed, which is ([\d.]+) V/Hz")
    assert format_like("0.00", volts / hertz) == str(ratio)


def test_rare_states() -> None:
    """The page lists exactly the rare states that the diagnostics keep."""
    section = MEANING.partition("## Help us understand")[2]
    code = (ROOT / "custom_components/enphase_secctrl/rare_states.py").read_text()
    listed = {
        name for names in re.findall(r"\((`[^)]+)\)$", section, re.MULTILINE) for name in re.findall(r"\w+", names)
    }
    assert listed == set(re.findall(r'yield "(\w+)"', code))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    """Relative links lead to files of the repository, and to headings of pages."""
    links = [link.partition("#") for link in LINK.findall(page.read_text()) if "://" not in link]
    targets = {(page.parent / file if file else page, heading) for file, _, heading in links}
    assert [str(file) for file, _ in targets if not file.exists()] == []
    assert [(file.name, heading) for file, heading in targets if heading and heading not in anchors(file)] == []


def test_working_copy() -> None:
    """scripts/docs --run runs the commands in a copy; only environments and caches are linked into it."""
    with working_copy() as folder:
        assert {".git", ".github", ".ci", ".gitignore", "README.md"} <= {path.name for path in folder.iterdir()}
        links = {path.name for path in folder.rglob("*") if path.is_symlink()}
    assert ".venv" in links
    assert [name for name in links if not fnmatch(name, ".venv*") and name != ".cache"] == []
