"""Network and mount namespaces with the addresses of a home network and the host names of the Enphase cloud.

They are isolated from all other networks.
"""

from ipaddress import IPv4Address
import os
from pathlib import Path
import socket
import subprocess
from tempfile import NamedTemporaryFile
from typing import Final

from scripts.lib.process import RunError
from tests.emulator.cloud import ENLIGHTEN, ENTREZ

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
    "mount --make-rprivate /",  # otherwise the rest of the machine would see the mounts
    "ip link set lo up",
    "ip link add lan type veth peer name lan-peer",
    "ip link set lan-peer up",
    "ip link set lan up",
    *(f"ip address add {address}/24 dev lan" for address in LOCAL_ADDRESSES),
    f"ip address add {ENPHASE_CLOUD_ADDRESS}/32 dev lan",
)
HOSTS_FILE: Final = Path("/etc/hosts")


def enter_namespaces() -> None:
    """Move this process, and so its later child processes, into new network and mount namespaces; raises RunError."""
    try:
        _unshare()
        for command in COMMANDS:
            _run(*command.split())
        _set_host_names()
    except PermissionError as err:
        msg = (
            "Creating the network and mount namespaces is not permitted. Run scripts/e2e as root; in a container, add"
            " the capabilities SYS_ADMIN and NET_ADMIN, and permit mounts (Docker: --security-opt apparmor=unconfined)."
        )
        raise RunError(msg) from err
    except (OSError, subprocess.CalledProcessError) as err:
        msg = (
            f"Creating the network and mount namespaces failed: {err}."
            " This requires Linux, the commands ip and mount (Debian: iproute2, mount), and the permission to mount."
        )
        raise RunError(msg) from err
    _check_isolation()


def _set_host_names() -> None:
    """Give the cloud's host names to its address, for all processes in the mount namespace."""
    with NamedTemporaryFile("w") as file:  # the mount keeps the file
        file.write(f"{ENPHASE_CLOUD_ADDRESS} {ENLIGHTEN} {ENTREZ}\n{HOSTS_FILE.read_text()}")
        file.flush()
        _run("mount", "--bind", file.name, str(HOSTS_FILE))


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
