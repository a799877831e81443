"""The state machine: random events of one entry, and a check against the model after each."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Literal

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from .model import Model, Step
from .world import (
    CHECK_JWT,
    CLOUD_CONDITIONS,
    DAY,
    GATEWAY_CONDITIONS,
    HOUR,
    INFO,
    LOGIN,
    SECCTRL,
    SIGN_INS,
    YEAR,
    CloudCondition,
    GatewayCondition,
    SignIn,
    TokenAge,
    World,
)

type Refresh = Literal["poll", "update_entity", "request_refresh", "reload"]

TOKEN_AGES: Final[tuple[TokenAge, ...]] = ("new", "renewal_due", "short", "expired", "revoked")
RACES: Final = (
    *("renew_core", "damage_core", "remove_core", "revoke", "set_clock_forward", "set_clock_back"),
    *("unload", "reload", "disable", "remove"),
)

sign_ins = st.sampled_from(SIGN_INS)
token_ages = st.sampled_from(TOKEN_AGES)
first_token_ages: st.SearchStrategy[TokenAge] = st.sampled_from(
    ("new", "new", "new", "renewal_due", "short", "revoked")
)
intervals = st.sampled_from((10, 5, 300))
clock_changes = st.sampled_from((HOUR, -HOUR, DAY, -DAY, YEAR, -YEAR))
polls = st.sampled_from((0, 2, 4))
refreshes: st.SearchStrategy[Refresh] = st.sampled_from(("poll", "update_entity", "request_refresh", "reload"))


class EntryMachine(RuleBasedStateMachine):
    """One entry. Each rule is something that can happen."""

    def __init__(self, world: World) -> None:
        """Start without an entry."""
        super().__init__()
        self.world = world
        self.model = Model(world)
        self.is_passing = True
        world.forget()

    def run(self, event: Callable[[], Awaitable[object] | None], step: Step | None = None) -> None:
        """Let something happen, wait until nothing is going on, and check what must be true then."""

        async def run() -> None:
            if awaitable := event():
                await awaitable
            await self.world.settle()

        self.is_passing = False
        self.world.hass.loop.run_until_complete(run())
        self.model.check(step or Step())
        self.is_passing = True

    def poll(self, times: int) -> None:
        """Let polls happen, and check after each."""
        for _ in range(times):
            seconds = max(101, self.world.interval + 1)
            self.run(partial(self.world.wait, seconds), Step(waited=seconds))

    async def do(self, action: str) -> None:
        """Do something that can also happen during a request."""
        world = self.world
        actions: dict[str, Callable[[], Awaitable[object] | None]] = {
            "renew_core": lambda: world.update_core(world.create_token("new")),
            "damage_core": lambda: world.update_core("damaged"),
            "remove_core": world.remove_core,
            "revoke": world.revoke,
            "set_clock_forward": partial(world.change_clock, YEAR),
            "set_clock_back": partial(world.change_clock, -YEAR),
            "unload": world.unload,
            "reload": world.reload,
            "disable": world.disable,
            "enable": world.enable,
            "remove": world.remove_entry,
        }
        if awaitable := actions[action]():
            await awaitable

    async def refresh(self, refresh: Refresh) -> None:
        """Refresh the entry in one of the ways."""
        match refresh:
            case "poll":
                await self.world.wait(max(101, self.world.interval + 1))
            case "update_entity":
                await self.world.update_entity()
            case "request_refresh":
                await self.world.request_refresh()
            case "reload":
                await self.world.reload()

    # --- The entry

    @initialize(sign_in=sign_ins, age=first_token_ages, interval=intervals, pinned=st.booleans())
    def start(self, sign_in: SignIn, age: TokenAge, interval: int, pinned: bool) -> None:
        """Add an entry, and set it up."""
        self._add_entry(sign_in, age, interval, pinned=pinned)

    @precondition(lambda self: self.world.entry is None)
    @rule(sign_in=sign_ins, age=first_token_ages, interval=intervals, pinned=st.booleans())
    def add_entry(self, sign_in: SignIn, age: TokenAge, interval: int, pinned: bool) -> None:
        """Add the entry again."""
        self._add_entry(sign_in, age, interval, pinned=pinned)

    def _add_entry(self, sign_in: SignIn, age: TokenAge, interval: int, *, pinned: bool) -> None:
        self.run(partial(self.world.add_entry, sign_in, age, interval, pinned=pinned), Step(is_new=True))

    @rule(action=st.sampled_from(("unload", "reload", "disable", "enable", "remove")), polls=polls)
    def change_entry(self, action: str, polls: int) -> None:
        """Unload, reload, disable, enable, or remove the entry."""
        self.run(partial(self.do, action))
        self.poll(polls)

    @rule(interval=intervals, pinned=st.booleans())
    def change_options(self, interval: int, pinned: bool) -> None:
        """Submit the form of the options."""
        self.run(partial(self.world.set_options, interval, pinned=pinned))

    # --- Time

    @rule(seconds=st.sampled_from((11, 31, 61, 101, 301, 901)), times=st.integers(1, 5))
    def wait(self, seconds: int, times: int) -> None:
        """Let polls happen."""
        for _ in range(times):
            self.run(partial(self.world.wait, seconds), Step(waited=seconds))

    @rule(hours=st.sampled_from((1, 2, 24, 24 * 30)))
    def sleep(self, hours: int) -> None:
        """Let hours pass, as while the computer sleeps."""
        self.run(partial(self.world.wait, hours * HOUR + 1), Step(waited=hours * HOUR))

    @rule(seconds=clock_changes, polls=polls)
    def change_clock(self, seconds: float, polls: int) -> None:
        """Set the wall clock forward or back."""
        self.run(partial(self.world.change_clock, seconds))
        self.poll(polls)

    @rule(refresh=refreshes)
    def refresh_now(self, refresh: Refresh) -> None:
        """Refresh the entry."""
        self.run(partial(self.refresh, refresh))

    @rule(
        path=st.sampled_from((SECCTRL, CHECK_JWT, INFO, LOGIN)),
        refresh=refreshes,
        action=st.sampled_from(RACES),
        revoked=st.booleans(),
        polls=polls,
    )
    def act_during_request(self, path: str, refresh: Refresh, action: str, revoked: bool, polls: int) -> None:
        """Let something happen during a request, perhaps while the gateway rejects the token."""
        self._act_during_request(path, refresh, action, revoked=revoked)
        self.poll(polls)

    @precondition(lambda self: self.world.core_of_entry is not None and self.world.is_loaded)
    @rule(path=st.sampled_from((SECCTRL, CHECK_JWT, INFO)), refresh=refreshes, polls=polls)
    def renew_core_during_request(self, path: str, refresh: Refresh, polls: int) -> None:
        """Let Enphase Envoy store a new token while the gateway rejects the old one."""
        self._act_during_request(path, refresh, "renew_core", revoked=True)
        self.poll(polls)

    def _act_during_request(self, path: str, refresh: Refresh, action: str, *, revoked: bool) -> None:
        if revoked:
            self.world.revoke()
        step = Step(is_race=True)

        async def act() -> None:
            actions = partial(self.refresh, refresh), partial(self.do, action)
            has_acted = await self.world.during_request(path, *actions)
            step.has_renewed_core = has_acted and action == "renew_core" and path != LOGIN

        self.run(act, step)

    # --- Gateway and cloud

    @rule(condition=st.sampled_from(GATEWAY_CONDITIONS), polls=polls)
    def change_gateway(self, condition: GatewayCondition, polls: int) -> None:
        """Let the gateway be in a condition."""
        self.run(partial(self.world.set_gateway, condition))
        self.poll(polls)

    @rule(soc=st.integers(0, 100), polls=polls)
    def repair_gateway(self, soc: int, polls: int) -> None:
        """Let the gateway work, with different values."""
        self.run(partial(self.world.repair_gateway, soc))
        self.poll(polls)

    @rule()
    def change_certificate(self) -> None:
        """Let the gateway have a different certificate, or the first one again."""
        self.run(self.world.change_certificate)

    @rule(polls=polls)
    def revoke(self, polls: int) -> None:
        """Let the gateway reject the token from now on."""
        self.run(self.world.revoke)
        self.poll(polls)

    @rule(condition=st.sampled_from(CLOUD_CONDITIONS), polls=polls)
    def change_cloud(self, condition: CloudCondition, polls: int) -> None:
        """Let the cloud respond differently."""
        self.run(partial(self.world.set_cloud, condition))
        self.poll(polls)

    # --- Enphase Envoy

    @precondition(lambda self: self.world.core is None)
    @rule()
    def add_core(self) -> None:
        """Add an Enphase Envoy entry."""
        self.run(self.world.add_core)

    @precondition(lambda self: self.world.core is not None)
    @rule(age=token_ages, polls=polls)
    def renew_core(self, age: TokenAge, polls: int) -> None:
        """Let Enphase Envoy store a token."""
        self.run(lambda: self.world.update_core(self.world.create_token(age)))
        self.poll(polls)

    @precondition(lambda self: self.world.core is not None)
    @rule(action=st.sampled_from(("damage_core", "remove_core")), polls=polls)
    def change_core(self, action: str, polls: int) -> None:
        """Let Enphase Envoy lose its token, or be removed."""
        self.run(partial(self.do, action))
        self.poll(polls)

    @precondition(lambda self: self.world.core is not None)
    @rule(state=st.sampled_from(("retry", "loaded", "disabled")), polls=polls)
    def change_core_state(self, state: str, polls: int) -> None:
        """Let the Enphase Envoy entry be in retry, loaded, or disabled."""
        self.run(partial(self.world.change_core, state))
        self.poll(polls)

    # --- Flows

    @rule(source=st.sampled_from((SOURCE_REAUTH, SOURCE_RECONFIGURE)))
    def open_flow(self, source: str) -> None:
        """Open a reauth or reconfigure flow."""
        self.run(partial(self.world.open_flow, source), Step(has_opened_reauth=source == SOURCE_REAUTH))

    @rule()
    def close_flows(self) -> None:
        """Close the flows."""
        self.run(self.world.close_flows, Step(has_closed_flows=True))

    @precondition(lambda self: self.world.entry is not None)
    @rule(choice=sign_ins, polls=polls)
    def sign_in_again(self, choice: SignIn, polls: int) -> None:
        """Sign in again while everything works."""
        step = Step(has_used_flow=True)

        async def sign_in() -> None:
            self.world.set_gateway("up")
            self.world.set_cloud("ok")
            await self.world.open_flow(SOURCE_RECONFIGURE)
            step.has_signed_in = (await self.world.submit_flow(choice, "new")).endswith("_successful")

        self.run(sign_in, step)
        self.poll(polls)

    @precondition(lambda self: self.world.flow_ids())
    @rule(choice=st.sampled_from((*SIGN_INS, "keep")), age=token_ages, polls=polls)
    def submit_flow(self, choice: SignIn | Literal["keep"], age: TokenAge, polls: int) -> None:
        """Continue a flow as far as possible."""
        step = Step(has_used_flow=True)

        async def submit() -> None:
            step.has_signed_in = (await self.world.submit_flow(choice, age)).endswith("_successful")

        self.run(submit, step)
        self.poll(polls)

    def teardown(self) -> None:
        """Remove everything; nothing may be left."""
        world = self.world
        world.hass.loop.run_until_complete(world.reset())
        if self.is_passing:
            self.model.check_end()
