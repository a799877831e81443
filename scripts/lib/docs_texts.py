"""The written texts of the generated tables: what each entity tells you, and what to do about each message.

Names and messages come from `translations/en.json`, and everything else from `fields.py`. See `scripts/lib/docs.py`.
"""

from collections.abc import Mapping
from typing import Final

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "agg_soc": "How full the batteries are overall.",
    "agg_avail_energy": "The energy in all batteries. Not an energy meter.",
    "agg_backup_energy": "The size of the reserve.",
    "energy_above_reserve": "What you can use before reaching the reserve.",
    "energy_above_shutdown": "What the IQ Batteries can provide in an outage.",
    "energy_to_full": "How much more energy the batteries can store.",
    "at_reserve": "Whether the reserve has been reached. Stays on until the charge is 5 percentage points above it.",
    "configured_backup_soc": "The reserve that the gateway is configured to keep.",
    "adjusted_backup_soc": "The reserve that is in effect.",
    "max_energy": "The capacity of all batteries.",
    "enc_agg_soh": "The state of health of the IQ Batteries.",
    "enc_agg_soc": "How full the IQ Batteries are.",
    "enc_agg_avail_energy": "The energy in the IQ Batteries.",
    "enc_commissioned_capacity": "The capacity of all installed IQ Batteries.",
    "enc_max_available_capacity": "The capacity of the IQ Batteries; probably less while one of them is down.",
    "acb_agg_soc": "How full the AC Batteries are.",
    "acb_agg_energy": "The energy in the AC Batteries.",
    "vls_limit": "The level at which IQ Batteries stop discharging in an outage. You can change it in the Enphase app.",
    "recovery_threshold_soc": "Firmware 8.1 only. Probably replaced by the charge recovery start and end levels.",
    "soc_recovery_entry": "Probably the lower limit of the range in which automatic charge recovery works.",
    "soc_recovery_exit": "Probably the upper limit of the range in which automatic charge recovery works.",
    "freq_bias_hz": "Probably an offset to the inverters' frequency reference.",
    "voltage_bias_v": "Probably an offset to the inverters' voltage reference.",
    "freq_bias_hz_q8": "The same frequency bias, calculated from the gateway's fixed-point number.",
    "voltage_bias_v_q5": "The same voltage bias, calculated from the gateway's fixed-point number.",
    "offgrid_secctrl_f": "Probably a frequency correction of the off-grid controller. Its unit is unknown.",
    "offgrid_secctrl_v": "Probably a voltage correction of the off-grid controller. Its unit is unknown.",
    "offgrid_secctrl_vd_neg": "Probably a correction for unbalanced phases (d axis, negative sequence).",
    "offgrid_secctrl_vq_neg": "Probably a correction for unbalanced phases (q axis, negative sequence).",
    "offgrid_secctrl_vd_zero": "Probably a correction for unbalanced phases (d axis, zero sequence).",
    "offgrid_secctrl_vq_zero": "Probably a correction for unbalanced phases (q axis, zero sequence).",
    "time_to_reserve": "How long until the reserve is reached.",
    "time_to_shutdown": "How long until the IQ Batteries reach the shutdown level.",
    "time_to_full": "How long until the batteries are full.",
    "offgrid_secctrl_is_active": "Only its name is known. It does **not** show whether you are off grid.",
    "offgrid_secctrl_is_system_balanced": "Only its name is known.",
    "offgrid_secctrl_seq_reset_needed": "Only its name is known.",
    "shutdown": "A gateway flag, never observed to be on.",
    "soc_rec_enabled": "Probably shows whether nearly empty batteries may be recharged automatically.",
    "commission_in_progress": "Only its name is known.",
    "ess_in_progress": "Only its name is known. ESS stands for energy storage system.",
    "ess_r3_to_r4_in_progress": "Probably shows whether the system is moving to the fourth generation of batteries.",
    "last_report": "When the gateway last returned valid data, rounded down to the minute.",
    "token_expires": "When the access token expires.",
}
"""What each entity tells you, by translation key."""

_PAUSES: Final = "Wait: gateways sometimes pause for half a minute and take a few minutes to restart."
_UPDATE: Final = "Ask Enphase support or your installer: you can't update the gateway yourself."
_NOT_SAVED: Final = "Your changes haven't been saved. Try again, or save them without turning on pinning."
_NOT_ACCEPTED: Final = "The new certificate hasn't been accepted. Fix the problem, and then select **Submit** again."
_ONCE_AN_HOUR: Final = "Home Assistant retries the renewal once an hour."

