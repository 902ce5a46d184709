"""Which model serves, and what is watched."""

from __future__ import annotations

import re

from collections.abc import Callable
from typing import Any

import pytest

from shadowmon.proxy.pick import Picker, Watch
from shadowmon.proxy.plan import PlannedPins, PlannedRoute, PlannedTrial, make_plan, planned_model
from shadowmon.proxy.settings import ProxySettings


MODELS = [planned_model(name, "http://127.0.0.1:1") for name in ("base", "int8", "int4", "other")]


def a_picker(
    *routes: PlannedRoute,
    trials: tuple[str, ...] = ("int8",),
    active: Callable[[int], bool] = lambda _: True,
    **proxy: Any,
) -> Picker:
    """Return a picker for these routes; trials are on the first."""
    return Picker(
        make_plan(
            proxy=ProxySettings(**proxy),
            sampling_salt="sampling",
            models=MODELS,
            routes=routes or (a_route(),),
            trials=[
                PlannedTrial(number=number, route="chat", optimized=model)
                for number, model in enumerate(trials)
            ],
            worker=0,
            drain_seconds=1.0,
        ),
        active=active,
    )


def a_route(name: str = "chat", path_prefix: str = "/", **changes: Any) -> PlannedRoute:
    """Return a route."""
    return PlannedRoute(name=name, path_prefix=path_prefix, baseline="base", **changes)


def pick(
    picker: Picker, path: bytes = b"/", weights: tuple[int, ...] = (0, 0), **found: bytes
) -> Any:
    """Pick for a request with these fields (x_user is x-user)."""
    fields = {name.replace("_", "-").encode(): value for name, value in found.items()}
    return picker.pick(path, fields, weights.__getitem__, lambda: "made-up")


def test_the_longest_prefix_is_the_route():
    """Whatever order the routes are configured in."""
    picker = a_picker(a_route(), a_route("v1", "/v1/"), a_route("emb", "/v1/embeddings"))

    assert pick(picker, b"/v1/embeddings?x").route == "emb"
    assert pick(picker, b"/v1/chat").route == "v1"
    assert pick(picker, b"/v2").route == "chat"


def test_without_a_route_the_default_serves_unwatched():
    """And without a default nobody does."""
    routes = (a_route(path_prefix="/v1/"),)

    choice = pick(a_picker(*routes, default_model="other"), b"/x")

    assert (choice.model, choice.watch) == ("other", Watch.NO_TRIAL)
    assert pick(a_picker(*routes), b"/x") is None


def test_without_weight_the_baseline_serves_everyone():
    """And with all of it nobody."""
    picker = a_picker()

    assert pick(picker).model == "base"
    assert pick(picker).trial is None
    assert pick(picker, weights=(10_000,)).model == "int8"
    assert pick(picker, weights=(10_000,)).trial == 0


@pytest.mark.parametrize(
    ("route", "field"),
    [
        (a_route(sticky_header="X-User"), b"x_user"),
        (a_route(sticky_cookie="uid"), b"cookie"),
    ],
)
def test_a_user_stays_where_it_is(route, field):
    """The key decides, not the request's id."""
    picker = a_picker(route)

    def model(user: int, request: int) -> Any:
        key = b"a=b; uid=%d ; c" % user if field == b"cookie" else b"%d" % user
        return pick(
            picker, weights=(5000,), x_request_id=b"%d" % request, **{field.decode(): key}
        ).model

    assert [model(user, 1) for user in range(50)] == [model(user, 2) for user in range(50)]
    assert len({model(user, 1) for user in range(50)}) == 2


def test_a_rising_weight_moves_users_one_way():
    """Whoever is below 10 % is below 50 %; the share is near the weight."""
    picker = a_picker(a_route(sticky_header="x-user"))
    before: set[int] = set()

    for weight in (100, 1000, 5000, 10_000):
        now = {
            user
            for user in range(2000)
            if pick(picker, weights=(weight,), x_user=b"%d" % user).trial is not None
        }
        assert before <= now
        assert abs(len(now) / 2000 - weight / 10_000) < 0.04
        before = now


