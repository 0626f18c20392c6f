package db_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/password"
)

// answer is what the steps of a log-in give.
type answer struct {
	Result  string `json:"result"`
	Rule    string `json:"rule"`
	Attempt string `json:"attempt"`
	Salt    string `json:"salt"`
	Memory  uint32 `json:"memory_kib"`
	Passes  uint32 `json:"passes"`
	Lanes   uint8  `json:"lanes"`
}

// web opens a pool of a log-in that has the auth server's role and nothing else.
func web(t *testing.T, d *dbtest.DB) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(d.URL())
	require.NoError(t, err)
	config.MaxConns = 16
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set role energy_web")
		return err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// asker is a pool, a connection or a transaction.
type asker interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func asked(t *testing.T, q asker, sql string, args ...any) answer {
	t.Helper()
	var data []byte
	require.NoError(t, q.QueryRow(t.Context(), sql, args...).Scan(&data))
	var a answer
	require.NoError(t, json.Unmarshal(data, &a), "%s", data)
	return a
}

const (
	sqlBegin = `select auth.begin_log_in($1, $2, null, '10.0.0.1', 'test')`
	sqlLogIn = `select auth.log_in($1, $2, $3, 'any', false, $4, null)`
)

func begin(t *testing.T, q asker, card, hid string) answer {
	t.Helper()
	return asked(t, q, sqlBegin, card, [][]byte{password.Commitment(hid)})
}

func token() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

// judge asks for the verdict. The proof is that of the right hid, whatever was committed to: only the hid is guessed.
func judge(t *testing.T, q asker, a answer, hid string) answer {
	t.Helper()
	id, err := strconv.ParseInt(a.Attempt, 10, 64)
	require.NoError(t, err)
	salt, err := hex.DecodeString(a.Salt)
	require.NoError(t, err)
	proof := password.Proof(hid, password.Params{Salt: salt, Memory: a.Memory, Passes: a.Passes, Lanes: a.Lanes})
	return asked(t, q, sqlLogIn, id, []string{hid}, [][]byte{proof}, token())
}

// someone makes a person with a password and gives card and hid.
func someone(t *testing.T, d *dbtest.DB) (card, hid string) {
	t.Helper()
	id := d.User(t, "STUDENT")
	card = strconv.Itoa(id)
	var pepper password.Pepper
	require.NoError(
		t,
		d.Owner.QueryRow(t.Context(), "select value from gym.secrets where name = 'pepper'").Scan(&pepper),
	)
	hid = pepper.Hid(card, "correct horse")
	_, err := d.Owner.Exec(t.Context(), "update gym.users set hid = $2 where id = $1", id, hid)
	require.NoError(t, err)
	return card, hid
}

func TestLogInByArgon2OverTheOldHash(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	pool := web(t, d)
	card, hid := someone(t, d)
	for range 2 { // the first upgrades
		a := begin(t, pool, card, hid)
		require.Equal(t, "in", judge(t, pool, a, hid).Result)
	}
	var kept int
	require.NoError(t, d.Owner.QueryRow(t.Context(), "select count(*) from gym.verifiers").Scan(&kept))
	require.Equal(t, 1, kept)
}

// Of 64 attempts at once no more are judged than of 64 one after the other.
func TestParallelAttemptsDoNotSlipPastTheBucket(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	pool := web(t, d)
	card, _ := someone(t, d)
	var wait sync.WaitGroup
	var mutex sync.Mutex
	results := map[string]int{}
	for n := range 64 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			var data []byte
			wrong := fmt.Sprintf("%x", sha256.Sum256([]byte{byte(n)}))
			err := pool.QueryRow(t.Context(), sqlBegin, card, [][]byte{password.Commitment(wrong)}).Scan(&data)
			var a answer
			if err == nil {
				err = json.Unmarshal(data, &a)
			}
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				results[err.Error()]++
				return
			}
			results[a.Result+" "+a.Rule]++
		}()
	}
	wait.Wait()
	require.Equal(t, map[string]int{"go ": 20, "refused log_in_too_often": 44}, results)
}

