"""A model server, spoken to over HTTP."""

from __future__ import annotations

import asyncio
import shutil

from io import BytesIO

import pytest

from shadowmon.demo import tensors
from shadowmon.demo.digits import load_digits, split
from shadowmon.demo.model_server import run, serve_weights
from shadowmon.demo.processes import listening_socket
from shadowmon.demo.quantise import load_weights


MODEL = "/v2/models/digits"
INFER = f"{MODEL}/infer"
LOAD = "/v2/repository/models/digits/load"
TRAFFIC = split(load_digits(), seed=1).traffic


@pytest.fixture
async def server(models):
    """Give the address of a server of int8."""
    int8 = next(model for model in models if model.name == "int8")
    served = serve_weights(name="digits", version="int8", weights_file=int8.file)
    until = asyncio.Event()
    with listening_socket() as listening:
        host, port = listening.getsockname()
        async with asyncio.TaskGroup() as group:
            group.create_task(run(served, listening, until=until))
            yield f"http://{host}:{port}"
            until.set()


async def ask(session, server, image=0, path=INFER):
    """Ask about one image; return status and body as JSON."""
    async with session.post(server + path, data=tensors.ask(TRAFFIC.images[image])) as answer:
        return answer.status, await answer.json()


async def test_server_speaks_the_protocol(session, server):
    """Health, server and model metadata answer as the protocol says."""
    bodies = {}
    paths = ("/v2", "/v2/health/live", "/v2/health/ready", MODEL, f"{MODEL}/versions/int8/ready")
    for path in paths:
        async with session.get(server + path) as answer:
            assert answer.status == 200
            bodies[path] = await answer.json()

    assert bodies["/v2"]["version"] == "2"
    assert bodies[MODEL]["versions"] == ["int8"]
    assert bodies[MODEL]["inputs"] == [{"name": "pixels", "datatype": "FP32", "shape": [-1, 64]}]


async def test_answer_is_the_network_s_own(session, server, models):
    """What comes over HTTP is what the weights file computes, for many images."""
    network = load_weights(next(model.file for model in models if model.name == "int8")).network()
    wanted = [str(label) for label in network.labels(TRAFFIC.images[:50])]

    answers = [(await ask(session, server, image))[1] for image in range(50)]

    assert [answer["outputs"][0]["data"][0] for answer in answers] == wanted
    assert {answer["model_version"] for answer in answers} == {"int8"}


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        (INFER, b"{", (400, "not an inference request")),
        (INFER, b'{"inputs": []}', (400, "exactly one input `pixels`")),
        ("/v2/models/letters/infer", b"{}", (404, "no model letters in version int8")),
        (f"{MODEL}/versions/2/infer", b"{}", (404, "there is digits in int8")),
        ("/v2/elsewhere", b"{}", (404, "Not Found")),
        (f"{MODEL}/ready", b"{}", (405, "Method Not Allowed")),
        (INFER, b"x" * (1024 * 1024 + 1), (413, "Maximum request body size")),
        (LOAD, b"{}", (400, "name the weights")),
        (LOAD, b'{"parameters": {"weights": "../int2.npz"}}', (400, "give the bare name")),
        (LOAD, b'{"parameters": {"weights": "int3.npz"}}', (404, "int3.npz: No such file")),
    ],
)
async def test_error_has_a_status_and_a_sentence(session, server, path, body, wanted):
    """Whatever is wrong is answered by the right status and {"error": sentence}."""
    async with session.post(server + path, data=BytesIO(body)) as answer:
        content = await answer.json()

    status, words = wanted
    assert answer.status == status
    assert list(content) == ["error"]
    assert words in content["error"]


async def test_swap_changes_the_answers_and_not_the_name(session, server, models):
    """Told to load int2's weights, the server answers with them and still calls itself int8."""
    int2 = next(model for model in models if model.name == "int2")
    wanted = [str(label) for label in load_weights(int2.file).network().labels(TRAFFIC.images[:50])]

    url = server + LOAD
    async with session.post(url, json={"parameters": {"weights": int2.file.name}}) as answer:
        assert answer.status == 200
    answers = [(await ask(session, server, image))[1] for image in range(50)]

    assert [answer["outputs"][0]["data"][0] for answer in answers] == wanted
    assert {answer["model_version"] for answer in answers} == {"int8"}


async def test_broken_weights_leave_the_old_ones(session, server, models):
    """A file that is no weights file is refused, and the server answers as before."""
    broken = models[0].file.with_name("broken.npz")
    broken.write_bytes(b"no weights")
    before = await ask(session, server)

    url = server + LOAD
    async with session.post(url, json={"parameters": {"weights": "broken.npz"}}) as answer:
        assert answer.status == 400

    assert await ask(session, server) == before


async def test_requests_are_counted(session, server):
    """Answered and refused requests are counted apart, with the file that the weights are from."""
    for image in range(3):
        await ask(session, server, image)
    async with session.post(server + INFER, data=b"{"):
        pass

    async with session.get(f"{server}{MODEL}/stats") as answer:
        counts = await answer.json()

    assert (counts["inference_count"], counts["refused_count"]) == (3, 1)
    assert counts["weights"] == "int8.npz"


async def test_weights_that_cannot_be_read_end_the_process_with_the_reason(processes, tmp_path):
    """A server without weights does not start: exit code 2, and the reason in its log."""
    shutil.copy(__file__, tmp_path / "odd.npz")
    arguments = ["--weights", str(tmp_path / "odd.npz"), "--name", "digits"]
    module = "shadowmon.demo.model_server"
    server = await processes.start(
        "odd", ["-m", module, *arguments, "--version", "int8", "--port", "0"]
    )

    assert await server.process.wait() == 2
    assert "no weights file" in server.last_words()
