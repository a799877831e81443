"""A network namespace with the addresses of a home network, isolated from all other networks.

A mount namespace comes with it, so that host names can be set.
"""

from ipaddress import IPv4Address
import os
from pathlib import Path
import socket
import subprocess
from typing import Final

from scripts.lib.process import RunError

HOME_ASSISTANT_ADDRESS: Final = IPv4Address("192.168.1.10")
GATEWAY_ADDRESS: Final = IPv4Address("192.168.1.20")
SECOND_GATEWAY_ADDRESS: Final = IPv4Address("192.168.1.21")
NEW_GATEWAY_ADDRESS: Final = IPv4Address("192.168.1.30")
"""The address of the first gateway after its move."""
UNUSED_ADDRESS: Final = IPv4Address("192.168.1.99")
ENPHASE_CLOUD_ADDRESS: Final = IPv4Address("203.0.113.10")  # reserved for documentation, too
EXTERNAL_ADDRESS: Final = "192.0.2.1"  # reserved for documentation, so no host has it

LOCAL_ADDRESSES: Final = (HOME_ASSISTANT_ADDRESS, GATEWAY_ADDRESS, NEW_GATEWAY_ADDRESS, SECOND_GATEWAY_ADDRESS)
# Home Assistant ignores the loopback interface: it needs another one that is up
COMMANDS: Final = (
    "mount --make-rprivate /",  # else the host would see the mounts
    "ip link set lo up",
    "ip link add lan type veth peer name lan-peer",
    "ip link set lan-peer up",
    "ip link set lan up",
    *(f"ip address add {address}/24 dev lan" for address in (*LOCAL_ADDRESSES, ENPHASE_CLOUD_ADDRESS)),
)
HOSTS_FILE: Final = "/etc/hosts"


def enter_network_namespace() -> None:
    """Move this process, and so its later child processes, into new namespaces for network and mounts.

    Raises RunError.
    """
    try:
        _unshare()
        for command in COMMANDS:
            _run(*command.split())
    except PermissionError as err:
        msg = (
            "Creating a network namespace is not permitted. "
            "Run scripts/e2e as root; in a container, add the capability SYS_ADMIN."
        )
        raise RunError(msg) from err
    except (OSError, subprocess.CalledProcessError) as err:
        msg = f"Creating a network namespace failed: {err}. This requires Linux and the ip command (Debian: iproute2)."
        raise RunError(msg) from err
    _check_isolation()


def set_host_names(file: Path, address: IPv4Address, *names: str) -> None:
    """Give the names to the address, for this process and its later child processes; raises RunError.

    The file, which is written, replaces the hosts file of the mount namespace.
    """
    file.write_text(f"127.0.0.1 localhost\n{address} {' '.join(names)}\n")
    try:
        _run("mount", "--bind", str(file), HOSTS_FILE)
    except subprocess.CalledProcessError as err:
        msg = f"Replacing {HOSTS_FILE} in the mount namespace failed: {err}."
        raise RunError(msg) from err


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - only constants and the path of a new file


def _unshare() -> None:
    user, group = os.getuid(), os.getgid()
    if user == 0:
        os.unshare(os.CLONE_NEWNET | os.CLONE_NEWNS)
        return
    # Other users become root in a user namespace, where the system permits that
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET | os.CLONE_NEWNS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path("/proc/self", name).write_text(text)


def _check_isolation() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((EXTERNAL_ADDRESS, 80))
        except OSError:
            return
    msg = f"The network namespace is not isolated: it has a route to {EXTERNAL_ADDRESS}."
    raise RunError(msg)
