"""An event loop that keeps ticks while it hands out tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from time import perf_counter_ns
from typing import Any

from ..ticker import Ticker

Results = list[tuple[int, Any]]


async def beside(mapping: Coroutine[Any, Any, Results], ticker: Ticker) -> Results:
    """Await the results of ``mapping`` while another task of the loop keeps the ticks."""
    keeping = asyncio.ensure_future(_keep(ticker))
    try:
        results = await mapping
        await keeping
    finally:
        keeping.cancel()
    return results


async def _keep(ticker: Ticker) -> None:
    while not ticker.over:
        await asyncio.sleep(ticker.wait_s)
        ticker.serve(perf_counter_ns())
