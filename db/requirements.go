package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// EncodingError reports a database that can't hold what Energiya stores.
type EncodingError struct {
	Database, Encoding string
}

func (e *EncodingError) Error() string {
	return fmt.Sprintf("database %q has the encoding %s, and Energiya needs UTF8: make another database with "+
		"`createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 NAME` (macOS: --locale=en_US.UTF-8)",
		e.Database, e.Encoding)
}

// RolesError reports group roles that are missing and that the log-in may not create.
type RolesError struct {
	User    string
	Missing []string
	SQL     []string // the statements that mend it, for a superuser or an owner of CREATEROLE
}

func (e *RolesError) Error() string {
	roles, are := "the role ", " is"
	if len(e.Missing) > 1 {
		roles, are = "the roles ", " are"
	}
	return fmt.Sprintf("%s%s%s missing and %s may not create roles (nothing was changed): have a superuser run this, "+
		"then run energy migrate again:\n\n  %s\n", roles, listed(e.Missing), are, e.User, strings.Join(e.SQL, "\n  "))
}

// listed joins names as a sentence does: "a, b and c".
func listed(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// schemaVersion returns the number of the last migration in the database, 0 where there is none. Unlike tern's own
// question it makes nothing.
func schemaVersion(ctx context.Context, conn *pgx.Conn) (version int32, err error) {
	var there bool
	err = conn.QueryRow(ctx, "select pg_catalog.to_regclass($1) is not null", versionTable).Scan(&there)
	if err == nil && there {
		err = conn.QueryRow(ctx, "select coalesce(max(version), 0) from "+versionTable).Scan(&version)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the schema's version: %w", err)
	}
	return version, nil
}

// checkEncoding refuses an empty database of another encoding than UTF8. One that is in use goes on working as it did,
// and gets a note.
func checkEncoding(ctx context.Context, conn *pgx.Conn, empty bool, log func(string)) error {
	refused := new(EncodingError)
	err := conn.QueryRow(ctx, `
		select d.datname, pg_catalog.pg_encoding_to_char(d.encoding)
		  from pg_catalog.pg_database d where d.datname = current_database()`).Scan(&refused.Database, &refused.Encoding)
	switch {
	case err != nil:
		return fmt.Errorf("asking for the database's encoding: %w", err)
	case refused.Encoding == "UTF8":
		return nil
	case empty:
		return refused
	}
	log(fmt.Sprintf("note: %v, and move the data there (pg_dump, pg_restore)", refused))
	return nil
}

// sqlRoles tells of each group role whether it is there, and whether the log-in may become it. From PostgreSQL 16 on, a
// role's maker is a member who may grant the role, but may not become it.
const sqlRoles = `
	select r.name,
	       p.oid is not null as there,
	       coalesce(pg_catalog.pg_has_role(me.oid, p.oid,
	         case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end), false) as member,
	       pg_catalog.format('create role %I nologin;', r.name) as creates,
	       pg_catalog.format('grant %I to %I%s;', r.name, me.rolname,
	         case when r.name = $2 and current_setting('server_version_num')::integer >= 160000
	              then ' with inherit false, set true' end) as grants,
	       me.rolname as me,
	       me.rolsuper or me.rolcreaterole as may_create
	  from unnest($1::text[]) with ordinality r (name, place)
	  join pg_catalog.pg_roles me on me.rolname = current_user
	  left join pg_catalog.pg_roles p on p.rolname = r.name
	 order by r.place`

// ensureRoles refuses where group roles are missing that the log-in may not create. In a database with tables it
// makes those that it may: roles belong to the whole cluster, and a dump restored into another cluster comes without
// them. In an empty database the first migration makes them.
func ensureRoles(ctx context.Context, conn *pgx.Conn, roles Roles, empty bool, log func(string)) error {
	rows, err := conn.Query(ctx, sqlRoles, roles.names(), roles.Keeper)
	if err != nil {
		return fmt.Errorf("looking for the group roles: %w", err)
	}
	type role struct {
		Name                string
		There, Member       bool
		Creates, Grants, Me string
		MayCreate           bool
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[role])
	if err != nil {
		return fmt.Errorf("looking for the group roles: %w", err)
	}

	// A log-in that may create no roles learns at once which are missing, before anything is changed.
	refused := new(RolesError)
	for _, r := range found {
		if !r.There && !r.MayCreate {
			refused.User = r.Me
			refused.Missing = append(refused.Missing, r.Name)
			refused.SQL = append(refused.SQL, r.Creates)
		}
	}
	if len(refused.Missing) > 0 {
		// The first migration asks for membership of each. energy serve needs its own where it logs in as the owner.
		for _, r := range found {
			if !r.Member {
				refused.SQL = append(refused.SQL, r.Grants)
			}
		}
		return refused
	}
	if empty {
		return nil
	}

	// Another database of the cluster may make the same role at this very moment.
	for _, r := range found {
		if r.There {
			continue
		}
		if _, err := conn.Exec(ctx, r.Creates); err != nil &&
			!isCode(err, pgerrcode.DuplicateObject, pgerrcode.UniqueViolation) {
			return fmt.Errorf("making the role %s: %w", r.Name, err)
		}
		log("roles: made " + r.Name)
	}

	// The owner becomes a member of the server's role and of the keeper's where he may see to it himself, and else
	// asks for it.
	for _, r := range found {
		if r.Name != roles.Server && r.Name != roles.Keeper || r.Member {
			continue
		}
		_, err := conn.Exec(ctx, r.Grants)
		switch {
		case isCode(err, pgerrcode.InsufficientPrivilege):
			unable := fmt.Sprintf("energy serve can't log in as %s", r.Me)
			if r.Name == roles.Keeper {
				unable = "the functions can't be installed as they must"
			}
			log(
				fmt.Sprintf(
					"note: %s may not become %s, so %s: have a superuser run: %s",
					r.Me,
					r.Name,
					unable,
					r.Grants,
				),
			)
		case err != nil:
			return fmt.Errorf("becoming a member of %s: %w", r.Name, err)
		}
	}
	return nil
}

func isCode(err error, codes ...string) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	for _, code := range codes {
		if pgErr.Code == code {
			return true
		}
	}
	return false
}

// sqlWithoutRights lists the group roles that may use no schema of ours: they were made after the functions were
// installed. The role of old auth servers has no rights on purpose once legacy_hid is off.
const sqlWithoutRights = `
	select r.rolname
	  from pg_catalog.pg_roles r
	 where r.rolname = any ($1)
	   and (r.rolname <> $2 or (select c.legacy_hid from gym.settings c))
	   and not exists (
	     select from pg_catalog.pg_namespace n
	      where n.nspname not like 'pg\_%' and n.nspname not in ('information_schema', 'public')
	        and pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage'))
	 order by r.rolname`

// withoutRights returns the group roles that the package of functions granted nothing.
func withoutRights(ctx context.Context, conn *pgx.Conn, roles Roles) ([]string, error) {
	rows, err := conn.Query(ctx, sqlWithoutRights, roles.names(), roles.Auth)
	if err != nil {
		return nil, fmt.Errorf("looking at the rights of the group roles: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("looking at the rights of the group roles: %w", err)
	}
	return names, nil
}
