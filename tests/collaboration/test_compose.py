"""Configurations of a grid: whatever the overrides, they are the ones that Hydra composes one by one."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from breakeven.runner.config.files import conf_folder
from breakeven.runner.engines import KINDS
from breakeven.runner.hydra_app import compose
from breakeven.runner.hydra_app.compose import (
    HYDRA_BASE,
    Composer,
    plain_config,
    without_hydra,
)
from breakeven.runner.hydra_app.grid import expand
from breakeven.runner.hydra_app.kept_files import reading_once
from breakeven.runner.planning.plan import make_plan
from breakeven.runner.planning.request import Origin, Request


@dataclass(frozen=True)
class Grid:
    """A loader, what it composed for a sweep as a whole, and how the cells of it are composed either way."""

    loader: ConfigLoader
    master: DictConfig = field(repr=False)

    def by_hydra(self, job: Sequence[str], number: int) -> Any:
        """Compose one cell as Hydra does: its configuration and choices with their types, or its refusal."""

        def composed() -> Any:
            config = self.loader.load_sweep_config(self.master, list(job))
            config.hydra.job.num = number
            HydraConfig.instance().set_config(config)
            choices = {
                group: choice
                for group, choice in config.hydra.runtime.choices.items()
                if not group.startswith("hydra/")
            }
            return plain_config(without_hydra(config)), choices

        return outcome(composed)

    def check(self, jobs: Sequence[Sequence[str]]) -> None:
        """Compare every cell, twice with one composer: as it is composed first, and from what is kept."""
        composer = Composer(kept(self.loader), self.master)
        theirs = [self.by_hydra(job, number) for number, job in enumerate(jobs)]
        for number, job in [*enumerate(jobs), *enumerate(jobs)]:
            assert ours(composer, job, number) == theirs[number]


@cache
def kept(loader: ConfigLoader) -> ConfigLoader:
    """Return what composers read with, each file once for all tests: none changes here. Hydra reads them each time."""
    return reading_once(loader)


def ours(composer: Composer, job: Sequence[str], number: int = 0) -> Any:
    """Compose one cell with ``composer``: its configuration and choices with their types, or the refusal."""

    def composed() -> Any:
        (request,) = composer.compose_all([job], number)
        return request.plain, dict(request.choices)

    return outcome(composed)


def outcome(made: Callable[[], Any]) -> Any:
    """Return what is made with the types of all its parts, or the type and the text of what is raised."""
    try:
        return typed(made())
    except RecursionError as error:
        return type(error)  # its text tells how deep the caller was
    except Exception as error:  # noqa: BLE001  # whatever Hydra raises is compared
        return type(error), "a circle" if "RecursionError" in str(error) else str(error)


def typed(value: Any) -> Any:
    """Write a value so that 1, 1.0 and True differ, nan equals itself, and the order of keys counts."""
    if isinstance(value, dict):
        return [(typed(key), typed(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [typed(item) for item in value]
    return type(value), repr(value)


# --- the configuration of the application ----------------------------------------------------------------


@pytest.fixture(scope="module")
def grid() -> Iterator[Grid]:
    """Provide Hydra's own loader for conf/."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), **HYDRA_BASE):
        loader = GlobalHydra.instance().config_loader()
        yield Grid(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))


KEYS = st.sampled_from(
    [
        *("workers", "payload", "payload_out", "task", "label", "sweep", "rounds", "measure.rel_ci"),
        *("measure.max_time", "limits.memory", "model.start_method", "model.name", "interpreter.path"),
        *("workload.args", "workload.kwargs", "workload.kwargs.n", "workload.target", "measure", "model"),
        *("nowhere", "measure.nowhere", "workers.below", "extra.deep.er", "extra", "a-b"),
    ]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=8)
