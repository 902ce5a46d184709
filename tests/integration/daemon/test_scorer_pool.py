"""Real processes that really die: each test starts its own."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time

from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from shadowmon.clock import SystemClock
from shadowmon.daemon import scorer_link
from shadowmon.daemon.scorer_link import Loss
from shadowmon.daemon.scorer_pool import Lost, ScorerPool, _backoff_seconds
from shadowmon.daemon.scorer_process import build_panels
from shadowmon.errors import ScorerError
from shadowmon.records import Answer, Score, TrialId
from shadowmon.scoring.settings import Scheduling, ScoringSettings
from tests.answers import real_pairs
from tests.factories import a_pair, a_reply


ROOT = Path(__file__).parents[3]
MISBEHAVES = "tests.misbehaving:Misbehaves"
ALL = ("label", "text", "fields", "safety", "service")


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@asynccontextmanager
async def a_pool(*scorers, losses=None, **settings):
    """Run a pool for the trial int8, of one process that no busy machine makes miss a deadline."""
    defaults = {"deadline_seconds": 30.0, "memory_max_bytes": 1 << 30, "nice": 0}
    chosen = ScoringSettings(**defaults | settings)
    told = [] if losses is None else losses
    panels = {TrialId("int8"): scorers or (MISBEHAVES,)}
    async with ScorerPool(chosen, panels, SystemClock(), told.append) as pool:
        yield pool


def saying(*texts):
    return [a_pair(a_reply(text)) for text in texts]


def fates(results):
    """Return for each pair its one distance, or why it was set aside."""
    return [
        each.reason if isinstance(each, Lost) else each.observations[0].distance for each in results
    ]


async def until(condition, seconds=10.0):
    """Wait for real processes to come to it."""
    deadline = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def test_pool_scores_as_a_panel_does():
    """What comes out is what the panel would say in this process, pair by pair, in order."""
    pairs = [a_pair(a_reply(one), a_reply(other)) for one, other in real_pairs()[::6]]
    panel = build_panels({"int8": ALL}, ScoringSettings())["int8"]

    async with a_pool(*ALL) as pool:
        scores = await pool.score(pairs)

    assert scores == [panel.score(pair) for pair in pairs]
    assert (pool.batches, pool.restarts, pool.set_aside) == (1, 0, 0)


async def test_empty_batch_and_unknown_trial():
    """Nothing is scored as nothing, and a trial without scorers is a mistake of the caller."""
    async with a_pool() as pool:
        assert await pool.score([]) == ()
        with pytest.raises(ValueError, match='trial "int4" has no panel of scorers; there are: i'):
            await pool.score([a_pair(trial_id=TrialId("int4"))])
    assert pool.batches == 0


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("exit 0", Loss.CRASH),
        ("crash", Loss.CRASH),
        ("eat", Loss.MEMORY),
        ("hang", Loss.HANG),
    ],
)
async def test_pair_that_kills_is_set_aside(order, reason):
    """A pair that costs two processes their lives is set aside; all others are scored."""
    losses: list[str] = []
    async with a_pool(losses=losses, deadline_seconds=1) as pool:
        first = set(pool.process_ids)

        found = await pool.score(saying("fine 1", order, "fine 22"))

        await until(lambda: len(pool.process_ids) == 1)
        assert not first & set(pool.process_ids)
    assert fates(found) == [1.0, reason, 0.0]
    assert losses == [reason, reason]
    assert (pool.restarts, pool.set_aside, pool.batches) == (2, 1, 1)


async def test_crash_by_chance_loses_nothing(tmp_path):
    """A pair that kills its process once is scored at the second try."""
    async with a_pool() as pool:
        found = await pool.score(saying("fine 1", f"crash-once {tmp_path / 'marker'}"))
    assert all(isinstance(each, Score) for each in found)
    assert (pool.restarts, pool.set_aside) == (1, 0)


async def test_slow_batch_is_scored_pair_by_pair():
    """Pairs that are too slow together, but not alone, are all scored."""
    async with a_pool(deadline_seconds=1) as pool:
        found = await pool.score(saying("slow 0.55", "slow 0.56"))
    assert fates(found) == [0.0, 0.0]


async def test_scorer_that_raises_or_lies_loses_its_own():
    """An error or garbage costs that scorer's observations; the process and the others go on."""
    async with a_pool(MISBEHAVES, "service") as pool:
        found = await pool.score(saying("raise the user's secret", "garbage", "fine 1"))
    told = [each.scorer_failures.get(MISBEHAVES, "") for each in found if isinstance(each, Score)]
    assert [len(each.observations) for each in found if isinstance(each, Score)] == [3, 3, 3]
    assert told[0].startswith("LookupError in misbehaving.py, line ")
    assert told[1:] == ["it returned a dict, not a sequence of observations", ""]
    assert pool.restarts == 0


