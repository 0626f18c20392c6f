package main_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/jpeg"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

const oldPepper = "the pepper of the old servers, of 32 characters and more"

// oldHash is what old auth servers keep of a password. They hash the card as it was typed.
func oldHash(card, typed string) string {
	sum := sha256.Sum256([]byte(oldPepper + card + typed + oldPepper))
	return hex.EncodeToString(sum[:])
}

// launchAuth starts the auth server before a main server.
func launchAuth(t *testing.T, database, main string, variables ...string) *server {
	t.Helper()
	s := &server{t: t, log: new(lines), ended: make(chan struct{}), folder: t.TempDir()}
	s.cmd = exec.Command(program, "auth")
	s.cmd.Env = environment(
		append([]string{"DATABASE_URL=" + database, "ENERGY_AUTH_LISTEN=127.0.0.1:0", "ENERGY_MAIN_URL=" + main,
			"ENERGY_TOKEN=" + testToken}, variables...)...)
	s.cmd.Dir, s.cmd.Stderr = s.folder, s.log
	require.NoError(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		if t.Failed() {
			t.Logf("the auth server's log:\n%s", s.log)
		}
	})
	soon(t, func() bool { return len(s.log.messages("listening")) == 1 })
	s.base = "http://" + s.log.messages("listening")[0]["address"].(string)
	soon(t, func() bool { return s.status("/readyz") == http.StatusOK })
	return s
}

// logIn logs in as the old front does. It returns the status and the token.
func (s *server) logIn(path, card, typed string) (status int, token string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"login": card, "password": typed})
	require.NoError(s.t, err)
	for {
		request, err := http.NewRequestWithContext(
			s.t.Context(),
			http.MethodPost,
			s.base+"/api/v1/auth/login"+path,
			bytes.NewReader(body),
		)
		require.NoError(s.t, err)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		require.NoError(s.t, err)
		var answer struct{ Data struct{ Token string } }
		_ = json.NewDecoder(response.Body).Decode(&answer)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusServiceUnavailable {
			return response.StatusCode, answer.Data.Token
		}
		time.Sleep(time.Second)
	}
}

// mover is somebody who has a password at the old auth server.
type mover struct{ path, typed, card, role string }

// movers are people whose passwords were hashed by old auth servers; the second typed a leading zero.
func movers() []mover {
	list := []mover{
		{
			"",
			"1234567",
			"1234567",
			"STUDENT",
		}, {"", "0234567", "234567", "STUDENT"}, {"", "3234567", "3234567", "BLOCKED"},
		{"/coach", "4234567", "4234567", "COACH"}, {"/admin", "5234567", "5234567", "ADMIN"},
	}
	for i := range 6 {
		card := strconv.Itoa(6000000 + i)
		list = append(list, mover{"", card, card, "STUDENT"})
	}
	return list
}

