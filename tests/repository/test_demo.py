"""The options of scripts/demo: what can't be used is said before anything starts."""

from collections.abc import Callable
import json
from pathlib import Path
import socket
import subprocess
import sys

import pytest

from scripts.lib.demo_options import parse_options
from tests.repository.source_code import ROOT

type Reject = Callable[..., str]


@pytest.fixture
def reject(capsys: pytest.CaptureFixture[str]) -> Reject:
    """A function that parses options that can't be used, and returns the message."""

    def reject(*arguments: str) -> str:
        with pytest.raises(SystemExit) as raised:
            parse_options("", 1, arguments)
        assert raised.value.code == 2
        usage, _, message = capsys.readouterr().err.partition("scripts/demo: error: ")
        assert usage.startswith("usage: scripts/demo")
        assert message.count("\n") == 1
        return message

    return reject


def test_nothing_is_started(tmp_path: Path) -> None:
    """The program ends with the message, and starts nothing before."""
    file = tmp_path / "payload.json"
    file.write_text("<html>")
    command = [sys.executable, "-P", "-m", "scripts.lib.demo", "--payload", str(file)]
    result = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith("scripts/demo: error: argument --payload: the file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Sign in</html>", "isn't JSON"),
        (b"", "isn't JSON"),
        (b"\xff\xfe", "isn't JSON"),
        (b"[" * 100_000, "isn't JSON"),
        (b"[1]", "isn't a payload"),
        (b'{"wattHours": 1}', "isn't a payload"),
        (b'{"data": {"report": {"wattHours": 1}}}', "isn't a payload"),
    ],
    ids=["html", "empty", "binary", "deep", "list", "other_keys", "other_diagnostics"],
)
def test_no_payload(reject: Reject, tmp_path: Path, content: bytes, message: str) -> None:
    """A file without a payload is rejected, and the message says which files can be used."""
    file = tmp_path / "payload.json"
    file.write_bytes(content)
    text = reject("--payload", str(file))
    assert f"{file} {message}" in text
    assert "/ivp/ensemble/secctrl" in text


def test_missing_payload(reject: Reject, tmp_path: Path) -> None:
    """A file that doesn't exist, or a folder, is rejected."""
    assert "can't be read: No such file" in reject("--payload", str(tmp_path / "missing.json"))
    assert "can't be read: Is a directory" in reject("--payload", str(tmp_path))


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "http", "8.5", ""])
def test_no_port(reject: Reject, port: str) -> None:
    """A number that isn't a port is rejected, and the message says what to do."""
    assert "isn't a port. Use one from 1024 to 65535, or omit --port" in reject(f"--port={port}")


def test_port_in_use(reject: Reject, socket_enabled: None) -> None:
    """A port that is in use is rejected, and the message says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = reject("--port", str(port))
    assert f"port {port} can't be used: Address already in use" in text
    assert "Use another one, or omit --port" in text


@pytest.mark.parametrize(("name", "hint"), [("8.2_charging", "8.2_charging_low"), ("#", "scripts/demo --list")])
def test_unknown_scenario(reject: Reject, name: str, hint: str) -> None:
    """The message about an unknown scenario names similar ones, and how to list all."""
    text = reject("--scenario", name)
    assert f"there is no scenario {name}. " in text
    assert hint in text
    assert "scripts/demo --list lists the scenarios" in text


@pytest.mark.parametrize("content", [{"agg_soc": 1}, {"freq_bias_hz": 0}, {"data": {"report": {"agg_soc": 1}}}])
def test_payload(tmp_path: Path, content: object) -> None:
    """A payload, or the diagnostics that contain one, can be used from any folder."""
    (tmp_path / "payload.json").write_text(json.dumps(content))
    options = parse_options("", 1, ["--payload", str(tmp_path / "payload.json"), "--port", "0"])
    assert (options.payload, options.port) == (tmp_path / "payload.json", 0)


def test_other_options(reject: Reject) -> None:
    """The other options are parsed, and --check needs the emulator."""
    assert parse_options("", 1, ["--scenario", "8.3_islanded", "--check"]).scenario == "8.3_islanded"
    assert parse_options("", 1, []).scenario == "day"
    assert "omit --gateway" in reject("--check", "--gateway", "envoy.local")