QUOTED = st.builds(lambda text, quote: quote + text.replace(quote, "") + quote, TEXTS, st.sampled_from("'\""))
SCALARS = st.one_of(
    st.integers(-3, 3).map(str),
    st.floats().map(str),
    st.sampled_from(
        [
            *("1", "1.0", "true", "True", "null", "1e3", "0x10", "1_000", "nan", "-0.0", "on", "1KiB", "a b"),
            *("'null'", "'1'", "''", '"a,b"', "'ü €'", "überall", "a=b", "???", "'what???'", r"'\\???'", ""),
            *("/a/b.c", "str(1)", "int('7')", "python3.13"),
        ]
    ),
    QUOTED,
)
INTERPOLATIONS = st.sampled_from(
    [
        *("${payload}", "${task}", "${measure.rel_ci}", "${model.start_method}", "${label}", "${measure}"),
        *(
            "${workload.args}",
            "${nowhere}",
            "${measure.nowhere}",
            "${.task}",
            "${..task}",
            "${workers.below}",
        ),
        *("'${model.name}-${workers}'", "${oc.env:HOME}", "${oc.env:NOT_THERE}", "${oc.select:task,1}"),
        *(
            "${hydra:job.num}",
            "'${ hydra:job.num }'",
            "${hydra.job.num}",
            "'${oc.decode:\"${hydra:job.num}\"}'",
        ),
        *(r"'\${task}'", "'${'", "'${}'", "'$${task}'", "${now:%Y}", "${null}", "'${ task }'", "${[task]}"),
    ]
)
CONTAINERS = st.sampled_from(
    [
        *("[]", "[1,1.0,true,null,'a b']", "[${task},[x]]", "{}", "{n: 1}", "{n: {m: null}, o: [1.5]}"),
        *("{name: sleep}", "{warmup: ${rounds}}", "[{a: ${hydra:job.num}}]", "{1: a, true: b}", "[???]"),
    ]
)
VALUES = st.one_of(SCALARS, INTERPOLATIONS, CONTAINERS)
PREFIXES = st.sampled_from(["", "", "", "", "+", "++", "~"])
KNOBS = st.builds(
    lambda prefix, key, value: f"{prefix}{key}={value}" if value else f"{prefix}{key}", PREFIXES, KEYS, VALUES
)
GROUPS = st.sampled_from(
    [
        *(
            "model=thread",
            "model=mp_pool",
            "workload=function",
            "workload=sleep",
            "pattern=window",
            "ipc=queue",
        ),
        *(
            "+experiment=tour",
            "+experiment=gil",
            "experiment=gil",
            "+workload@extra=spin",
            "workload@extra=spin",
        ),
        *("workload@_global_=sleep", "workload@measure=sleep", "+workload@measure.deep=sleep", "task@pkg=1"),
        *(
            "~engine",
            "~engine=local",
            "~engine=debug",
            "++model=thread",
            "model=nope",
            "model=3",
            "model=null",
        ),
        *(
            "model=[thread,process]",
            "+workload@more=[spin,sleep]",
            "model={name: x}",
            "interpreter=python3.13t",
        ),
        *("hydra.job.name=x", "hydra/help=default", "+hydra.more=1", "workers=1,2", "model=thread,process"),
        *(
            "+model=thread",
            "~model.start_method",
            "~workers=2",
            "~workers=3",
            "nogroup/x=1",
            "=",
            "a==b",
            "+",
        ),
    ]
)
JOBS = st.lists(st.lists(st.one_of(KNOBS, KNOBS, GROUPS), max_size=5), min_size=1, max_size=2)


@settings(max_examples=25)
@given(jobs=JOBS)
def test_composition_is_hydras_own(grid: Grid, jobs: list[list[str]]) -> None:
    """Whatever the overrides and their order, configuration, types and choices are Hydra's; so is a refusal."""
    grid.check(jobs)


