"""The API over HTTP, before a scripted desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from shadowmon.errors import Complaint, ConfigError, RefusedError, StoreError
from shadowmon.records import Operation
from tests.consoles import EXPOSITION


WHO = {"operator": "ada", "reason": "it looks odd"}
OPERATIONS = [
    ("pause", Operation.PAUSE),
    ("resume", Operation.RESUME),
    ("roll-back", Operation.ROLL_BACK),
    ("re-arm", Operation.RE_ARM),
]


# --- for machines ---


def test_metrics(ask):
    """The exposition is handed through, with its own content type."""
    answer = ask("GET", "/metrics")

    assert (answer.status, answer.body) == (200, EXPOSITION)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_healthy(ask):
    """While the loop turns the daemon is healthy."""
    assert ask("GET", "/-/healthy").json == {"healthy": True}


def test_ready(ask):
    """Without problems the daemon is ready."""
    answer = ask("GET", "/-/ready")

    assert (answer.status, answer.json) == (200, {"ready": True, "problems": []})


def test_not_ready(ask, desk):
    """With problems it is not, and they are named; it is healthy all the same."""
    desk.show(problems=("no tick yet",))

    answer = ask("GET", "/-/ready")

    assert (answer.status, answer.json) == (503, {"ready": False, "problems": ["no tick yet"]})
    assert ask("GET", "/-/healthy").status == 200


def test_reload(ask, desk):
    """A reload is asked for once."""
    assert ask("POST", "/-/reload").json == {"reloaded": True}
    assert desk.reloads == 1


def test_reload_refused(ask, desk):
    """A reload that is refused answers with every complaint."""
    desk.wrong = ConfigError(Complaint(key="rollout.stagez", problem="no such key", hint="stages?"))

    answer = ask("POST", "/-/reload")

    assert answer.status == 422
    assert answer.json["error"]["complaints"] == [
        {"key": "rollout.stagez", "problem": "no such key", "hint": "stages?"}
    ]


# --- reading ---


def test_status(ask):
    """The status tells of the daemon and of each trial in short."""
    status = ask("GET", "/api/v1/status").json

    assert status["ready"]
    assert status["funnel"]["scored"] == 11_990
    assert [trial["id"] for trial in status["trials"]] == ["int8"]


def test_trials(ask):
    """A trial among all is the trial on its own."""
    (one,) = ask("GET", "/api/v1/trials").json["trials"]

    assert one == ask("GET", "/api/v1/trials/int8").json
    assert one["figures"][0]["estimate"] == 0.0103
    assert one["desired_weight"] == {"basis_points": 1000, "percent": 10.0}


@pytest.mark.parametrize("name", ["int9", "..", "%2e%2e", "a%00b", "%ff", "x" * 300, "<script>"])
def test_no_such_trial(ask, name):
    """A trial that is not there is not found, whatever it is called."""
    answer = ask("GET", f"/api/v1/trials/{name}")

    assert answer.status == 404
    assert b"<script" not in answer.body
    assert b"\x00" not in answer.body


def test_explain(ask):
    """The present verdict is explained rule by rule."""
    told = ask("GET", "/api/v1/trials/int8/explain").json

    assert told["verdict"]["sentence"] == "hold: quality is not proven yet"
    assert [rule["rule"] for rule in told["rules"]] == ["quality", "core_quality", "edge_slice"]


def test_explain_an_entry(ask):
    """A verdict in the journal is explained by its number."""
    told = ask("GET", "/api/v1/trials/int8/explain?entry=7").json

    assert (told["entry"], told["trial"]) == (7, "int8")
    assert told["rules"][0]["counts"] == [2200, 40, 17, 53, 4]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("int8/explain?entry=8", "trial int8 has no journal entry 8"),
        ("int8/explain?entry=6", "journal entry 6 is no verdict"),
        ("int4/explain?entry=7", "trial int4 has no journal entry 7"),
        ("int4/explain", 'no trial is called "int4"'),
    ],
)
def test_explain_what_is_no_verdict(ask, path, message):
    """What is not there, or no verdict, cannot be explained."""
    answer = ask("GET", f"/api/v1/trials/{path}")

    assert (answer.status, answer.message) == (404, message)


def test_journal_in_pages(ask):
    """The journal is read page by page, newest first, until its beginning."""
    numbers, before = [], ""
    for _ in range(4):
        page = ask("GET", f"/api/v1/journal?limit=3{before}").json
        numbers += [entry["number"] for entry in page["entries"]]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"

    assert numbers == [7, 6, 5, 4, 3, 2, 1]


def test_journal_of_one_trial(ask):
    """The journal can be asked for one trial."""
    assert len(ask("GET", "/api/v1/journal?trial=int8").json["entries"]) == 7
    assert ask("GET", "/api/v1/journal?trial=int4").json["entries"] == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1e3",
        "limit=",
        "limit=%D9%A1",
        "limit=" + "9" * 5000,
        "before=x",
        "before=0",
        "limit=1&limit=2",
        "lmit=1",
        "trial=a&trial=b",
    ],
)
def test_query_that_cannot_be_used(ask, query):
    """A parameter that is unknown, given twice or no number is refused."""
    assert ask("GET", f"/api/v1/journal?{query}").status == 400


def test_journal_out_of_reach(ask, desk):
    """Without a store the journal cannot be read, and the answer says so and no more."""
    desk.unreachable = StoreError("/var/lib/planted.db: disk I/O error")

    answer = ask("GET", "/api/v1/journal")

    assert (answer.status, answer.message) == (503, "the journal cannot be reached")
    assert b"planted" not in answer.body


# --- asking ---


@pytest.mark.parametrize(("word", "operation"), OPERATIONS)
def test_operation(ask, desk, word, operation):
    """What a person asks reaches the desk with who and why, and where it stands is answered."""
    answer = ask("POST", f"/api/v1/trials/int8/{word}", WHO)

    assert answer.status == 200
    assert desk.asked == [("int8", operation, "ada", "it looks odd")]
    assert answer.json["state"] == ask("GET", "/api/v1/trials/int8").json["state"]


def test_pause_needs_no_reason(ask, desk):
    """To pause and to resume need no reason; who asked is needed always."""
    assert ask("POST", "/api/v1/trials/int8/pause", {"operator": "ada"}).json["state"]["paused"]
    assert ask("POST", "/api/v1/trials/int8/resume", {"operator": "ada"}).status == 200
    assert ask("POST", "/api/v1/trials/int8/pause", {"reason": "x"}).status == 400
    assert [reason for *_, reason in desk.asked] == ["", ""]


@pytest.mark.parametrize(
    ("evidence", "status", "taken"),
    [(7, 200, 7), (7.0, 200, 7), (None, 200, None), (7.5, 400, None), (0, 400, None)],
)
def test_evidence_is_a_whole_number(ask, desk, evidence, status, taken):
    """To loosen names a journal entry; 7.0 is the number 7, as JSON has it."""
    answer = ask("POST", "/api/v1/trials/int8/loosen", WHO | {"evidence": evidence})

    assert (answer.status, desk.evidence) == (status, taken)


@pytest.mark.parametrize("word", ["roll-back", "re-arm"])
@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_roll_back_needs_a_reason(ask, desk, word, reason):
    """To roll back and to re-arm need a reason."""
    body = {"operator": "ada"} | ({} if reason is None else {"reason": reason})

    answer = ask("POST", f"/api/v1/trials/int8/{word}", body)

    assert (answer.status, answer.message) == (400, "reason is missing")
    assert desk.asked == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body must be an object"),
        ("pause", "the body must be an object"),
        (None, "the body must be JSON"),
        ({"operator": 5}, "operator must be text"),
        ({"operator": None}, "operator must be text"),
        ({"operator": ["ada"]}, "operator must be text"),
        ({"operator": "x" * 101}, "operator is too long"),
        ({"operator": "ada", "reason": "x" * 1001}, "reason is too long"),
        ({"operator": "ada", "why": "x"}, 'the body has no key "why"'),
        ({}, "operator is missing"),
    ],
)
def test_operation_of_the_wrong_shape(ask, desk, body, message):
    """A body of another shape is refused, with what is wrong."""
    answer = ask("POST", "/api/v1/trials/int8/pause", body)

    assert answer.status in {400, 415}
    assert answer.message == message
    assert desk.asked == []


def test_operation_refused(ask, desk):
    """What may not be done now is answered with why."""
    desk.refuses = RefusedError("trial int8 is shadowing: there is nothing to roll back")

    answer = ask("POST", "/api/v1/trials/int8/roll-back", WHO)

    assert (answer.status, answer.message) == (409, str(desk.refuses))


def test_operation_without_a_journal(ask, desk):
    """What must not be done without the journal is answered so."""
    desk.unreachable = StoreError("locked")

    assert ask("POST", "/api/v1/trials/int8/re-arm", WHO).status == 503


def test_operation_on_no_trial(ask, desk):
    """A trial that is not there cannot be operated."""
    assert ask("POST", "/api/v1/trials/int9/pause", WHO).status == 404
    assert desk.asked == []


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"exchange_id": "x-1", "label": "7"}, {"accepted": 1, "unknown": 0}),
        ([{"exchange_id": "x-9", "label": "7"}], {"accepted": 0, "unknown": 1}),
        ([], {"accepted": 0, "unknown": 0}),
        (
            [{"exchange_id": f"x-{at}", "label": "7"} for at in range(10_000)],
            {"accepted": 2, "unknown": 9_998},
        ),
    ],
)
def test_labels(ask, desk, body, answer):
    """Labels come one at a time or up to ten thousand; those that nobody waits for are counted."""
    assert ask("POST", "/api/v1/labels", body).json == answer
    assert len(desk.labels) == (len(body) if isinstance(body, list) else 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"exchange_id": "x-1"}, "label 1: label is missing"),
        ({"exchange_id": "", "label": "7"}, "label 1: exchange_id is missing"),
        ({"exchange_id": "x-1", "label": 7}, "label 1: label must be text"),
        ({"exchange_id": "x" * 257, "label": "7"}, "label 1: exchange_id is too long"),
        ({"exchange_id": "x-1", "label": "7", "truth": 1}, 'label 1 has no key "truth"'),
        ("x-1", "label 1 must be an object"),
    ],
)
def test_one_wrong_label(ask, desk, wrong, message):
    """One wrong label refuses all that came with it, and is pointed at."""
    answer = ask("POST", "/api/v1/labels", [{"exchange_id": "x-1", "label": "7"}, wrong])

    assert (answer.status, answer.message) == (400, message)
    assert desk.labels == []


def test_too_many_labels(ask, desk):
    """More than ten thousand labels are refused as too many."""
    many = [{"exchange_id": "x", "label": "7"}] * 10_001

    assert ask("POST", "/api/v1/labels", many).status == 413
    assert desk.labels == []


# --- whatever is asked ---


def test_front_door(ask):
    """Whoever opens the console finds what is there, and each of it is there."""
    front = ask("GET", "/").json

    assert front["version"] == ask("GET", "/api/v1/status").json["version"]
    assert {ask("GET", path).status for path in front["links"].values()} == {200}
    assert (Path(__file__).parents[3] / front["guide"].partition(";")[0]).is_file()


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/-/ready", "/nothing"])
def test_by_a_foreign_name(ask, path):
    """A page that has its own name point here reads nothing, and the operator is told why."""
    answer = ask("GET", path, headers={"Host": "evil.example:9180"})

    assert (answer.status, "console.hosts" in answer.json["error"]["hint"]) == (421, True)
    assert "evil" not in answer.body.decode()


def test_by_a_foreign_name_nothing_is_changed(ask, desk):
    """Nor does it change anything, from this machine itself."""
    answer = ask("POST", "/api/v1/trials/int8/pause", WHO, {"Host": "evil.example"})

    assert (answer.status, desk.asked) == (421, [])


def test_by_a_configured_name(start):
    """Names that are configured are the console's own, and so is every address."""
    ask = start(hosts=("shadowmon.example", ".intern.example"))

    for host in ("shadowmon.example:9180", "a.intern.example", "10.0.0.7:9180", "[::1]"):
        assert ask("GET", "/api/v1/status", headers={"Host": host}).status == 200


