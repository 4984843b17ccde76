"""The store's SQL, one constant per purpose, in the part of DuckDB's dialect that PostgreSQL shares."""

from __future__ import annotations

CREATE_MIGRATIONS = """
create table if not exists migration (
    number integer primary key,
    name text not null,
    applied_at timestamp not null
)
"""

APPLIED_MIGRATIONS = "select number, name from migration order by number"

RECORD_MIGRATION = "insert into migration (number, name, applied_at) values (?, ?, ?)"

LAST_EVENT_ID = "select coalesce(max(id), 0) from event"

ADD_INITIATIVE = "insert into initiative (id, created_at, created_by, created_team) values (?, ?, ?, ?)"

INITIATIVE = "select created_at, created_by from initiative where id = ?"

INITIATIVE_IDS = "select id from initiative order by created_at, id"

ADD_RECORD = """
insert into record (initiative, kind, entity, version, position, body, event, made_at, made_by, team)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

ADD_RECORDS = """
insert into record (initiative, kind, entity, version, position, body, event, made_at, made_by, team)
select
    unnest(cast(? as text[])), unnest(cast(? as text[])), unnest(cast(? as text[])), unnest(cast(? as bigint[])),
    unnest(cast(? as double precision[])), unnest(cast(? as text[])), unnest(cast(? as bigint[])),
    unnest(cast(? as timestamp[])), unnest(cast(? as text[])), unnest(cast(? as text[]))
"""

CURRENT_RECORDS = """
select distinct on (kind, entity)
    kind, entity, version, position, body, event, made_at, made_by, team
from record
where initiative = ?
order by kind, entity, version desc
"""

ADD_EVENT = """
insert into event (
    id, batch, initiative, kind, entity, action, version_before, version_after, body_before, body_after,
    made_at, made_by, team
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

ADD_EVENTS = """
insert into event (
    id, batch, initiative, kind, entity, action, version_before, version_after, body_before, body_after,
    made_at, made_by, team
)
select
    unnest(cast(? as bigint[])), unnest(cast(? as bigint[])), unnest(cast(? as text[])), unnest(cast(? as text[])),
    unnest(cast(? as text[])), unnest(cast(? as text[])), unnest(cast(? as bigint[])), unnest(cast(? as bigint[])),
    unnest(cast(? as text[])), unnest(cast(? as text[])), unnest(cast(? as timestamp[])), unnest(cast(? as text[])),
    unnest(cast(? as text[]))
"""

_EVENT_COLUMNS = """
select
    id, batch, initiative, kind, entity, action, version_before, version_after, body_before, body_after,
    made_at, made_by, team
from event
"""

EVENT = _EVENT_COLUMNS + "where id = ?"

EVENTS = _EVENT_COLUMNS + """
where initiative = ?
    and id > ?
    and made_at >= ?
    and (cast(? as text) is null or kind = ?)
    and (cast(? as text) is null or entity = ?)
    and (cast(? as text) is null or action = ?)
order by id desc
limit ?
"""

LAST_EVENTS = """
select distinct on (initiative)
    id, batch, initiative, kind, entity, action, version_before, version_after, body_before, body_after,
    made_at, made_by, team
from event
order by initiative, id desc
"""

LAST_EVENT_OF = "select coalesce(max(id), 0) from event where initiative = ?"

ADD_MEMBER = """
insert into member (token, initiative, name, team, role, event, made_at) values (?, ?, ?, ?, ?, ?, ?)
"""

MEMBERS = """
select distinct on (token) token, name, team, role, made_at, min(made_at) over (partition by token) as joined_at
from member
where initiative = ?
order by token, event desc
"""

INITIATIVE_OF_TOKEN = "select initiative from member where token = ? limit 1"

ADD_DATA_FILE = """
insert into data_file (
    initiative, which, sha256, name, suffix, parquet, row_count, column_types, event, made_at, made_by, team
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

DATA_FILES = """
select distinct on (which) which, sha256, name, suffix, parquet, row_count, column_types, made_at, made_by, team
from data_file
where initiative = ?
order by which, event desc
"""

SAVE_DRAFT = """
insert into draft (initiative, name, team, form, body, made_at)
values (?, ?, ?, ?, ?, ?)
on conflict (initiative, name, team, form) do update set body = excluded.body, made_at = excluded.made_at
"""

DRAFT = "select body from draft where initiative = ? and name = ? and team = ? and form = ?"
