package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// catalogue is what the database says of itself. PostgreSQL prints types and arguments alike in all its versions;
// what it prints differently (expressions of checks and defaults) is left out, and so are partitions, which come and
// go.
type catalogue struct {
	Schemas   []schema
	Tables    []table
	Views     []view
	Functions []function
	Types     []enum
	Rules     []rule
	Settings  []setting
	Grants    []grant
}

type schema struct{ Name, Comment string }

type table struct {
	Name, Comment string
	Columns       []column
	Constraints   []constraint
	Triggers      []trigger
}

type column struct {
	Name     string
	Type     string
	Null     bool
	Key      bool
	Comment  string
	Parent   string // table that it refers to
	PersonBy bool   // says who did something: the diagram leaves it out, since nearly every table has one
}

type constraint struct{ Name, What string }

type trigger struct{ Name, Function string }

type view struct{ Name, Columns, Comment string }

type function struct{ Schema, Call, Result, Comment string }

type enum struct{ Name, Labels, Comment string }

type rule struct{ Name, State, Meaning, EnforcedBy, Message string }

type setting struct{ Name, Default, Allowed, Meaning string }

type grant struct{ Role, What string }

func read(ctx context.Context, conn *pgx.Conn) (*catalogue, error) {
	c := &catalogue{}
	for _, part := range []struct {
		sql  string
		into func(pgx.Rows) error
	}{
		{schemasSQL, collect(&c.Schemas)},
		{tablesSQL, collect(&c.Tables)},
		{viewsSQL, collect(&c.Views)},
		{functionsSQL, collect(&c.Functions)},
		{typesSQL, collect(&c.Types)},
		{rulesSQL, collect(&c.Rules)},
		{settingsSQL, collect(&c.Settings)},
		{grantsSQL, collect(&c.Grants)},
	} {
		rows, err := conn.Query(ctx, part.sql)
		if err == nil {
			err = part.into(rows)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the catalogue: %w", err)
		}
	}
	return c, nil
}

func collect[T any](into *[]T) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	}
}

const schemasSQL = `
select nspname::text, coalesce(obj_description(oid, 'pg_namespace'), '')
  from pg_namespace where nspname in ('gym', 'rules', 'api', 'wire', 'auth', 'river')
 order by array_position('{gym,rules,api,wire,auth,river}'::name[], nspname)`

// A table's parts come as JSON, which pgx reads into the structs.
const tablesSQL = `
select c.relname::text, coalesce(obj_description(c.oid, 'pg_class'), ''),
       (select coalesce(jsonb_agg(jsonb_build_object(
                 'Name', a.attname, 'Type', replace(replace(replace(format_type(a.atttypid, a.atttypmod), 'gym.', ''), 'timestamp with time zone', 'timestamptz'), 'time without time zone', 'time'), 'Null', not a.attnotnull,
                 'Key', exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)),
                 'Comment', coalesce(col_description(c.oid, a.attnum), ''), 'Parent', coalesce(f.parent, ''), 'PersonBy', a.attname ~ '_by$|^by_user$')
               order by a.attnum), '[]')
          from pg_attribute a
          left join lateral (select min(k.confrelid::regclass::text) as parent from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.conkey[1] = a.attnum) f on true
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
       (select coalesce(jsonb_agg(jsonb_build_object('Name', n.name, 'What', coalesce(n.comment, r.meaning, n.kind)) order by n.name), '[]')
          from (select k.conname::text as name, obj_description(k.oid, 'pg_constraint') as comment,
                       case k.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key to ' || k.confrelid::regclass when 'x' then 'exclusion' else 'check' end as kind
                  from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'x', 'c')
                union all
                select i.indexrelid::regclass::text, obj_description(i.indexrelid, 'pg_class'), case when i.indisunique then 'unique index' else 'index' end
                  from pg_index i where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))) n
          left join rules.catalogue r on r.rule = n.name),
       (select coalesce(jsonb_agg(jsonb_build_object('Name', t.tgname, 'Function', t.tgfoid::regproc) order by t.tgname), '[]')
          from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)
  from pg_class c
 where c.relnamespace = 'gym'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
 order by c.relname`

const viewsSQL = `
select c.oid::regclass::text, (select string_agg(a.attname, ', ' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
       coalesce(obj_description(c.oid, 'pg_class'), '')
  from pg_class c
 where c.relnamespace in ('api'::regnamespace, 'rules'::regnamespace, 'gym'::regnamespace) and c.relkind in ('v', 'm')
 order by c.relnamespace::regnamespace::text, c.relname`

const functionsSQL = `
select p.pronamespace::regnamespace::text, format('%I(%s)', p.proname, replace(replace(pg_get_function_identity_arguments(p.oid), 'timestamp with time zone', 'timestamptz'), 'time without time zone', 'time')), pg_get_function_result(p.oid),
       coalesce(obj_description(p.oid, 'pg_proc'), '')
  from pg_proc p
 where p.pronamespace in ('api'::regnamespace, 'rules'::regnamespace, 'wire'::regnamespace, 'auth'::regnamespace)
 order by 1, p.proname, 2`

const typesSQL = `
select t.typname::text, (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid), coalesce(obj_description(t.oid, 'pg_type'), '')
  from pg_type t where t.typnamespace = 'gym'::regnamespace and t.typtype = 'e' order by t.typname`

const rulesSQL = `select rule, sqlstate, meaning, enforced_by, message from rules.catalogue order by rule`

const settingsSQL = `select name, coalesce(default_value, ''), allowed, coalesce(meaning, '') from api.settings`

// A right on everything of a schema is said once.
const grantsSQL = `
with ours as (
  select n.nspname, 'schema' as kind, n.nspname::text as name, n.nspacl as acl, n.nspowner as owner from pg_namespace n
  union all
  select n.nspname, case c.relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end, format('%s.%s', n.nspname, c.relname), c.relacl, c.relowner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'v', 'p', 'S') and not c.relispartition
  union all
  select n.nspname, case when p.prosecdef then 'definer function' else 'function' end, n.nspname || '.' || p.proname,
         p.proacl, p.proowner
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  union all
  select n.nspname, format('columns of %s.%s:', n.nspname, c.relname), a.attname::text, a.attacl, c.relowner
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where a.attacl is not null and not c.relispartition
), granted as (
  select x.grantee::regrole::text as role, o.nspname, o.kind, x.privilege_type as privilege, o.name
    from ours o cross join lateral aclexplode(o.acl) x
   where o.nspname in ('gym', 'rules', 'api', 'wire', 'auth', 'river') and x.grantee <> o.owner and x.grantee <> 0
)
select role,
       case when kind = 'schema' then format('%s on schema %s', privilege, string_agg(name, ', ' order by name))
            when count(*) = (select count(*) from ours o where o.nspname = g.nspname and o.kind = g.kind) and count(*) > 1 and kind !~ '^columns'
              then format('%s on every %s of %s', privilege, kind, nspname)
            else format('%s on %s %s', privilege, kind, string_agg(distinct name, ', ' order by name)) end
  from granted g
 group by role, nspname, kind, privilege
 order by role, nspname, kind, privilege`
