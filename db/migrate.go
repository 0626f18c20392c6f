package db

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/tern/v2/migrate"
)

// versionTable is tern's own default, so that its command line finds it.
const versionTable = "public.schema_version"

// migrateLock keeps migrations of one database apart, the check which package is installed included.
// tern's own lock is held for each step only.
const migrateLock int64 = 5_010_2026

// Options say how Migrate works.
type Options struct {
	Files fs.FS             // the SQL; nil: what the program brings
	Roles Roles             // names of the group roles
	Force bool              // install the package over other people's objects, and where it is installed already
	Log   func(line string) // told of each thing done
}

// Migrate brings the database to the version of the files: migrations, the secrets, the package of functions. It is
// safe to call from several programs at once, and does nothing where all is done. What is newer in the database than
// in the files stays as it is: that is no error, since an old server may start in the middle of an upgrade.
func Migrate(ctx context.Context, config *pgx.ConnConfig, o Options) error {
	if o.Files == nil {
		o.Files = Files()
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	config = config.Copy()
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		// what our SQL raises, not PostgreSQL's own remarks about things dropped
		if n.Routine == "exec_stmt_raise" {
			o.Log("note: " + n.Message)
		}
	}
	// Our files are written for these two, whatever the server or the role has. Not by SET, as below.
	config.RuntimeParams["standard_conforming_strings"] = "on"
	config.RuntimeParams["quote_all_identifiers"] = "off"
	if _, set := config.RuntimeParams["lock_timeout"]; !set {
		// A long report holds its tables: give up soon and come back, rather than stand in the queue with all others
		// waiting behind. Not by SET: tern resets what was set.
		config.RuntimeParams["lock_timeout"] = "2s"
	}
	conn, err := Connect(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	if err := lock(ctx, conn, o.Log); err != nil {
		return err
	}
	// now, and not when PostgreSQL has noticed that the connection is closed: the next energy migrate need not wait
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", migrateLock) }()
	if err := checkRequirements(ctx, conn, o); err != nil {
		return err
	}
	before, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	newer, err := migrateSchema(ctx, conn, o)
	if err != nil || newer {
		return err
	}
	if err := makeSecrets(ctx, conn, o.Log); err != nil {
		return err
	}
	if err := installPackage(ctx, conn, o); err != nil {
		return err
	}
	if err := recordParts(ctx, conn, before); err != nil {
		return err
	}
	if err := retry(ctx, o.Log, func() error { return settleDatabase(ctx, conn, o.Log) }); err != nil {
		return err
	}
	return retry(ctx, o.Log, func() error { return limitRoles(ctx, conn, o.Log) })
}

// recordParts notes anew of what the rules consist where tables were migrated under a package that stayed, and where
// another major version of PostgreSQL runs, which writes some definitions otherwise. before: the schema's version
// before.
func recordParts(ctx context.Context, conn *pgx.Conn, before int32) error {
	after, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `
		select rules.record_parts() from gym.code_package c
		 where $1 or c.major is distinct from current_setting('server_version_num')::integer / 10000`, before != after)
	if err != nil {
		return fmt.Errorf("recording the parts of the package: %w", err)
	}
	return nil
}

// limitRoles sets the limits that log-ins of the group roles lack, and prints the statements that it may not run.
func limitRoles(ctx context.Context, conn *pgx.Conn, log func(string)) error {
	rows, err := conn.Query(ctx, "select statement from rules.role_limits()")
	if err != nil {
		return fmt.Errorf("looking at the limits of the log-ins: %w", err)
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("looking at the limits of the log-ins: %w", err)
	}
	for _, statement := range statements {
		_, err := conn.Exec(ctx, statement)
		switch {
		case isCode(err, pgerrcode.InsufficientPrivilege):
			log("note: have a superuser run: " + statement + ";")
		case isCode(err, pgerrcode.UndefinedObject):
			// The log-in was dropped meanwhile.
		case err != nil:
			return fmt.Errorf("limiting a log-in: %w", err)
		default:
			log("roles: " + statement)
		}
	}
	return nil
}

// settleDatabase corrects what is set on the database itself, which a restore under another name loses. The package
// does so when it is installed; this is for a database that has it already.
func settleDatabase(ctx context.Context, conn *pgx.Conn, log func(string)) error {
	rows, err := conn.Query(ctx, "select rules.settle_database()")
	if err != nil {
		return fmt.Errorf("correcting the settings of the database: %w", err)
	}
	faults, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("correcting the settings of the database: %w", err)
	}
	for _, fault := range faults {
		log("database: corrected: " + fault)
	}
	return nil
}

// lock waits by asking again: a session that waits inside PostgreSQL would hold up whatever must see all older ones
// end.
func lock(ctx context.Context, conn *pgx.Conn, log func(string)) error {
	for waited := false; ; waited = true {
		var got bool
		if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", migrateLock).Scan(&got); err != nil {
			return fmt.Errorf("locking the database against other migrations: %w", err)
		}
		if got {
			return nil
		}
		if !waited {
			log("another energy migrate is at work here: waiting for it")
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for another migration: %w", err)
		}
	}
}

// checkRequirements refuses a database that can't hold ours, before anything is changed, and makes the missing roles.
// A database that is newer than this program is left alone.
func checkRequirements(ctx context.Context, conn *pgx.Conn, o Options) error {
	own, err := Built(o.Files)
	if err != nil {
		return err
	}
	there, err := schemaVersion(ctx, conn)
	if err != nil || int(there) > own.Schema {
		return err
	}
	empty := there == 0
	if err := checkEncoding(ctx, conn, empty, o.Log); err != nil {
		return err
	}
	return retry(ctx, o.Log, func() error { return ensureRoles(ctx, conn, o.Roles, empty, o.Log) })
}