@settings(max_examples=15)
@given(
    axes=st.lists(st.tuples(KEYS, st.lists(SCALARS, min_size=1, max_size=3)), max_size=3),
    groups=st.lists(GROUPS, max_size=2),
)
def test_grids_of_knobs_are_hydras_own(
    grid: Grid, axes: list[tuple[str, list[str]]], groups: list[str]
) -> None:
    """Cells that share a composition do not share what is set in one of them."""
    jobs = [[*groups, *(f"{key}={values[turn % len(values)]}" for key, values in axes)] for turn in range(3)]
    grid.check(jobs)


@pytest.mark.parametrize(
    "job",
    [
        ["workers=1", "workers=2"],
        ["payload=${payload_out}", "payload_out=3B"],
        ["payload=${payload_out}"],
        ["label=${null}"],
        ["label=${true}"],
        ["workload=function", "workload.args=5", "label=${workload.args}"],
        ["workload=function", "label=${workload.args}"],
        ["workload=function", "workload.args=[1,2]", "+workload.kwargs.n=3", "++workload.kwargs.n=4"],
        ["workload=function", "workload.args=[1,2]", "+workload.args=[3]"],
        ["+workers=3"],
        ["+label=3"],
        ["label=''", "interpreter.path='3.13'"],
        ["model.start_method=spawn", "model=process_pool"],
        ["model.start_method=spawn", "model=thread"],
        ["model.start_method=spawn", "model=serial"],
        ["label=1", "~label", "+label=2"],
        ["+experiment=null_test", "task=1ms", "~engine"],
    ],
    ids=" ".join,
)
def test_chosen_cells_are_hydras_own(grid: Grid, job: list[str]) -> None:
    """What is easy to get wrong: order, circles, names like constants, lists, knobs of a group's member."""
    grid.check([job])


