-- What a workshop records. References are checked in the repository: DuckDB cannot update a row that a foreign key points to.

create table initiative (
    id text primary key,
    created_at timestamp not null,
    created_by text not null,
    created_team text not null
);

-- Every version of every entity; the highest version is the current one. `body` is null where the entity was removed.
create table record (
    initiative text not null,
    kind text not null,
    entity text not null,
    version bigint not null,
    position double precision not null,
    body text,
    event bigint not null,
    made_at timestamp not null,
    made_by text not null,
    team text not null,
    primary key (initiative, kind, entity, version)
);

-- Append-only: what was done, by whom, with the value before and after. `batch` is the first event of the same write.
create table event (
    id bigint primary key,
    batch bigint not null,
    initiative text not null,
    kind text not null,
    entity text not null,
    action text not null,
    version_before bigint not null,
    version_after bigint not null,
    body_before text,
    body_after text,
    made_at timestamp not null,
    made_by text not null,
    team text not null
);

-- Who takes part; the row of the latest event of a token counts.
create table member (
    token text not null,
    initiative text not null,
    name text not null,
    team text not null,
    role text not null,
    event bigint not null,
    made_at timestamp not null,
    primary key (token, event)
);

-- Catalogues and decision tables, which lie as files beside the database; the row of the latest event counts.
create table data_file (
    initiative text not null,
    which text not null,
    sha256 text not null,
    name text not null,
    suffix text not null,
    parquet boolean not null,
    row_count bigint not null,
    column_types text not null,
    event bigint not null,
    made_at timestamp not null,
    made_by text not null,
    team text not null,
    primary key (initiative, which, event)
);

-- What a person has typed and not yet submitted: private, no part of the record, so it has no history.
create table draft (
    initiative text not null,
    name text not null,
    team text not null,
    form text not null,
    body text,
    made_at timestamp not null,
    primary key (initiative, name, team, form)
);