async def test_answers_that_are_hard_to_send():
    """Wide numbers and half a character arrive; what cannot be sent costs no process."""
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    wide = a_reply(answer=Answer(fields={"a": 10**40, "b": 1}))
    other = a_reply(answer=Answer(fields={"a": 10**41, "b": 1}))
    bottomless = a_reply(answer=Answer(fields=deep))

    async with a_pool("fields") as pool:
        found = await pool.score(
            [a_pair(wide, wide), a_pair(wide, other), a_pair(bottomless, wide)]
        )

    assert fates(found) == [0.0, 1.0, Loss.UNSENDABLE]
    assert (pool.restarts, pool.set_aside) == (0, 1)


async def test_large_texts_pass():
    """A batch that no socket buffer holds passes in both directions."""
    async with a_pool() as pool:
        found = await pool.score(saying(*("fine " + "x" * 1_000_001 for _ in range(16))))
    assert fates(found) == [1.0] * 16


async def test_many_callers_share_the_processes():
    """Processes work side by side: one that hangs holds up nobody else, nor the event loop."""
    async with a_pool(processes=2) as pool, asyncio.TaskGroup() as tasks:
        hanging = tasks.create_task(pool.score(saying("hang")))
        await asyncio.sleep(0)

        found = await asyncio.gather(*(pool.score(saying(f"fine {n}")) for n in range(20)))

        assert not hanging.done()
        hanging.cancel()
    assert [fates(each) for each in found] == [[len(str(n)) % 2] for n in range(20)]


async def test_idle_processes_are_used_in_turn():
    """Batches one after another go to one process after another."""
    async with a_pool(processes=2) as pool:
        first, second, third = [fates(await pool.score(saying("who"))) for _ in range(3)]
    assert first == third != second


async def test_cancelled_caller_leaves_no_stale_answer():
    """An answer that nobody waits for any more is not taken for the next one's."""
    async with a_pool() as pool:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await pool.score(saying("slow 0.4"))
        assert fates(await pool.score(saying("fine 22"))) == [0.0]
    assert pool.restarts == 1


async def test_close_does_not_wait_for_a_process_that_hangs():
    """Closing takes a second at most, leaves no process, and tells whoever still waits."""
    async with a_pool() as pool:
        callers = [asyncio.ensure_future(pool.score(saying("hang"))) for _ in range(3)]
        await asyncio.sleep(0.1)
        processes = pool.process_ids
        began = time.perf_counter()
    assert time.perf_counter() - began < scorer_link.END_SECONDS + 1
    assert not any(map(is_running, processes))
    for outcome in await asyncio.gather(*callers, return_exceptions=True):
        assert str(outcome) == "the scorer pool is closed"
    with pytest.raises(ScorerError, match="closed"):
        await pool.score(saying("fine 1"))


async def test_error_in_the_body_goes_through():
    """What goes wrong while the pool is open is raised as it is, not in a group."""
    with pytest.raises(KeyError, match="mine"):
        async with a_pool():
            raise KeyError(*("mine",))


@pytest.mark.parametrize(
    ("scorer", "problem"),
    [
        ("vision", 'cannot start: ConfigError: scorers: no scorer is called "vision"'),
        ("tests.misbehaving:Refuses", "cannot start: ValueError: no such model"),
        ("tests.misbehaving:DiesAtStart", r"ended before it was ready \(crash\)"),
        ("tests.misbehaving:NeverReady", "was not ready within 1 seconds"),
    ],
)
async def test_pool_that_cannot_start_says_why(scorer, problem, monkeypatch):
    """A scorer that cannot be built keeps the pool from opening, and leaves no process."""
    monkeypatch.setattr(scorer_link, "START_SECONDS", 1.0 if "Never" in scorer else 30.0)
    with pytest.raises(ScorerError, match=problem):
        async with a_pool(scorer):
            pass
    assert not children()


async def test_limit_that_leaves_no_room_is_refused():
    """A memory limit under which nothing could be scored is named, with what is needed."""
    with pytest.raises(
        ScorerError, match=r"scoring\.memory_max_bytes \(67108864\) must be at least \d+ for its"
    ):
        async with a_pool("text", memory_max_bytes=64 * 1024 * 1024):
            pass


async def test_start_is_tried_again(tmp_path):
    """A process that does not come up again is told of, and tried again."""
    losses: list[str] = []
    marker = str(tmp_path / "starts")
    async with a_pool(
        "tests.misbehaving:DiesAtSecondStart", losses=losses, unsafe_patterns=(marker,)
    ) as pool:
        found = await pool.score(saying("exit 1", "fine 1"))
    assert fates(found) == [Loss.CRASH, 1.0]
    assert losses == ["crash", "start", "crash"]
    assert pool.restarts == 2


