"""The model: what must be true of an entry after each step.

It knows the facts (gateway, cloud, tokens, and clocks), and sees what any observer could see: the requests that
arrived, and what Home Assistant shows. Each assertion says what must be true.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntryState

from tests.emulator import LoggedRequest
from tests.entity_states import EntityValues, values_match
from tests.oracle import Expected

from .world import CHECK_JWT, HOUR, LOGIN, REFUSED_RENEWAL, SECCTRL, WORKING, World

GRACE: Final = 60.0
FINAL_REJECTION: Final = 300.0
FINAL_REJECTION_POLLS: Final = 3
RENEWAL_PAUSE: Final = HOUR
MAX_REFUSED_RENEWALS: Final = 3
CORE_PATIENCE: Final = HOUR
LONGEST_INTERVAL: Final = 61.0
LONGEST_RETRY: Final = 601.0
"""Seconds between two polls after failures, and between two attempts to set up an entry."""


@dataclass
class Outage:
    """What happened since the last successful poll; times in seconds on the monotonic clock."""

    since: float = field(default_factory=monotonic)
    failed_waits: int = 0
    """How often a loaded entry had time for a poll, and none was successful."""

    rejected_since: float | None = None
    rejections: int = 0
    """How often the gateway has rejected the token, and since when."""

    current_token: str = ""
    current_rejected_since: float = 0
    current_rejections: int = 0
    """How often the gateway has rejected the current token, and since when; a new token may be rejected too."""

    rejected_waits: int = 0
    """How often an entry had time for a poll and the last response was a rejection, while only the user could help."""

    helpless_since: float | None = None
    """Since when the last response was a rejection, while only the user could help."""

    stopped_with: str | None = None
    """The token with which polling ended."""

    is_closed_by_user: bool = False
    """Whether the user has closed the reauth flow, or has seen to it that there is none."""


@dataclass
class Renewals:
    """The sign-ins to the cloud since the user last signed in."""

    last: float | None = None
    has_failed: bool | None = False
    """Whether the last one failed; None if that can't be known."""

    may_be_at: float | None = None
    """When a renewal may have been tried without a request that arrived."""

    may_be_last: bool | None = False
    """Whether only the user can help now: the last one was refused, or it has replaced a rejected token."""

    refused: int = 0
    """How many failed for a reason that only the user can remove, since the last successful one."""


@dataclass(kw_only=True)
class Step:
    """What happened in one step."""

    is_new: bool = False
    """Whether the entry was added."""

    waited: float = 0
    """Seconds that passed."""

    is_race: bool = False
    """Whether something happened while a request was waiting for its response."""

    has_renewed_core: bool = False
    """Whether Enphase Envoy has stored a new token while a request to the gateway was waiting for its response."""

    has_used_flow: bool = False
    """Whether requests of a flow are among the requests."""

    has_signed_in: bool = False
    """Whether the user has signed in again."""

    has_opened_reauth: bool = False
    has_closed_flows: bool = False