def test_composition_asks_hydra_once_for_a_combination_of_groups(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred cells that differ in knobs alone cost two compositions for two models."""
    composer = Composer(grid.loader, grid.master)
    asked = counted(composer, monkeypatch)
    jobs = expand(["model=thread,process", "workers=range(1,51)"], {}, [])
    requests = composer.compose_all(jobs)
    assert (len(requests), len(asked)) == (100, 2)
    assert requests[99].plain["workers"] == 50
    assert requests[99].plain["model"]["name"] == "process"
    assert requests[99].choices["model"] == "process"


def test_choices_are_those_of_the_application(grid: Grid) -> None:
    """Each group has the name that Hydra gives it, with its package, and Hydra's own groups are left out."""
    (request,) = Composer(grid.loader, grid.master).compose_all([["+workload@extra=sleep", "~engine"]])
    assert request.choices == {
        "workload": "spin",
        "workload@extra": "sleep",
        "model": "process",
        "ipc": "auto",
        "pattern": "map",
        "interpreter": "current",
        "preset": "default",
    }


def test_choices_of_a_request_made_by_hand_are_none() -> None:
    """Whoever makes a request of a configuration alone need not know of groups."""
    assert Request({}, ()).choices == {}


def test_planning_changes_no_configuration(grid: Grid, tmp_path: Path) -> None:
    """A plan is made of requests that stay as they were composed."""
    jobs = expand(["workload=spin,function", "workload.target=json:dumps", "model=thread"], {}, [])[:1]
    jobs += expand(["model=thread,process", "workers=1,2", "measure.rel_ci=0.1"], {}, [])
    requests = Composer(grid.loader, grid.master).compose_all(jobs[1:])
    before = copy.deepcopy([request.plain for request in requests])
    make_plan(requests, Origin(tmp_path, datetime.now(tz=UTC)), KINDS)
    assert [request.plain for request in requests] == before


def counted(composer: Composer, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Let the overrides of every composition be noted."""
    asked: list[list[str]] = []
    original = composer.loader.load_sweep_config

    def counting(config: DictConfig, overrides: list[str]) -> DictConfig:
        asked.append(overrides)
        return original(config, overrides)

    monkeypatch.setattr(composer.loader, "load_sweep_config", counting)
    return asked


# --- configurations of other kinds -----------------------------------------------------------------------


class Colour(Enum):
    """A type that a text is converted to."""

    RED = 1
    BLUE = 2


@dataclass
class Server:
    """Knobs with types."""

    port: int = 80
    host: str = "here"
    ratio: float = 0.5
    on: bool = False
    colour: Colour = Colour.RED
    anything: Any = 1
    perhaps: int | None = None
    ports: list[int] = field(default_factory=lambda: [1])
    by_name: dict[str, int] = field(default_factory=lambda: {"a": 1})


@dataclass(frozen=True)
class Locked:
    """Knobs that may not be set."""

    port: Any = 80


def made_here() -> type:
    """Make a class that cannot be imported by name."""

    @dataclass
    class Here:
        port: int = 80

    return Here


FILES = {
    "plain": """
        defaults: [_self_, db: mysql, optional more: nothing, nested/inner: one, db@second: sqlite]
        count: 1
        ratio: 1.0
        flag: true
        text: ${db.host}
        twice: ${text}
        deep: {er: {x: "${count}", y: null}}
        listed: [1, {a: 2.0}]
    """,
    "overridden": "{defaults: [plain, override db: sqlite, override nested/inner: two, _self_], count: 3}",
    "typed": "{defaults: [server: tests_schema, _self_], count: 1, seen: '${server.port}'}",
    "locked": "{defaults: [server: tests_locked, _self_], count: 1}",
    "local": "{defaults: [server: tests_local, _self_], count: 1}",
    "flagged": "{defaults: [server: tests_flagged, _self_], count: 1}",
    "required": "{count: 1, must: '???', also: '${must}', within: {must: '???'}}",
    "listed": "{count: 1, items: [1, '${count}', '???']}",
    "relative": "{count: 1, near: '${.count}', deep: {up: '${..count}', own: '${.up}'}}",
    "joined": "{count: 1, text: 'n=${count}', list: ['${count}'], brackets: '${deep[x]}', deep: {x: 1}}",
    "mapping": "{count: 1, deep: {x: '${count}'}, same: '${deep}', into: '${same.x}'}",
    "circle": "{count: 1, a: '${b}', b: '${a}'}",
    "environment": "{count: 1, home: '${oc.env:HOME}'}",
    "own": "{count: 1, number: '${hydra:job.num}'}",
    "spaced": "{count: 1, number: '${ hydra:job.num }'}",
    "resolver": "{count: 1, number: '${tests_number:}'}",
    "keys": "{count: 1, a.b: 1, a: {b: 2}, 1: x, true: y, sub: {1: x}, a b: 3}",
    "scalars": "{count: 1, when: 2020-01-01, big: 1_000, oct: 0o17, inf: .inf, none: ~, 'on': 'on', bin: 'é'}",
    "folder": "{count: 1, empty: 2, only: 3}",
    "db/mysql": "{host: here, port: 3306}",
    "db/sqlite": "{defaults: [base, _self_], host: there}",
    "db/base": "{port: 1, opened: '${count}', placed: '${db.host}'}",
    "db/placed": "# @package other.place\nhost: placed\nport: 7",
    "db/global": "# @package _global_\ncount: 9\ndb: {host: global}",
    "nested/inner/one": "{one: 1}",
    "nested/inner/two": "{defaults: [/db@inside: mysql], two: 2}",
    "trial/a": "# @package _global_\ndefaults: [override /db: sqlite]\ncount: 5\ndeep: {er: {x: 6}}",
    "only/sub/file": "{x: 1}",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfigLoader]:
    """Provide Hydra's loader for a folder of configurations of every kind."""
    base = tmp_path_factory.mktemp("conf")
    for name, text in FILES.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / f"{name}.yaml").write_text(text)
    (base / "empty").mkdir()
    store = ConfigStore.instance()
    before = copy.deepcopy(store.repo)
    store.store(group="server", name="tests_schema", node=Server)
    store.store(group="server", name="tests_locked", node=Locked)
    flagged = OmegaConf.create({"port": 80, "other": {"x": 1}}, flags={"readonly": True})
    store.store(group="server", name="tests_flagged", node=flagged)
    store.store(group="server", name="tests_local", node=made_here())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from OmegaConf 2.4 on it has another name
        OmegaConf.register_new_resolver("tests_number", lambda: HydraConfig.get().job.num)
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(base), **HYDRA_BASE):
        yield GlobalHydra.instance().config_loader()
    OmegaConf.clear_resolver("tests_number")
    store.repo = before