def test_requests_without_a_key_are_spread():
    """Without a user each request stands for itself: never all of them on one side."""
    picker = a_picker(a_route(sticky_header="x-user"))

    served = [
        pick(picker, weights=(3000,), x_request_id=b"%d" % number).trial is not None
        for number in range(1000)
    ]

    assert 200 < sum(served) < 400


def test_several_trials_share_a_route():
    """Their weights add up; each user meets one."""
    picker = a_picker(a_route(sticky_header="x-user"), trials=("int8", "int4"))

    models = [pick(picker, weights=(2000, 3000), x_user=b"%d" % user).model for user in range(2000)]

    assert abs(models.count("int8") / 2000 - 0.2) < 0.04
    assert abs(models.count("int4") / 2000 - 0.3) < 0.04
    assert abs(models.count("base") / 2000 - 0.5) < 0.04


def test_two_routes_draw_apart():
    """The same users are not the first ones everywhere."""
    trials = [PlannedTrial(number=0, route="a", optimized="int8")]
    trials += [PlannedTrial(number=1, route="b", optimized="int8")]
    picker = Picker(
        make_plan(
            proxy=ProxySettings(),
            sampling_salt="s",
            models=MODELS,
            routes=[a_route(name, f"/{name}", sticky_header="x-user") for name in ("a", "b")],
            trials=trials,
            worker=0,
            drain_seconds=1.0,
        )
    )

    both = [
        {
            user
            for user in range(1000)
            if pick(picker, path, (5000, 5000), x_user=b"%d" % user).trial is not None
        }
        for path in (b"/a", b"/b")
    ]

    assert 150 < len(both[0] & both[1]) < 350


def test_the_sample_is_no_subset_of_an_arm():
    """Half of the sample is served by each model when half of the users are."""
    picker = a_picker(a_route(sample_rate=0.5))
    choices = [pick(picker, weights=(5000,), x_request_id=b"%d" % number) for number in range(2000)]

    sampled = [choice for choice in choices if choice.watch is Watch.YES]

    assert abs(len(sampled) / 2000 - 0.5) < 0.05
    assert abs(sum(choice.trial is not None for choice in sampled) / len(sampled) - 0.5) < 0.06


@pytest.mark.parametrize(("rate", "watch"), [(1.0, Watch.YES), (0.0, Watch.SAMPLED_OUT)])
def test_all_or_nothing_is_watched(rate, watch):
    """At the ends of the scale the sample is everything, or empty."""
    assert pick(a_picker(a_route(sample_rate=rate))).watch is watch


def test_a_call_of_our_own_mirror_is_not_mirrored_again():
    """A model that is reached through this very proxy would be called for ever."""
    choice = pick(a_picker(), x_shadowmon_shadow=b"1")

    assert (choice.model, choice.watch) == ("base", Watch.NO_TRIAL)


def test_a_route_without_a_trial_is_not_watched():
    """There is nothing to compare."""
    assert pick(a_picker(trials=())).watch is Watch.NO_TRIAL


@pytest.mark.parametrize(
    ("given", "taken"),
    [(b"r-1", "r-1"), (b"", "made-up"), (b"x" * 500, "made-up"), (b"\xff", "\ufffd")],
)
def test_the_requests_id_names_the_exchange(given, taken):
    """Unless there is none, or one that is no id."""
    assert pick(a_picker(), x_request_id=given).exchange_id == taken


def test_what_it_needs_to_see():
    """The reader is told which fields to look out for."""
    picker = a_picker(
        a_route(sticky_header="X-User", request_id_header="X-Id"),
        a_route("b", "/b", sticky_cookie="uid"),
    )

    fields = {b"x-user", b"x-id", b"cookie", b"x-request-id", b"x-shadowmon-shadow"}
    assert picker.wanted == fields


# --- pins -------------------------------------------------------------------

PINNED = PlannedPins(baseline=("bob",), optimized=("ann",), header_token="secret")


