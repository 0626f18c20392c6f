// Package db holds the whole of Energiya's SQL and brings it into a database.
//
// migrations are tables and types, numbered, each run once. functions is a package of code: schemas rules, api and
// wire, dropped and rebuilt in one transaction. Both are tern's: `tern migrate` and `tern code install db/functions`
// build the same database as Migrate.
package db

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed migrations functions
var embedded embed.FS

// Files are the SQL files that this program brings: the folders migrations and functions.
func Files() fs.FS { return embedded }

// Roles are the names of the group roles, made by the first migration. They can't be changed afterwards.
type Roles struct {
	Server string // what energy serve works as: EXECUTE on wire, nothing else
	Auth   string // the auth server: its columns of users
	Admin  string // administrators in psql
	Reader string // who may look
	Web    string // our auth server: EXECUTE on auth, nothing else
	Keeper string // owns the functions that write history anew; nobody logs in as it
}

// DefaultRoles returns the names that every database of ours has; tern.conf has the same. Tests choose others, so that
// they can drop roles beside other tests.
func DefaultRoles() Roles {
	return Roles{Server: "energy_server", Auth: "energy_auth", Admin: "energy_admin", Reader: "energy_reader",
		Web: "energy_web", Keeper: "energy_keeper"}
}

// names returns the names of all roles.
func (r Roles) names() []string {
	return []string{r.Server, r.Auth, r.Admin, r.Reader, r.Web, r.Keeper}
}

// data is what the SQL files, which are templates, know.
func (r Roles) data() map[string]any {
	return map[string]any{
		"server_role": r.Server,
		"auth_role":   r.Auth,
		"admin_role":  r.Admin,
		"reader_role": r.Reader,
		"web_role":    r.Web,
		"keeper_role": r.Keeper,
	}
}

// Version says which SQL stands in a database, or is brought by a program.
type Version struct {
	Schema  int    `json:"schema"`  // number of the last migration
	Package int    `json:"package"` // number of the package of functions, raised by make stamp
	Hash    string `json:"hash"`    // of the package's files
	// Faults are what is wrong with the settings of the database itself, such as its search_path; a program brings
	// none.
	Faults []string `json:"faults"`
	// TimeZone says what to do where PostgreSQL does not know the gym's time zone any more; empty where it does.
	TimeZone string `json:"timeZone"`
}

// versionFile is the one file of the package that the hash leaves out, since it holds the hash.
const versionFile = "version.sql"

var record = regexp.MustCompile(`rules\.record_package\(\s*(\d+)\s*,\s*'([^']*)'\s*\)`)

// Built is the version of the SQL in files. Its hash is that of the files, whatever version.sql says: Stamped tells
// whether the two agree.
func Built(files fs.FS) (Version, error) {
	migrations, err := fs.Glob(files, "migrations/[0-9]*_*.sql")
	if err != nil {
		return Version{}, fmt.Errorf("listing the migrations: %w", err)
	}
	number, _, err := stamp(files)
	if err != nil {
		return Version{}, err
	}
	hash, err := Hash(files)
	if err != nil {
		return Version{}, err
	}
	return Version{Schema: len(migrations), Package: number, Hash: hash}, nil
}

// Stamped tells whether version.sql holds the hash of the package's files as they are.
func Stamped(files fs.FS) (bool, error) {
	_, stamped, err := stamp(files)
	if err != nil {
		return false, err
	}
	hash, err := Hash(files)
	return stamped == hash, err
}

// Hash is the SHA-256 of the package's files, their paths and contents in order of path, in hex.
func Hash(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, "functions", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".sql" || name == "functions/"+versionFile {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		// lengths keep apart what would otherwise run together
		fmt.Fprintf(sum, "%s %d\n", strings.TrimPrefix(name, "functions/"), len(content))
		sum.Write(content)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("hashing the package of functions: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Restamp gives version.sql as it must be: where the stamped hash is not that of the files, with theirs and the next
// number. The bool tells whether anything had to change.
func Restamp(files fs.FS) ([]byte, bool, error) {
	content, err := fs.ReadFile(files, "functions/"+versionFile)
	if err != nil {
		return nil, false, fmt.Errorf("reading the package's version: %w", err)
	}
	number, stamped, err := stamp(files)
	if err != nil {
		return nil, false, err
	}
	hash, err := Hash(files)
	if err != nil || hash == stamped {
		return content, false, err
	}
	call := fmt.Sprintf("rules.record_package(%d, '%s')", number+1, hash)
	return record.ReplaceAllLiteral(content, []byte(call)), true, nil
}

// stamp reads number and hash in version.sql.
func stamp(files fs.FS) (number int, hash string, err error) {
	content, err := fs.ReadFile(files, "functions/"+versionFile)
	if err != nil {
		return 0, "", fmt.Errorf("reading the package's version: %w", err)
	}
	found := record.FindAllSubmatch(content, -1)
	if len(found) != 1 {
		return 0, "", fmt.Errorf(
			"functions/%s must call rules.record_package(<number>, '<hash>') once, not %d times",
			versionFile,
			len(found),
		)
	}
	number, err = strconv.Atoi(string(bytes.TrimSpace(found[0][1])))
	if err != nil {
		return 0, "", fmt.Errorf("reading the package's number in functions/%s: %w", versionFile, err)
	}
	return number, string(found[0][2]), nil
}