// TestMovingIn replaces an old auth server, by the steps of docs/moving-in.md. Everybody's password works at each of
// them, and nothing is lost.
func TestMovingIn(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	ctx := t.Context()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := database.Owner.Exec(ctx, sql, args...)
		require.NoError(t, err)
	}
	text := func(sql string) (found string) {
		t.Helper()
		require.NoError(t, database.Owner.QueryRow(ctx, sql).Scan(&found))
		return found
	}

	// 1. The pepper is taken over, before anybody is there.
	pepperFile := filepath.Join(t.TempDir(), "pepper")
	variables := []string{"ENERGY_PEPPER_FILE=" + pepperFile}
	owner := append(at(database.URL()), variables...)
	require.NoError(t, os.WriteFile(pepperFile, []byte(oldPepper+"\n"), 0o600))
	r := run(t, owner, "", "auth", "pepper")
	require.NotZero(t, r.code, "the database has made one of its own")
	r = run(t, owner, "", "auth", "pepper", "--take-over")
	require.Zero(t, r.code, r.stderr)
	r = run(t, owner, "", "auth", "pepper")
	require.Zero(t, r.code, r.stderr)

	// What the old servers leave: people with old hashes, a picture in a folder, enrolments.
	people := movers()
	for _, m := range people {
		exec(`insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role)
			values ($1::text::integer, 'Иван', 'Петров', 'Ильич', 'БИ-21', $2, $3::text::gym.userrole)`,
			m.card, oldHash(m.typed, "пароль "+m.card), m.role)
	}
	folder := t.TempDir()
	var photo bytes.Buffer
	require.NoError(t, jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 500, 600)), nil))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "old.JPEG"), photo.Bytes(), 0o600))
	exec(`update gym.users set image = 'old.JPEG' where student_card = 1234567`)
	exec(`select from api.open_enrolment()`)
	exec(`select from api.enrol(card => 1234567, day => 'Mon', at => '16:00', force => true)`)
	const sqlKept = `select md5((select string_agg((u.id, u.student_card, u.firstname, u.secondname, u.surname, u."group", u.role,
		u.deleted)::text, ',' order by u.id) from gym.users u) || (select string_agg(e::text, ',' order by e.id) from gym.enrolments e)
		|| coalesce((select string_agg(m::text, ',' order by m.id) from gym.marks m), ''))`
	r = run(t, owner, "", "auth", "pepper", "--take-over")
	require.Zero(t, r.code, "the same one again: %s", r.stderr)

	// 2. both servers run, the old auth server beside them
	main := start(t, database.URL(), variables...)
	auth := launchAuth(t, database.URL(), main.base, variables...)
	everyoneGetsIn := func(some ...mover) (token string) {
		t.Helper()
		for _, m := range some {
			status, opened := auth.logIn(m.path, m.typed, "пароль "+m.card)
			require.Equal(t, http.StatusOK, status, m)
			status, _ = auth.logIn(m.path, m.typed, "not "+m.card)
			require.Equal(t, http.StatusUnauthorized, status, m)
			token = opened
		}
		return token
	}
	everyoneGetsIn(people[:5]...)
	asOld := func(sql string, args ...any) (n int64, err error) {
		err = pgx.BeginFunc(ctx, database.Owner, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `set local role energy_auth`); err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, sql, args...)
			n = tag.RowsAffected()
			return err
		})
		return n, err
	}
	// The old server still compares hashes, of those too who have logged in here.
	for _, m := range people {
		n, err := asOld(`select id from users where student_card = $1::text::integer and hid = $2 and not deleted`,
			m.card, oldHash(m.typed, "пароль "+m.card))
		require.NoError(t, err)
		require.EqualValues(t, 1, n, m)
	}
	// It signs somebody up, who gets in here.
	late := mover{"", "7234567", "7234567", "STUDENT"}
	_, err := asOld(`insert into users (student_card, firstname, surname, secondname, "group", hid, role)
		values (7234567, 'Анна', '', 'Сидорова', 'БИ-21', $1, 'STUDENT')`, oldHash(late.typed, "пароль "+late.card))
	require.NoError(t, err)
	people = append(people, late)
	everyoneGetsIn(late)
	kept := text(sqlKept)

	// 3. pictures
	r = run(t, owner, "", "auth", "import-pictures", folder)
	require.Contains(t, r.stdout, "1 picture taken over, 0 not")

	// 4. the old hashes are wrapped, while all goes on; 5. the old servers are stopped, and the hashes blanked
	r = run(t, owner, "", "auth", "retire-legacy")
	require.Zero(t, r.code, r.stderr)
	everyoneGetsIn(people[5:8]...)
	n, err := asOld(`select id from users where hid = $1`, oldHash("6000005", "пароль 6000005"))
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "an old server works on until the end")
	r = run(t, owner, "", "auth", "retire-legacy", "--finish")
	require.Zero(t, r.code, r.stderr)
	_, err = asOld(`select id from gym.users`)
	require.ErrorContains(t, err, "permission denied")
	require.Equal(t, "0", text(`select count(*)::text from gym.users where hid <> ''`))
	require.Equal(
		t,
		"0",
		text(`select count(*)::text from gym.secrets where name = 'pepper'`),
		"only the files have it",
	)

	// 6. the main server trusts sessions only
	exec(`select from api.set_setting('refuse_bare_user_id', 'true')`)
	token := everyoneGetsIn(people...)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, auth.base+"/api/v1/avtime/get", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	// A thief of the token between the servers can no longer act for a number.
	request, err = http.NewRequestWithContext(ctx, http.MethodGet, main.base+"/api/v1/avtime/get", nil)
	require.NoError(t, err)
	request.Header.Set("Token", testToken)
	request.Header.Set("user-id", "1")
	response, err = http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	require.Equal(t, http.StatusForbidden, response.StatusCode)

	// Nothing is lost, and all is sound.
	require.Equal(t, kept, text(sqlKept))
	require.Equal(t, "1", text(`select count(*)::text from gym.pictures p join gym.users u on u.image = p.name`))
	r = run(t, owner, "", "audit")
	require.Zero(t, r.code, r.stdout+r.stderr)
}

func sha256Of(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
