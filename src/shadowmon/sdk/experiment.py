"""
Try the optimized model beside the baseline, in code: a decorator in the manner of GitHub's
Scientist.

    @experiment(observer, optimized=ask_int8)
    def ask(prompt: str) -> str: ...

The caller gets what the decorated function returns, or raises, always. Then the optimized one is
run with the same arguments, and both answers are told to the observer.

Rule 1: the baseline runs first and alone; what the optimized one does is nobody's trouble.
Rule 2: runs of the optimized one are bounded: what is beyond is not run, and counted.
Rule 3: only pairs that are sampled cost a run.
"""

from __future__ import annotations

import asyncio
import contextvars
import enum
import functools
import inspect
import threading

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import uuid4

from shadowmon.clock import Clock, SystemClock
from shadowmon.sdk.line import kept, kept_request
from shadowmon.sdk.observer import Observer


F = TypeVar("F", bound=Callable[..., Any])


class Run(enum.StrEnum):
    """Where the optimized one is run."""

    BACKGROUND = "background"
    """On a thread of its own, or as a task of the running event loop: the caller does not wait."""
    AFTER = "after"
    """Where the caller is, after the baseline: the caller waits for both."""


@dataclass(slots=True)
class _Held:
    """What a function did: its result, or what it raised; and how long it took."""

    result: Any
    seconds: float
    error: BaseException | None = None

    @property
    def answer(self) -> Any:  # noqa: ANN401 - whatever was returned
        return self.result if self.error is None else self.error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Half:
    """A pair without the optimized model's answer, written out before the caller has it."""

    name: str
    request: Any
    user: str | None
    answer: Mapping[str, Any]
    seconds: float


