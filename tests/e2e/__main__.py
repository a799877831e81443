"""Go through all that a user clicks: scripts/e2e."""

from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
import shutil
import sys
from tempfile import mkdtemp
from typing import Final

from scripts.demo import emulator
from scripts.hass import new_home_assistant, run, say

from . import automation, dashboards, leave, past, set_up, upkeep, views
from .browser import browser
from .journey import Journey
from .network import GATEWAY, SECOND_GATEWAY, enter
from .pictures import FOLDER, Pictures
from .provoke import provoke
from .watch import Watch

STEPS: Final[dict[str, Callable[[Journey], Awaitable[None]]]] = {
    "welcome: the first user": set_up.welcome,
    "find the integration by searching": set_up.search,
    "wrong hosts are explained": set_up.wrong_hosts,
    "the right host leads to the sign-in": set_up.right_host,
    "wrong tokens are explained": set_up.wrong_tokens,
    "the right token makes the entry": set_up.right_token,
    "a gateway that announces itself is set up": set_up.discovered,
    "every enabled entity shows what its gateway serves": views.values,
    "options are saved and in effect": upkeep.options,
    "a gateway that has moved is reconfigured": upkeep.reconfigure,
    "another certificate is accepted in Repairs": upkeep.repair,
    "a refused token is replaced": upkeep.sign_in_again,
    "a token that is about to expire is replaced in Repairs": upkeep.sign_in_in_time,
    "diagnostics say what is read, and of whom nothing": leave.diagnostics,
    "the sensors get a past": past.remember,
    "our dashboard, wide and narrow": dashboards.ours,
    "the Energy dashboard takes our state of charge": dashboards.energy,
    "a blueprint makes an automation, which acts": automation.blueprint,
    "in the dark, on a phone": views.dark_phone,
    **{f"in another language, on a phone: {one}": partial(views.in_language, language=one) for one in views.LANGUAGES},
    "removal leaves nothing": leave.removal,
    "each kind of fault is noticed": provoke,
}


class Options(Namespace):
    """What the command line asks for."""

    update_images: bool
    keep: bool


def parse() -> Options:
    """Return what the command line asks for."""
    parser = ArgumentParser(prog="scripts/e2e", description="Go through all that a user clicks, in a real browser.")
    parser.add_argument("--update-images", action="store_true", help="keep the pictures of the README in docs/images")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the browser's profile and pictures")
    return parser.parse_args(namespace=Options())


async def journey(options: Options) -> None:
    """Make the house, and take every step."""
    enter()
    folder = Path(mkdtemp(prefix="e2e-"))
    first = ("--scenario", "8.2_29_keys", "--address", str(GATEWAY), "--port", "443", "--control-port", "0")
    second = (
        "--scenario",
        "8.3_all_keys",
        "--serial",
        "122300000002",
        "--address",
        str(SECOND_GATEWAY),
        "--port",
        "443",
    )
    async with (
        emulator(*first) as gateway,
        emulator(*second) as other,
        new_home_assistant(0, "zeroconf") as hass,
        browser(folder / "profile", past.evening()) as context,
    ):
        traveller = Journey(
            hass=hass,
            page=context.pages[0],
            watch=Watch(context, hass),
            gateway=gateway,
            second=other,
            pictures=Pictures(FOLDER if options.update_images else folder),
            folder=folder,
        )
        for name, step in STEPS.items():
            await traveller.take(name, step)
    if options.keep:
        say(f"passed; all pictures are in {folder}")
    else:
        shutil.rmtree(folder)
        say("passed")


if __name__ == "__main__":
    sys.exit(run(journey(parse())))