// A thief of the role's log-in has the functions. A charge that could be rolled back once the verdict is known would
// be none.
func TestAThiefCannotGuessAndRollBack(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	pool := web(t, d)
	card, hid := someone(t, d)

	// Charging and judging in one transaction gives no verdict, with a savepoint neither.
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	require.Equal(t, "log_in_refused", judge(t, tx, begin(t, tx, card, hid), hid).Rule)
	inner, err := tx.Begin(t.Context())
	require.NoError(t, err)
	a := begin(t, inner, card, hid)
	require.NoError(t, inner.Commit(t.Context()))
	require.Equal(t, "log_in_refused", judge(t, tx, a, hid).Rule)
	require.NoError(t, tx.Rollback(t.Context()))

	// One charge that is kept, and verdicts that are rolled back: only the hash committed to is ever judged.
	wrong := fmt.Sprintf("%x", sha256.Sum256([]byte("wrong")))
	a = begin(t, pool, card, wrong)
	for _, guess := range []string{wrong, hid} {
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		require.Equal(t, "log_in_refused", judge(t, tx, a, guess).Rule)
		require.NoError(t, tx.Rollback(t.Context()))
	}
	var waiting int
	require.NoError(t, d.Owner.QueryRow(t.Context(), "select count(*) from gym.attempts").Scan(&waiting))
	require.Equal(t, 1, waiting, "the attempts of the first transaction went with it")
	require.Equal(t, "in", judge(t, pool, begin(t, pool, card, hid), hid).Result)
}

// With legacy_hid off an old auth server may nothing, also after the functions were installed anew.
func TestRetiredOldServersAreGrantedNothingByALaterInstall(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, roles := d.ownedBy(t, "l", "createrole")
	_, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	may := `select has_any_column_privilege($1, 'gym.users', 'select, insert, update') or has_schema_privilege($1, 'gym', 'usage')`
	require.Equal(t, "true", d.ask(t, may, roles.Auth))
	d.exec(t, "select rules.set_setting('legacy_hid', 'false')")
	require.Equal(t, "false", d.ask(t, may, roles.Auth))
	for _, force := range []bool{true, false} {
		lines, err := d.migrate(t, db.Options{Roles: roles, Force: force})
		require.NoError(t, err)
		require.Equal(t, "false", d.ask(t, may, roles.Auth))
		if !force {
			require.Contains(t, lines, fmt.Sprintf("functions: version %d is already installed", built(t).Package))
		}
	}
	require.Equal(t, "0", d.ask(t, "select count(*) from gym.secrets where name = 'pepper'"), "nor is a pepper made")
	require.Equal(t, "0", d.ask(t, "select violations from api.audit() where invariant = 'old_hash_retired'"))
}

// Row-level security is not forced: an owner who is no superuser dumps every row, deleted people too.
func TestAnOwnerWhoIsNoSuperuserDumpsEverybody(t *testing.T) {
	t.Parallel()
	d := empty(t)
	if dumps, serves := dumpVersion(t), serverVersion(t, d.conn); dumps < serves {
		t.Skipf("pg_dump %d cannot read PostgreSQL %d", dumps, serves)
	}
	owner, roles := d.ownedBy(t, "u", "createrole")
	_, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	d.exec(t, `insert into gym.users (student_card, firstname, secondname, surname, "group", hid, deleted)
		values (71, 'Иван', 'Видимый', '', '', '-', false), (72, 'Иван', 'Удалённый', '', '', '-', true)`)
	config, err := pgx.ParseConfig(d.url)
	require.NoError(t, err)
	var output, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "pg_dump", "--data-only", "--table=gym.users", "--host="+config.Host,
		fmt.Sprintf("--port=%d", config.Port), "--username="+owner, config.Database)
	cmd.Env = append(cmd.Environ(), "PGPASSWORD=secret")
	cmd.Stdout, cmd.Stderr = &output, &complaints
	require.NoError(t, cmd.Run(), "pg_dump must be in the PATH, as make test has it: %s", &complaints)
	require.Contains(t, output.String(), "Видимый")
	require.Contains(t, output.String(), "Удалённый")
}