ADVICE: Final[Mapping[str, str]] = {
    "config.error.invalid_host": "Enter the address without spaces. A URL such as `https://envoy.local` works, too.",
    "config.error.cannot_connect": (
        f"{_PAUSES} If it still fails, open `https://` followed by the address in a browser, and check whether the"
        " gateway's own page appears."
    ),
    "config.error.certificate_changed": (
        "Gateways get a new certificate about once a year. If the gateway also has a new address, turn off *Pin the"
        " gateway's certificate* in the options, change the address with *Reconfigure*, and then turn pinning on again."
    ),
    "config.error.unexpected_answer": "Find the address in the Enphase app or in your router's device list.",
    "config.error.unsupported_firmware": _UPDATE,
    "config.error.no_secctrl": "If you have several gateways, use the one that manages the batteries.",
    "config.error.wrong_gateway": (
        "If the dialog shows a serial number, compare it with your gateway's in the Enphase app."
    ),
    "config.error.invalid_auth": (
        "Try the email address and password in the Enphase app. If you pasted a token, it's no longer accepted: create"
        " a new one."
    ),
    "config.error.not_a_token": "Copy only the token: a long string that starts with `ey` and contains two periods.",
    "config.error.token_incomplete": "Select the entire token before you copy it.",
    "config.error.token_expired": (
        "Create a new one. An owner's token is valid for a year, and an installer's for 12 hours."
    ),
    "config.error.account_blocked": "Wait: Enphase does this after several sign-ins in a row.",
    "config.error.too_many_sessions": "Sign out on devices and in browsers that you no longer use.",
    "config.error.cloud_unavailable": "Check that Home Assistant can access the internet.",
    "config.error.unknown": "Open an issue, and include the lines about `enphase_secctrl` from the log.",
    "config.error.invalid_code": "If it fails again, turn on *Use an access token instead*.",
    "config.error.sign_in_lost": "Enter the password. Enphase then sends a new code.",
    "config.error.code_too_soon": "Wait, and then select **Submit** again.",
    "config.abort.already_configured": (
        "A gateway can be added only once. To change its address or how you sign in, select *Reconfigure*."
    ),
    "config.abort.already_in_progress": "Finish or close the other dialog. It may be open in a different browser.",
    "config.abort.not_supported": "Add the integration manually, with the address of the gateway.",
    "config.abort.cannot_connect": f"{_PAUSES} Then add the integration manually, with the address of the gateway.",
    "config.abort.unexpected_answer": "If it's your gateway, it's probably restarting. Try again in a few minutes.",
    "config.abort.unsupported_firmware": _UPDATE,
    "config.abort.wrong_gateway": "Add the integration manually, with the address of the gateway.",
    "config.abort.reauth_successful": "Nothing. The new sign-in is in use.",
    "config.abort.reconfigure_successful": "Nothing. The new address or sign-in is in use.",
    "options.error.cannot_connect": _NOT_SAVED,
    "options.error.certificate_changed": _NOT_SAVED,
    "options.error.unexpected_answer": _NOT_SAVED,
    "options.error.unsupported_firmware": _UPDATE,
    "options.error.wrong_gateway": _NOT_SAVED,
    "issues.token_ends.title": (
        "Select the repair and sign in again. It appears up to 30 days before the token expires if the token can't be"
        " renewed automatically or the last renewal failed."
    ),
    "issues.token_ends.fix_flow.abort.sign_in_again": "Finish that dialog.",
    "issues.token_ends.fix_flow.abort.entry_removed": "Nothing.",
    "issues.certificate_changed.title": (
        "Select the repair and compare the fingerprints. Accept the new certificate only if the device at the gateway's"
        " address is your gateway."
    ),
    "issues.certificate_changed.fix_flow.error.cannot_connect": _NOT_ACCEPTED,
    "issues.certificate_changed.fix_flow.error.certificate_changed": "Compare, and then select **Submit** again.",
    "issues.certificate_changed.fix_flow.error.unexpected_answer": _NOT_ACCEPTED,
    "issues.certificate_changed.fix_flow.error.unsupported_firmware": _UPDATE,
    "issues.certificate_changed.fix_flow.error.wrong_gateway": _NOT_ACCEPTED,
    "issues.certificate_changed.fix_flow.abort.entry_removed": "Nothing.",
    "issues.no_secctrl.title": "Wait. If the repair doesn't go away, open an issue and attach the diagnostics.",
    "exceptions.cannot_connect.message": f"{_PAUSES} If this continues, check the address with *Reconfigure*.",
    "exceptions.certificate_changed.message": "Open the repair and compare the fingerprints.",
    "exceptions.unexpected_answer.message": (
        "Wait: gateways do this for a few minutes while they restart or update themselves."
    ),
    "exceptions.unsupported_firmware.message": _UPDATE,
    "exceptions.no_secctrl.message": "Wait. If the repair doesn't go away, open an issue and attach the diagnostics.",
    "exceptions.wrong_gateway.message": "If only the address has changed, enter the new one with *Reconfigure*.",
    "exceptions.invalid_auth.message": "Sign in again when Home Assistant asks you to.",
    "exceptions.token_rejected.message": (
        "Wait: gateways reject valid tokens for a while when they restart. If that continues for at least three polls"
        " and five minutes, you are asked to sign in again."
    ),
    "exceptions.account_blocked.message": f"{_ONCE_AN_HOUR} Don't sign in to the account in the meantime.",
    "exceptions.too_many_sessions.message": f"{_ONCE_AN_HOUR} Sign out in the Enphase app or on the website.",
    "exceptions.cloud_unavailable.message": f"{_ONCE_AN_HOUR} Check that Home Assistant can access the internet.",
    "exceptions.renewal_paused.message": "Wait. To sign in now, select *Reconfigure*.",
    "exceptions.core_not_ready.message": (
        "Wait, or check why *Enphase Envoy* can't be set up. If it still can't be set up after an hour, Home Assistant"
        " asks you to sign in again."
    ),
}
"""What to do about each message, by its path in `translations/en.json`."""