def experiment(
    observer: Observer,
    *,
    optimized: Callable[..., Any],
    run: str = Run.BACKGROUND,
    pending_max: int = 8,
    timeout_seconds: float = 60.0,
    request: Callable[..., Any] | None = None,
    id: Callable[..., str] | None = None,  # noqa: A002 - as in `observe`
    user: Callable[..., str | None] | None = None,
    target: str | None = None,
    clock: Clock | None = None,
) -> Callable[[F], F]:
    """
    Return a decorator for the baseline: a function, or a coroutine function.

    Args:
        observer: Is told of the pairs.
        optimized: Takes the same arguments, and is of the same kind.
        run: `background` or `after`.
        pending_max: Runs of `optimized` at one time, at most.
        timeout_seconds: A coroutine that takes longer is given up, and counts as timed out.
        request: Says what was asked, from the arguments; None: the first argument, if it is text.
        id: Names the exchange, from the arguments; None: made up.
        user: Says whose request it is.
        target: The request's path.
        clock: Times both.

    Raises:
        ValueError: If `run` is neither.
        TypeError: If one of the two is a coroutine function and the other is not.

    """
    trying = _Trying(
        observer=observer,
        optimized=optimized,
        run=Run(run),
        slots=threading.BoundedSemaphore(pending_max),
        timeout_seconds=timeout_seconds,
        request=request or _first_text,
        name=id or (lambda *_, **__: uuid4().hex),
        user=user or (lambda *_, **__: None),
        target=target,
        clock=clock or SystemClock(),
        tasks=set(),
    )

    def decorate(baseline: F) -> F:
        is_async = inspect.iscoroutinefunction(baseline)
        if is_async != inspect.iscoroutinefunction(optimized):
            msg = "baseline and optimized must both be coroutine functions, or neither"
            raise TypeError(msg)
        wrap = trying.around_async if is_async else trying.around
        return cast(F, wrap(baseline))

    return decorate


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trying:
    """What `experiment` was told."""

    observer: Observer
    optimized: Callable[..., Any]
    run: Run
    slots: threading.BoundedSemaphore
    timeout_seconds: float
    request: Callable[..., Any]
    name: Callable[..., str]
    user: Callable[..., str | None]
    target: str | None
    clock: Clock
    tasks: set[asyncio.Task[None]]
    """Those under way; an event loop itself holds its tasks but weakly."""

    def around(self, baseline: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function."""

        @functools.wraps(baseline)
        def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            held = self._called(baseline, args, kwargs)
            self._safely(self._try, held, args, kwargs)
            return _given_back(held)

        return wrapped

    def around_async(self, baseline: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """Wrap a coroutine function."""

        @functools.wraps(baseline)
        async def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            held = await self._awaited(baseline, args, kwargs)
            await self._try_async(held, args, kwargs)
            return _given_back(held)

        return wrapped

    # --- functions ---

    def _called(self, function: Callable[..., Any], args: Any, kwargs: Any) -> _Held:  # noqa: ANN401
        begun = self.clock.monotonic()
        try:
            result = function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is given back, or told of
            return _Held(None, self.clock.monotonic() - begun, error)
        return _Held(result, self.clock.monotonic() - begun)

    def _try(self, held: _Held, args: Any, kwargs: Any) -> None:  # noqa: ANN401
        half = self._half(held, args, kwargs)
        if half is None:
            return

        def both() -> None:
            try:
                self._tell(half, self._called(self.optimized, args, kwargs))
            finally:
                self.slots.release()

        if self.run is Run.AFTER:
            both()
            return
        try:
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(both,), daemon=True).start()
        except BaseException:
            self.slots.release()
            raise

    # --- coroutines ---

    async def _awaited(
        self,
        function: Callable[..., Awaitable[Any]],
        args: Any,  # noqa: ANN401
        kwargs: Any,  # noqa: ANN401
    ) -> _Held:
        begun = self.clock.monotonic()
        try:
            result = await function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is given back, or told of
            return _Held(None, self.clock.monotonic() - begun, error)
        return _Held(result, self.clock.monotonic() - begun)

    async def _try_async(self, held: _Held, args: Any, kwargs: Any) -> None:  # noqa: ANN401
        half = self._safely(self._half, held, args, kwargs)
        if half is None:
            return
        if self.run is Run.AFTER:
            try:
                await self._both(half, args, kwargs)
            finally:
                self.slots.release()
            return
        # No TaskGroup: the caller's loop is not ours, and the caller must not wait for this.
        task = asyncio.get_running_loop().create_task(self._both(half, args, kwargs))
        self.tasks.add(task)
        task.add_done_callback(self._is_over)

    def _is_over(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self.slots.release()

    async def _both(self, half: _Half, args: Any, kwargs: Any) -> None:  # noqa: ANN401
        begun = self.clock.monotonic()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                tried = await self._awaited(self.optimized, args, kwargs)
        except TimeoutError as error:
            tried = _Held(None, self.clock.monotonic() - begun, error)
        self._tell(half, tried)

    # --- both ---

    def _half(self, held: _Held, args: Any, kwargs: Any) -> _Half | None:  # noqa: ANN401
        """Return the baseline's half, with a slot for the other; None if there is to be none."""
        name = self.name(*args, **kwargs)
        if not self.observer.wants(name):
            self.observer.skipped("sampled_out")
            return None
        half = _Half(
            name=name,
            request=kept_request(self.request(*args, **kwargs)),
            user=self.user(*args, **kwargs),
            answer=kept(held.answer),
            seconds=held.seconds,
        )
        if not self.slots.acquire(blocking=False):
            self.observer.skipped("dropped_busy")
            return None
        return half

    def _tell(self, half: _Half, tried: _Held) -> None:
        self.observer.observe(
            half.request,
            half.answer,
            tried.answer,
            id=half.name,
            baseline_seconds=half.seconds,
            optimized_seconds=tried.seconds,
            target=self.target,
            user=half.user,
        )

    def _safely(self, function: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        try:
            return function(*args)
        except Exception:  # noqa: BLE001 - no trouble of the experiment's is its caller's
            self.observer.skipped("dropped_unsendable")
            return None


def _given_back(held: _Held) -> Any:  # noqa: ANN401 - whatever the baseline returned
    if held.error is not None:
        raise held.error
    return held.result


def _first_text(*args: Any, **_: Any) -> str | None:  # noqa: ANN401
    return args[0] if args and isinstance(args[0], str) else None