@cache
def swept(folder: ConfigLoader, name: str) -> Grid:
    """Return the grid of one of the configurations."""
    return Grid(folder, folder.load_configuration(name, [], RunMode.MULTIRUN))


COPY, HYDRA = "set by OmegaConf on a copy", "composed by Hydra"


@pytest.mark.parametrize(
    ("name", "overrides", "way"),
    [
        ("plain", "count=2", COPY),
        ("plain", "count=2.0 flag=1 ratio=1", COPY),
        ("plain", "deep.er.x=null db.port=true second.host='a b'", COPY),
        ("plain", "text=${deep.er.x} deep.er.x=4", COPY),
        ("plain", "text=${deep.er.y}", COPY),
        ("plain", "db=sqlite db.port=5 db.host=x", COPY),
        ("plain", "db=placed count=2", HYDRA),  # ${db.host} leads nowhere
        ("plain", "db=placed text=x second.placed=y count=2", COPY),
        ("plain", "db=global count=2", COPY),
        ("plain", "+trial=a count=2", COPY),
        ("plain", "db@second=mysql nested/inner=two count=2", COPY),
        ("plain", "+db@third=mysql third.port=1", COPY),
        ("plain", "~nested/inner count=2", COPY),
        ("plain", "listed=[1]", COPY),
        ("plain", "listed=1", COPY),
        ("plain", "text=${listed}", COPY),
        ("plain", "text=${deep}", COPY),
        ("plain", "text='${count} of ${db.port}'", COPY),
        ("plain", "text=${.count}", COPY),
        ("plain", "text=${oc.env:HOME}", COPY),
        ("plain", "deep={er: 1}", COPY),
        ("plain", "+deep.more=1 count=2", COPY),
        ("plain", "++deep.more=1 ++count=2", COPY),
        ("plain", "+listed=[2]", COPY),
        ("plain", "deep.er.x.y=1", HYDRA),
        ("plain", "+count=1", HYDRA),
        ("plain", "~count", HYDRA),
        ("plain", "count=???", HYDRA),
        ("plain", "text=${twice}", HYDRA),
        ("plain", "text=${hydra:job.num}", HYDRA),
        ("plain", "text=${hydra.job.num}", HYDRA),
        ("plain", "text=${tests_number:}", HYDRA),
        ("plain", "text=${oc.select:count}", HYDRA),
        ("plain", "count@x=1", HYDRA),
        ("plain", "db={host: x}", HYDRA),
        ("plain", "db=nope count=2", HYDRA),
        ("overridden", "count=2 db.port=3 inner.two=3", HYDRA),
        ("overridden", "count=2 db.port=3 nested.inner.two=3", COPY),
        ("typed", "count=2", COPY),
        ("typed", "server.port='81' server.colour=BLUE server.on=yes server.ratio=1", COPY),
        ("typed", "server.ports=[2,'3'] server.perhaps=null server.anything=[x]", COPY),
        ("typed", "+server.by_name.b=2 server.by_name.a=3", COPY),
        ("typed", "server.port=many", HYDRA),
        ("typed", "server.host=null", HYDRA),
        ("typed", "server.by_name.a=x", HYDRA),
        ("typed", "+server.more=1", COPY),
        ("locked", "count=2", COPY),
        ("locked", "server.port=1", HYDRA),
        ("local", "count=2 server.port='81'", HYDRA),
        ("flagged", "count=2", COPY),
        ("flagged", "server.other.x=1", HYDRA),
        ("required", "must=1 within.must=2", COPY),
        ("required", "must=null within.must=${count}", COPY),
        ("required", "must=1", HYDRA),
        ("listed", "count=2", HYDRA),
        ("listed", "items=[1]", COPY),
        ("relative", "count=2", COPY),
        ("joined", "count=2", COPY),
        ("mapping", "count=2", COPY),
        ("mapping", "deep.x=2", COPY),
        ("circle", "count=2", HYDRA),
        ("circle", "a=2", COPY),
        ("environment", "count=2", COPY),
        ("own", "count=2", HYDRA),
        ("own", "number=2", HYDRA),
        ("spaced", "count=2", HYDRA),
        ("resolver", "count=2", HYDRA),
        ("keys", "count=2", COPY),
        ("keys", "a.b=3", COPY),
        ("scalars", "count=2 big=1 inf=nan none=0 bin='ü'", COPY),
        ("folder", "count=2", COPY),
        ("folder", "empty=3", HYDRA),
        ("folder", "only=3", HYDRA),
    ],
)
def test_each_way_is_taken_where_it_gives_what_hydra_gives(
    folder: ConfigLoader, monkeypatch: pytest.MonkeyPatch, name: str, overrides: str, way: str
) -> None:
    """The quick ways are taken where they are certain, and nowhere else; all give the same."""
    grid = swept(folder, name)
    job = split(overrides)
    theirs = grid.by_hydra(job, 0)
    composer = Composer(kept(grid.loader), grid.master)
    assert ours(composer, job) == theirs
    asked, updates = counted(composer, monkeypatch), noted_updates(monkeypatch)
    assert ours(composer, job) == theirs
    assert bool(updates) or bool(asked)
    taken = HYDRA if asked else COPY
    assert taken == way


