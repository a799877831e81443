"""A network of our own: one house with its addresses, and no way out of it."""

from ipaddress import IPv4Address
import os
from pathlib import Path
import socket
import subprocess
from typing import Final

from scripts.hass import RunError

HOME: Final = IPv4Address("192.168.1.10")
GATEWAY: Final = IPv4Address("192.168.1.20")
MOVED: Final = IPv4Address("192.168.1.30")
SECOND_GATEWAY: Final = IPv4Address("192.168.1.21")
NOBODY: Final = IPv4Address("192.168.1.99")
ABROAD: Final = "192.0.2.1"  # reserved for documentation: nobody has it

# Loopback alone is no network for Home Assistant: it wants an interface that is up
COMMANDS: Final = (
    "link set lo up",
    "link add lan type veth peer name wall",
    "link set wall up",
    "link set lan up",
    *(f"address add {address}/24 dev lan" for address in (HOME, GATEWAY, MOVED, SECOND_GATEWAY)),
)


def enter() -> None:
    """Move this program, and all that it will start, into a network namespace; raises RunError."""
    try:
        _unshare()
        for command in COMMANDS:
            subprocess.run(["ip", *command.split()], check=True)  # noqa: S603, S607 - our own words
    except PermissionError as err:
        msg = "This system does not let you make a network. Run scripts/e2e as root; in a container, give it SYS_ADMIN."
        raise RunError(msg) from err
    except (OSError, subprocess.CalledProcessError) as err:
        msg = f"No network of our own: {err}. It needs Linux and the program ip (Debian: iproute2)."
        raise RunError(msg) from err
    _require_no_way_out()


def _unshare() -> None:
    user, group = os.getuid(), os.getgid()
    if user == 0:
        os.unshare(os.CLONE_NEWNET)
        return
    # Whoever is not root becomes it among users of their own, where the system allows that
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path("/proc/self", name).write_text(text)


def _require_no_way_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ABROAD, 80))
        except OSError:
            return
    msg = f"The network that was made has a way to {ABROAD}: it must have none."
    raise RunError(msg)