def a_pinned_route() -> PlannedRoute:
    """Return a route on which two users are pinned, and others may choose."""
    return a_route(sticky_header="X-User", pins=PINNED)


@pytest.mark.parametrize("weight", [0, 10_000])
def test_pinned_users_meet_their_model_whatever_the_weight(weight):
    """And everybody else goes by the weight."""
    picker = a_picker(a_pinned_route())

    assert pick(picker, weights=(weight,), x_user=b"ann").model == "int8"
    assert pick(picker, weights=(weight,), x_user=b"bob").model == "base"
    assert pick(picker, weights=(weight,), x_user=b"eve").model == ("int8" if weight else "base")


def test_a_pinned_user_counts_for_the_trial():
    """As any other user of the optimized model does."""
    assert pick(a_picker(a_pinned_route()), x_user=b"ann").trial == 0
    assert pick(a_picker(a_pinned_route()), x_user=b"bob").trial is None


def test_a_request_may_choose_with_the_token():
    """Over the list, and either way."""
    picker = a_picker(a_pinned_route())
    token: dict[str, Any] = {"x_shadowmon_arm_token": b"secret"}

    assert pick(picker, x_shadowmon_arm=b"optimized", **token).model == "int8"
    assert pick(picker, x_user=b"ann", x_shadowmon_arm=b"baseline", **token).model == "base"


@pytest.mark.parametrize("token", [{}, {"x_shadowmon_arm_token": b"guess"}])
def test_a_request_may_not_choose_without_the_token(token):
    """The field is as good as not there."""
    picker = a_picker(a_pinned_route())

    assert pick(picker, x_shadowmon_arm=b"optimized", **token).model == "base"


def test_a_wrong_choice_is_none():
    """Only `baseline` and `optimized` are arms."""
    picker = a_picker(a_pinned_route())
    found: dict[str, Any] = {"x_shadowmon_arm": b"int8", "x_shadowmon_arm_token": b"secret"}

    assert pick(picker, **found).model == "base"


def test_nobody_is_pinned_to_a_trial_that_was_rolled_back():
    """What was found to harm users serves none of them; the next active trial may."""
    picker = a_picker(a_pinned_route(), active=lambda _: False)
    second = a_picker(a_pinned_route(), trials=("int8", "int4"), active=lambda number: number == 1)

    assert pick(picker, x_user=b"ann").model == "base"
    assert pick(second, x_user=b"ann").model == "int4"


def test_the_choice_is_hidden_from_model_servers_where_it_means_something():
    """Without a token configured the fields are a user's own business."""
    assert a_picker(a_pinned_route()).hidden == {b"x-shadowmon-arm", b"x-shadowmon-arm-token"}
    assert a_picker().hidden == frozenset()


# --- ids and traces ---------------------------------------------------------


def test_nothing_is_added_by_default():
    """What passes is what came."""
    assert pick(a_picker()).added == b""


def test_an_id_is_added_where_there_is_none():
    """It is the exchange's own."""
    picker = a_picker(a_route(request_id_header="X-Id"), add_request_id=True)

    assert pick(picker).added == b"x-id: made-up\r\n"
    assert pick(picker, x_id=b"theirs").added == b""


def test_an_id_that_is_none_is_not_doubled():
    """One that is too long to be taken for one still stands alone."""
    picker = a_picker(add_request_id=True)

    choice = pick(picker, x_request_id=b"x" * 129)

    assert (choice.exchange_id, choice.added) == ("made-up", b"")


def test_a_trace_is_begun_where_there_is_none():
    """In the form of the W3C's Trace Context, another one for each request."""
    picker = a_picker(add_trace_context=True)
    ids = iter("abcd")

    choices = [picker.pick(b"/", {}, lambda _: 0, lambda: next(ids)) for _ in range(2)]
    lines = [choice.added for choice in choices if choice is not None]

    assert all(
        re.fullmatch(rb"traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n", line) for line in lines
    )
    assert lines[0] != lines[1]
    assert pick(picker, traceparent=b"00-1-2-00").added == b""
