"""Which model serves, and what is watched."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.proxy.pick import Picker, Watch
from shadowmon.proxy.plan import PlannedModel, PlannedRoute, PlannedTrial, make_plan
from shadowmon.proxy.settings import ProxySettings


MODELS = [
    PlannedModel(name=name, host="127.0.0.1", port=1) for name in ("base", "int8", "int4", "other")
]


def a_picker(*routes: PlannedRoute, trials: tuple[str, ...] = ("int8",), **proxy: Any) -> Picker:
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
        )
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