// migrateSchema runs the migrations that the database lacks. newer: the database has some that the files lack.
func migrateSchema(ctx context.Context, conn *pgx.Conn, o Options) (newer bool, err error) {
	files, err := fs.Sub(o.Files, "migrations")
	if err != nil {
		return false, fmt.Errorf("opening the migrations: %w", err)
	}
	var migrator *migrate.Migrator
	err = retry(ctx, o.Log, func() (err error) {
		migrator, err = migrate.NewMigrator(ctx, conn, versionTable)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("preparing the table %s: %w", versionTable, err)
	}
	migrator.Data = o.Roles.data()
	if err := migrator.LoadMigrations(files); err != nil {
		return false, fmt.Errorf("loading the migrations: %w", err)
	}
	from, err := migrator.GetCurrentVersion(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the schema's version: %w", err)
	}
	to := int32(len(migrator.Migrations)) // #nosec G115 -- so many files nobody writes
	switch {
	case from > to:
		o.Log(
			fmt.Sprintf(
				"schema: the database is at %d, this program brings %d: left as it is, functions too",
				from,
				to,
			),
		)
		return true, nil
	case from == to:
		o.Log(fmt.Sprintf("schema: %d is already there", to))
		return false, nil
	}
	if err := retry(ctx, o.Log, func() error { return migrator.Migrate(ctx) }); err != nil {
		return false, fmt.Errorf("migrating: %w", err)
	}
	o.Log(fmt.Sprintf("schema: migrated %d -> %d", from, to))
	return false, nil
}

// makeSecrets makes the database's own secrets where they are missing. Here and not in SQL: PostgreSQL 12 has no
// random bytes.
//
// pepper goes into the old password hashes, which it must share with other servers; auth_key is behind salts and
// codes. No pepper is made where the old hashes were retired, since nothing needs one any more.
func makeSecrets(ctx context.Context, conn *pgx.Conn, log func(string)) error {
	for _, name := range []string{"pepper", "auth_key"} {
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // never fails: it ends the program instead
		tag, err := conn.Exec(ctx, `
			insert into gym.secrets (name, value)
			select $1, $2 where $1 <> 'pepper' or (select c.legacy_hid from gym.settings c)
			on conflict do nothing`, name, hex.EncodeToString(secret))
		if err != nil {
			return fmt.Errorf("making the secret %s: %w", name, err)
		}
		if tag.RowsAffected() > 0 {
			log(name + ": made at random")
		}
	}
	return nil
}

// installPackage installs the package of functions unless the database has it, or a newer one.
func installPackage(ctx context.Context, conn *pgx.Conn, o Options) error {
	own, err := Built(o.Files)
	if err != nil {
		return err
	}
	stamped, err := Stamped(o.Files)
	if err != nil {
		return err
	}
	var there Version
	err = conn.QueryRow(ctx, "select version, hash from gym.code_package").Scan(&there.Package, &there.Hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("reading which package is installed: %w", err)
	}
	// A role that was made since the last installation has no rights yet: the package grants them.
	bare, err := withoutRights(ctx, conn, o.Roles)
	if err != nil {
		return err
	}
	same := there.Package == own.Package && there.Hash == own.Hash
	var misowned int
	if same {
		// As after pg_restore --no-owner: a definer function has the rights of its owner.
		if err := conn.QueryRow(ctx, "select count(*) from rules.owner_faults()").Scan(&misowned); err != nil {
			return fmt.Errorf("looking at the owners of the functions: %w", err)
		}
	}
	switch {
	case there.Package > own.Package:
		o.Log(
			fmt.Sprintf(
				"functions: the database has version %d, this program brings %d: left as it is",
				there.Package,
				own.Package,
			),
		)
		return nil
	case same && !o.Force && len(bare) == 0 && misowned == 0:
		o.Log(fmt.Sprintf("functions: version %d is already installed", own.Package))
		return nil
	}

	files, err := fs.Sub(o.Files, "functions")
	if err != nil {
		return fmt.Errorf("opening the package of functions: %w", err)
	}
	code, err := migrate.LoadCodePackage(files)
	if err != nil {
		return fmt.Errorf("loading the package of functions: %w", err)
	}
	force := "off"
	if o.Force {
		force = "on"
	}
	if _, err := conn.Exec(ctx, "select set_config('gym.force_install', $1, false)", force); err != nil {
		return fmt.Errorf("preparing to install the functions: %w", err)
	}
	err = retry(ctx, o.Log, func() error { return migrate.InstallCodePackage(ctx, conn, o.Roles.data(), code) })
	if err != nil {
		return fmt.Errorf("installing the functions (nothing was changed): %w", err)
	}
	line := fmt.Sprintf("functions: installed version %d", own.Package)
	if there.Package != 0 && there.Package != own.Package {
		line = fmt.Sprintf("functions: installed version %d over %d", own.Package, there.Package)
	}
	if !stamped {
		line += ", with changes that are not stamped (make stamp)"
	}
	o.Log(line)
	return nil
}

// retry calls do again while it fails for what passes by itself: others' locks, or another database of the cluster
// making the same roles.
func retry(ctx context.Context, log func(string), do func() error) error {
	const attempts = 10
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == attempts || !passing(err) {
			return err
		}
		log(fmt.Sprintf("in the way of others, trying again: %v", err))
		if err := sleep(ctx, time.Duration(attempt)*200*time.Millisecond); err != nil {
			return err
		}
	}
}

func passing(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	switch pgErr.Code {
	case pgerrcode.LockNotAvailable, pgerrcode.DeadlockDetected, pgerrcode.SerializationFailure:
		return true
	case pgerrcode.InternalError: // "tuple concurrently updated": two databases of a cluster changed one role's rights at once
		return true
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