def split(overrides: str) -> list[str]:
    """Split where a blank is followed by an override, not within a value."""
    jobs: list[str] = []
    for word in overrides.split(" "):
        if "=" in word or word.startswith("~"):
            jobs.append(word)
        else:
            jobs[-1] += f" {word}"
    return jobs


def noted_updates(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what OmegaConf sets on copies."""
    updates: list[str] = []
    original = compose._update

    def noting(config: DictConfig, change: Any) -> bool:
        updates.append(change.key)
        return original(config, change)

    monkeypatch.setattr(compose, "_update", noting)
    return updates


FOLDER_JOBS = st.lists(
    st.lists(
        st.builds(
            lambda prefix, key, value: f"{prefix}{key}={value}",
            PREFIXES,
            st.sampled_from(
                [
                    *(
                        "count",
                        "text",
                        "deep.er.x",
                        "deep.er",
                        "db.port",
                        "db.host",
                        "listed",
                        "must",
                        "server.port",
                    ),
                    *(
                        "server.host",
                        "server.ratio",
                        "server.on",
                        "server.colour",
                        "server.ports",
                        "a",
                        "b",
                        "near",
                    ),
                    *(
                        "server.by_name.b",
                        "server.anything",
                        "db",
                        "nested/inner",
                        "db@second",
                        "same.x",
                        "items.0",
                    ),
                ]
            ),
            st.one_of(
                SCALARS,
                CONTAINERS,
                st.sampled_from(
                    [
                        "mysql",
                        "sqlite",
                        "placed",
                        "global",
                        "${count}",
                        "${a}",
                        "${..count}",
                        "${db}",
                        "x${b}",
                    ]
                ),
            ),
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=2,
)


@settings(max_examples=25)
@given(name=st.sampled_from([name for name in FILES if "/" not in name]), jobs=FOLDER_JOBS)
def test_other_configurations_are_hydras_own(folder: ConfigLoader, name: str, jobs: list[list[str]]) -> None:
    """Types, locks, values to be given, resolvers and packages come out as Hydra composes them."""
    swept(folder, name).check(jobs)
