"""Run all steps of the end-to-end test: scripts/e2e."""

from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
import shutil
import sys
from tempfile import mkdtemp
from typing import Final

from scripts.lib.home_assistant import home_assistant_before_onboarding
from scripts.lib.integration import emulator
from scripts.lib.process import print_progress, run_main

from .browser import browser
from .enphase_cloud import enphase_cloud, second_gateway
from .monitor import Monitor
from .network import GATEWAY_ADDRESS, enter_namespaces
from .screenshots import IMAGES, Screenshots
from .session import BrowserSession
from .steps import (
    automations,
    dashboards,
    device_page,
    diagnostics,
    energy_meters,
    history,
    languages,
    options,
    problem_detection,
    reauth,
    reconfigure,
    removal,
    repairs,
    setup,
)

STEPS: Final[dict[str, Callable[[BrowserSession], Awaitable[None]]]] = {
    "The onboarding creates the first user": setup.complete_onboarding,
    "A search finds the integration": setup.find_integration,
    "A wrong host shows an error": setup.enter_wrong_hosts,
    "The host of the gateway leads to the sign-in menu": setup.enter_host,
    "A wrong access token shows an error": setup.enter_wrong_tokens,
    "The gateway's access token creates the config entry": setup.enter_token,
    "A discovered gateway is set up with an account and a verification code": setup.set_up_discovered_gateway,
    "The device pages show all values": device_page.check_values,
    "Changed options are saved and take effect": options.change_options,
    "A gateway with a new address is reconfigured": reconfigure.enter_new_host,
    "A changed certificate is accepted in Repairs": repairs.accept_changed_certificate,
    "An expired access token is replaced": reauth.replace_expired_token,
    "An access token that expires soon is replaced in Repairs": repairs.replace_expiring_token,
    "Diagnostics contain the report and no secrets": diagnostics.download_diagnostics,
    "Past values are added": history.add_past_values,
    "The dashboard is added with four clicks": dashboards.add_dashboard,
    "The dashboard works in two languages, on a phone and on a desktop": dashboards.check_dashboard,
    "The dashboard follows renamed and disabled entities": dashboards.change_entities,
    "The user takes control of the dashboard": dashboards.take_control,
    "The Energy dashboard shows the state of charge": dashboards.configure_energy_dashboard,
    "Helpers count the energy for the Energy dashboard": energy_meters.add_energy_meters,
    "An automation for the device sends a notification": automations.create_automation_by_device,
    "An automation from a blueprint sends a notification": automations.create_automation_from_blueprint,
    "The device page works on a phone in dark mode": device_page.check_dark_mode_on_phone,
    **{
        f"The texts fit on a phone in the language {language}": partial(languages.check_language, language=language)
        for language in languages.LANGUAGES
    },
    "Deleted config entries leave nothing behind": removal.delete_config_entries,
    "Each kind of problem is detected": problem_detection.provoke_problems,
}
"""In the order of execution. A step relies on the results of the steps before it."""

FIRST_GATEWAY: Final = (
    *("--scenario", history.SCENARIO),
    *("--address", str(GATEWAY_ADDRESS), "--port", "443", "--control-port", "0"),
)


class Options(Namespace):
    """The options of the command line."""

    update_images: bool
    keep: bool


def parse_options() -> Options:
    """Return the options of the command line."""
    parser = ArgumentParser(
        prog="scripts/e2e", description="Use the integration in a real Home Assistant through a real browser."
    )
    parser.add_argument(
        "--update-images", action="store_true", help="save the screenshots for the README and the docs in docs/images"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the folder with the browser profile and the screenshots"
    )
    return parser.parse_args(namespace=Options())


async def run_steps(options: Options) -> None:
    """Start the gateways, the cloud, Home Assistant, and the browser, and run all steps; raises RunError."""
    enter_namespaces()
    folder = Path(mkdtemp(prefix="e2e-"))
    async with (
        emulator(*FIRST_GATEWAY) as gateway,
        second_gateway() as other_gateway,
        enphase_cloud(folder) as cloud,
        home_assistant_before_onboarding(
            integrations=["zeroconf"], entries=[setup.disabled_core_entry(gateway)]
        ) as hass,
        browser(folder / "profile", history.time_zone()) as context,
    ):
        session = BrowserSession(
            hass=hass,
            page=context.pages[0],
            monitor=Monitor(context, hass),
            gateway=gateway,
            second_gateway=other_gateway,
            cloud=cloud,
            screenshots=Screenshots(IMAGES if options.update_images else folder),
            folder=folder,
        )
        for name, step in STEPS.items():
            await session.run_step(name, step)
    if options.keep:
        print_progress(f"passed; the screenshots are in {folder}")
    else:
        shutil.rmtree(folder)
        print_progress("passed")


if __name__ == "__main__":
    sys.exit(run_main(run_steps(parse_options())))