def test_two_names_at_once(ask):
    """A second Host does not hide a foreign one."""
    said = ask.raw(
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n"
        b"Connection: close\r\n\r\n"
    )

    assert said[9:12] in {b"400", b"421"}


@pytest.mark.parametrize("path", ["/api", "/api/v2/status", "/api/v1/", "/-/quit", "//metrics"])
def test_unknown_path(ask, path):
    """What is not there is not found, in the one form that all errors have."""
    answer = ask("GET", path)

    assert answer.status == 404
    assert answer.json == {
        "error": {
            "message": "not found",
            "hint": "GET /api/v1/openapi.json lists what there is",
        }
    }


def test_wrong_method(ask):
    """Another method is refused, and the right ones are named."""
    answer = ask("DELETE", "/api/v1/trials/int8/pause")

    assert (answer.status, answer.message) == (405, "method not allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/status"), ("GET", "/metrics"), ("GET", "/nowhere"), ("POST", "/-/reload")],
)
def test_every_answer_is_guarded(ask, method, path):
    """Every answer, errors included, tells browsers to make nothing of it."""
    headers = ask(method, path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert headers["server"] == "shadowmon"


def test_bug_is_not_shown(ask, desk, monkeypatch):
    """What goes wrong inside is told in the log, and not to who asked."""

    def broken():
        planted = "planted"
        raise ZeroDivisionError(planted)

    monkeypatch.setattr(desk, "view", broken)

    answer = ask("GET", "/api/v1/status")

    assert (answer.status, answer.message) == (500, "something is wrong inside of shadowmon")
    assert b"planted" not in answer.body
    assert b"Traceback" not in answer.body


# --- who may ---


def test_token_is_needed(start, desk):
    """With a token configured, whatever changes something needs it; reading does not."""
    ask = start(token="s3cret")

    assert ask("GET", "/api/v1/status").status == 200
    refused = ask("POST", "/api/v1/trials/int8/pause", WHO)
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    wrong = ask("POST", "/-/reload", headers={"Authorization": "Bearer planted"})
    assert (wrong.status, wrong.body) == (401, refused.body)
    ask.headers["Authorization"] = "Bearer s3cret"
    assert ask("POST", "/api/v1/trials/int8/pause", WHO).status == 200
    assert len(desk.asked) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 front"},
        {"Origin": "http://["},
    ],
)
def test_not_for_others(ask, desk, headers):
    """A page of another site and a proxy's guests are refused."""
    answer = ask("POST", "/api/v1/trials/int8/pause", WHO, headers)

    assert answer.status == 403
    assert desk.asked == []


def test_form_of_a_page(ask, desk):
    """What an HTML form can send without asking is no JSON, and refused."""
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        body = b'{"operator": "ada"}'
        answer = ask("POST", "/api/v1/trials/int8/pause", body, {"Content-Type": kind})
        assert (answer.status, answer.message) == (415, "the body must be JSON")
    assert desk.asked == []