class Model:
    """What must be true of one entry."""

    def __init__(self, world: World) -> None:
        """Start without an entry."""
        self._world = world
        self._outage = Outage()
        self._renewals = Renewals()
        self._values: dict[str, Expected] | None = None
        """What a loaded entry shows during an outage; None if it is unavailable."""

        self._issues: set[str] = set()
        self._reauths: set[str] = set()
        self._token = ""
        self._was_running = False

    def restart(self) -> None:
        """Forget everything: there is a new entry."""
        self._outage, self._renewals, self._values = Outage(), Renewals(), None
        self._issues = set()

    def check_end(self) -> None:
        """Check that nothing is left after everything was removed."""
        world = self._world
        world.gateway.requests.clear()
        world.cloud.requests.clear()
        world.hass.loop.run_until_complete(world.wait(700))
        assert (world.gateway.requests, world.cloud.requests, world.tasks()) == ([], [], [])
        assert (world.issues(), world.flow_ids(), world.log.messages) == (set(), [], [])

    def check(self, step: Step) -> None:
        """Take note of what happened in the step, and check what must be true after it."""
        world = self._world
        gateway_requests, cloud_requests = world.gateway.requests[:], world.cloud.requests[:]
        world.gateway.requests.clear()
        world.cloud.requests.clear()
        assert world.log.messages == []
        assert world.tasks() == []
        assert world.gateway.most_in_flight <= 1
        if step.is_new or step.has_signed_in:
            self.restart()
            self._token = world.first_token if step.is_new else world.token_text
        if step.is_race or step.has_used_flow:
            self._renewals.may_be_at = monotonic()
        if not step.has_used_flow:
            self._check_cloud_requests(step, gateway_requests, cloud_requests)
        if not world.is_running:
            assert step.is_race or not step.waited or gateway_requests == []
        own_requests = [] if step.has_used_flow and not step.has_signed_in else gateway_requests
        polls = [request for request in own_requests if request.path == SECCTRL]
        is_good = bool(polls) and polls[-1].status == 200 and world.gateway_condition in WORKING and world.is_loaded
        if is_good:
            self._outage = Outage()
            self._values = world.expected_values()
        else:
            self._note_failures(step, own_requests)
        self._check_reauth(step, is_good=is_good)
        self._check_values(is_good=is_good)
        self._check_issues(step, polls, is_good=is_good)
        self._check_polling(step, gateway_requests, is_good=is_good)
        self._token = world.token_text
        self._was_running = world.is_running

    # --- Facts that follow from the requests

    def _note_failures(self, step: Step, requests: list[LoggedRequest]) -> None:
        """Count failed polls and rejections."""
        world, outage = self._world, self._outage
        if not world.is_loaded:
            self._values = None
        rejections = [request for request in requests if request.path == SECCTRL and request.status == 401]
        if rejections:
            outage.rejections += len(rejections)
            outage.rejected_since = monotonic() if outage.rejected_since is None else outage.rejected_since
            if outage.current_token != world.token_text:
                outage.current_token, outage.current_rejections = world.token_text, 0
                outage.current_rejected_since = monotonic()
            outage.current_rejections += len(rejections)
        if world.is_loaded and step.waited >= self._longest_interval and not step.is_race:
            outage.failed_waits += 1
        is_rejected = bool(requests) and requests[-1].path in (CHECK_JWT, SECCTRL) and requests[-1].status == 401
        if not is_rejected or self._may_be_replaced:
            outage.rejected_waits, outage.helpless_since = 0, None
        elif step.waited >= self._longest_interval:
            outage.rejected_waits += 1
            outage.helpless_since = monotonic() if outage.helpless_since is None else outage.helpless_since

    @property
    def _longest_interval(self) -> float:
        return max(LONGEST_INTERVAL, self._world.interval + 1) if self._world.is_loaded else LONGEST_RETRY

    @property
    def _may_be_replaced(self) -> bool:
        """Whether a rejected token may be replaced without the user."""
        world = self._world
        if world.sign_in == "cloud":
            return world.cloud_condition not in REFUSED_RENEWAL
        core, since = world.core_of_entry, self._outage.rejected_since
        is_in_setup = core and core.state in (ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_IN_PROGRESS)
        return bool(is_in_setup) and (since is None or monotonic() - since <= CORE_PATIENCE)

    @property
    def _has_lost_core(self) -> bool:
        return self._world.sign_in == "existing" and self._world.core_of_entry is None

    @property
    def _must_be_reminded(self) -> bool | None:
        """Whether the token expires soon and nothing renews it; None if that can't be known."""
        world, token = self._world, self._world.token
        if world.sign_in == "existing" or token is None or world.wall_clock <= token.renewal_due:
            return False
        return True if world.sign_in == "token" else self._renewals.has_failed

    # --- What must be true

    def _check_cloud_requests(
        self, step: Step, gateway_requests: list[LoggedRequest], requests: list[LoggedRequest]
    ) -> None:
        """Renewals are at least an hour apart, and end after three that were refused."""
        world, renewals = self._world, self._renewals
        log_ins = [request for request in requests if request.path == LOGIN]
        if not log_ins:
            assert requests == []
            return
        assert world.sign_in == "cloud" or step.is_race
        assert len(log_ins) == 1
        assert renewals.last is None or monotonic() - renewals.last >= RENEWAL_PAUSE
        assert renewals.refused < MAX_REFUSED_RENEWALS
        renewals.last = monotonic()
        seems_valid = world.cloud_condition == "expired_token" and world.clock_offset < 0
        if step.is_race or seems_valid:
            renewals.has_failed = renewals.may_be_last = None
            return
        is_refused = world.cloud_condition in REFUSED_RENEWAL
        renewals.has_failed = world.token_text == self._token
        renewals.refused = renewals.refused + is_refused if renewals.has_failed else 0
        has_replaced = any(request.status == 401 for request in gateway_requests)
        renewals.may_be_last = is_refused if renewals.has_failed else has_replaced

    def _check_reauth(self, step: Step, *, is_good: bool) -> None:
        """A reauth flow is open exactly while only the user can help."""
        world, outage = self._world, self._outage
        reauths = world.flows(SOURCE_REAUTH)
        if step.has_closed_flows:
            outage.is_closed_by_user = True
        has_reason = any(self._reasons_for_reauth())
        assert has_reason or step.has_opened_reauth or reauths <= self._reauths
        is_current_final = (
            outage.current_token == world.token_text
            and outage.current_rejections >= FINAL_REJECTION_POLLS
            and monotonic() - outage.current_rejected_since >= FINAL_REJECTION
        )
        is_new = outage.stopped_with is None or reauths != self._reauths or is_current_final
        if reauths and has_reason and not is_good and is_new:
            outage.stopped_with = world.token_text
        if is_good and not step.has_opened_reauth and not self._has_lost_core and self._must_be_reminded is False:
            assert reauths == set()
        is_asked = reauths or world.flows(SOURCE_RECONFIGURE) or outage.is_closed_by_user or not world.is_running
        since = outage.helpless_since
        long_rejected = since is not None and monotonic() - since >= FINAL_REJECTION
        assert is_asked or outage.rejected_waits <= FINAL_REJECTION_POLLS or not long_rejected
        self._reauths = reauths

    def _reasons_for_reauth(self) -> Iterator[bool]:
        """Yield whether each of the reasons for a reauth flow may exist."""
        world, outage, renewals = self._world, self._outage, self._renewals
        token = world.token
        core = world.core_of_entry
        is_core_in_setup = core and core.state in (ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_IN_PROGRESS)
        has_waited = not is_core_in_setup or monotonic() - outage.since >= CORE_PATIENCE
        yield self._has_lost_core
        yield token is None and has_waited
        is_expired = token is not None and token.expires <= world.wall_clock
        rejected_since = outage.rejected_since
        is_final = (
            rejected_since is not None
            and outage.rejections >= FINAL_REJECTION_POLLS
            and monotonic() - rejected_since >= FINAL_REJECTION
        )
        is_refused = world.sign_in != "cloud" or renewals.may_be_last is not False
        yield outage.rejections > 0 and (is_expired or is_final) and has_waited and is_refused

    def _check_values(self, *, is_good: bool) -> None:
        """The values are right, or those of the last minute, or unavailable."""
        world, outage = self._world, self._outage
        values = world.values()
        if not world.is_loaded or self._values is None:
            assert set(values.values()) <= {"unavailable"}
            return
        is_right = values_match(values, dict.fromkeys(values) | _only(values, self._values))
        is_unavailable = set(values.values()) == {"unavailable"}
        assert is_right or is_unavailable
        is_stopped = outage.stopped_with is not None
        if is_good or (monotonic() - outage.since < GRACE and not is_stopped):
            assert is_right
        if outage.failed_waits >= 3:
            assert is_unavailable

    def _check_issues(self, step: Step, polls: list[LoggedRequest], *, is_good: bool) -> None:
        """There is exactly one issue for each reason."""
        world = self._world
        issues = world.issues()
        if world.entry is None or world.entry.disabled_by:
            # Home Assistant doesn't tell when an entry is disabled that is already unloaded, which users can't do
            assert issues == set() or (world.entry and not self._was_running and issues <= self._issues)
            self._issues = issues
            return
        has_polled = bool(polls) and not step.is_race and world.is_running
        expected = {issue for issue in self._issues if issue != "token_ends"}
        if is_good:
            expected = set()
        elif has_polled and polls[-1].status == 404:
            expected.add("no_secctrl")
        optional = set()
        if world.is_running and world.is_pin_violated:
            optional.add("certificate_changed")
        if step.is_race or step.has_used_flow:
            optional |= {"no_secctrl", "certificate_changed"}
        reminder = self._must_be_reminded
        is_known = has_polled or (is_good and not step.is_race)
        # A renewal in the background ends after the issues were updated
        if not is_known or reminder is None or self._renewals.last == monotonic():
            optional.add("token_ends")
        elif reminder:
            expected.add("token_ends")
        assert issues - optional == expected - optional
        self._issues = issues

    def _check_polling(self, step: Step, requests: list[LoggedRequest], *, is_good: bool) -> None:
        """Polling goes on until only the user can help, and succeeds as soon as it can."""
        world, outage = self._world, self._outage
        if step.has_renewed_core and world.core_of_entry and world.gateway_condition in WORKING and self._is_polled:
            assert is_good
        is_reachable = world.gateway_condition != "refused" and not world.is_pin_violated
        if not world.is_running or step.waited < self._longest_interval or step.is_race or not is_reachable:
            return
        is_stopped = outage.stopped_with is not None or outage.is_closed_by_user
        has_new_token = outage.stopped_with is not None and world.token_text != outage.stopped_with
        if is_stopped and not has_new_token:
            return
        token = world.token
        if token is None:
            return
        if not requests:
            # Polling has ended, and Home Assistant starts no reauth flow while a reconfigure flow is open
            assert world.flows(SOURCE_RECONFIGURE)
            return
        if world.gateway_condition in WORKING and (token.is_accepted or self._can_be_renewed):
            assert is_good

    @property
    def _is_polled(self) -> bool:
        return self._world.is_running and not self._world.is_pin_violated and not self._world.flows(SOURCE_RECONFIGURE)

    @property
    def _can_be_renewed(self) -> bool:
        """Whether a rejected token must be renewed in the next poll."""
        world, renewals = self._world, self._renewals
        times = [time for time in (renewals.last, renewals.may_be_at) if time is not None]
        is_paused = any(monotonic() - time < RENEWAL_PAUSE for time in times)
        is_possible = world.sign_in == "cloud" and world.cloud_condition == "ok" and world.clock_offset <= 0
        return is_possible and not is_paused and renewals.refused < MAX_REFUSED_RENEWALS


def _only(values: EntityValues, expected: dict[str, Expected]) -> dict[str, Expected]:
    """Return the expected values of the entities that are enabled."""
    return {key: value for key, value in expected.items() if key in values}