async def test_process_is_confined():
    """The limits of the settings hold in the process, and it stands aside for everybody else."""
    async with a_pool(nice=15) as pool:
        (process,) = pool.process_ids
        assert resource.prlimit(process, resource.RLIMIT_AS) == (1 << 30, 1 << 30)
        assert resource.prlimit(process, resource.RLIMIT_CORE) == (0, 0)
        assert os.getpriority(os.PRIO_PROCESS, process) == 15
        assert Path(f"/proc/{process}/fd/0").readlink() == Path("/dev/null")


@pytest.mark.parametrize(
    ("scheduling", "idle"),
    [(Scheduling.NICED, 0), (Scheduling.ONE_NICED, 2), (Scheduling.IDLE, 3)],
)
async def test_how_many_processes_run_only_where_there_is_time(scheduling, idle):
    """So many of three are of the idle class, and a process that is lost leaves its class on."""
    async with a_pool(processes=3, scheduling=scheduling) as pool:
        assert policies(pool).count(os.SCHED_IDLE) == idle
        await pool.score(saying("exit 1"))
        await until(lambda: len(pool.process_ids) == 3)
        assert policies(pool).count(os.SCHED_IDLE) == idle
    assert pool.restarts == 2


def policies(pool):
    """Return the scheduling policy of each process."""
    return [os.sched_getscheduler(process) for process in pool.process_ids]


async def test_waiting_for_a_cpu_is_no_hanging():
    """A process that others keep off its CPU for long past its deadline is not lost for it."""
    cpu = min(os.sched_getaffinity(0))
    async with a_pool(deadline_seconds=0.5, nice=19) as pool:
        os.sched_setaffinity(pool.process_ids[0], {cpu})
        with spinning_on(cpu):
            scored = asyncio.ensure_future(pool.score(saying("spin 0.3")))
            await asyncio.sleep(2)
            kept_off = not scored.done()
        found = await scored

    assert kept_off
    assert fates(found) == [1.0]
    assert pool.restarts == 0


@contextmanager
def spinning_on(cpu):
    """Keep a CPU busy for as long as the block takes."""
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    os.sched_setaffinity(spinner.pid, {cpu})
    try:
        yield
    finally:
        spinner.kill()
        spinner.wait()


async def test_signals_to_the_whole_service_do_not_end_it():
    """Ctrl-C and a service's SIGTERM leave the process to the daemon, which still drains."""
    async with a_pool() as pool:
        (process,) = pool.process_ids
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(process, number)
        assert fates(await pool.score(saying("fine 1"))) == [1.0]
    assert pool.restarts == 0


async def test_processes_die_with_the_daemon():
    """If the daemon is killed its scorer processes are too, even one that hangs."""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DAEMON, stdout=subprocess.PIPE, env=os.environ
    )
    assert daemon.stdout is not None
    processes = [int(word) for word in (await daemon.stdout.readline()).split()]
    assert len(processes) == 2
    assert all(map(is_running, processes))

    daemon.kill()
    await daemon.wait()

    await until(lambda: not any(map(is_running, processes)))


def test_backoff_doubles_up_to_a_bound():
    """The first loss costs a moment, a row of them ten seconds each, and a cancelled call none."""
    assert [_backoff_seconds(losses) for losses in (0, 1, 2, 3)] == [0.0, 0.05, 0.1, 0.2]
    assert _backoff_seconds(10_000) == 10.0


_DAEMON = """
import asyncio
from shadowmon.clock import SystemClock
from shadowmon.daemon.scorer_pool import ScorerPool
from shadowmon.scoring.settings import Scheduling, ScoringSettings
from tests.factories import a_pair, a_reply

async def main():
    settings = ScoringSettings(processes=2, deadline_seconds=60)
    panels = {"int8": ["tests.misbehaving:Misbehaves"]}
    async with ScorerPool(settings, panels, SystemClock(), print) as pool:
        print(*pool.process_ids, flush=True)
        await pool.score([a_pair(a_reply("hang"))])

asyncio.run(main())
"""


def is_running(process):
    """Is there such a process, other than as a zombie?"""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(") ")[2][0] != "Z"


def children():
    """Return the scorer processes of this one that still run."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    return [child for child in found if is_running(child) and is_scorer(child)]


def is_scorer(process_id):
    """Is it a scorer process? A test process may have other children, of other tests."""
    said = Path(f"/proc/{process_id}/cmdline").read_bytes()
    return b"shadowmon.daemon.scorer_process" in said
