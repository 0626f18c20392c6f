// Package browser runs the tests in a real browser (*.test.mjs, by Node's own test runner) against the pages: on the
// stage for what screens look like, and on a real database and main server for what they do.
package browser

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"energiya/internal/dbtest"
	"energiya/internal/live"
	"energiya/internal/logtest"
	"energiya/internal/webtest"
	"energiya/web"
)

// variable switches the tests on: they need Chromium and the packages of package-lock.json, which scripts/test sees to.
const variable = "ENERGY_TEST_BROWSER"

func TestInBrowser(t *testing.T) {
	if os.Getenv(variable) == "" {
		t.Skip("`make test` runs the tests in the browser; " + variable + "=1 does too, where Chromium is installed")
	}
	log := &logtest.Log{}
	logger := slog.New(slog.NewTextHandler(log, nil))

	stage := webtest.New()
	onStage, err := web.New(web.Options{Accounts: stage, Gym: stage, Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer onStage.Close()
	stageServer := httptest.NewServer(control(stage, onStage))
	defer stageServer.Close()

	gym := webtest.NewGym(t, "2026-12-25 11:00", logger)
	gymServer := httptest.NewServer(controlGym(t, gym))
	defer gymServer.Close()

	// The program's jobs make slots: it has a database of its own.
	realGym := webtest.NewGym(t, "2026-12-25 11:00", logger)
	realControl := httptest.NewServer(controlGym(t, realGym))
	defer realControl.Close()
	real := startReal(t, realGym.DB, log)

	files, err := filepath.Glob("*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatal("no tests found ", err)
	}
	if only := os.Getenv("ONLY"); only != "" {
		files = []string{only}
	}
	command := exec.CommandContext(t.Context(), "node", append([]string{"--test", "--test-concurrency=1"}, files...)...)
	command.Env = append(os.Environ(), "STAGE="+stageServer.URL, "GYM="+gymServer.URL, "REAL="+real,
		"REAL_GYM="+realControl.URL)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		t.Errorf("the tests in the browser failed: %v\n%s", err, log)
	}
}

// startReal starts the program's two servers on the database, as they are deployed, and returns the auth server's
// address.
func startReal(t *testing.T, on *dbtest.DB, log io.Writer) string {
	t.Helper()
	folder := t.TempDir()
	program, err := dbtest.Program(folder)
	if err != nil {
		t.Fatal(err)
	}
	const pepper = "the-pepper-of-the-tests-in-the-browser"
	if _, err := on.Owner.Exec(t.Context(), "update gym.secrets set value = $1 where name = 'pepper'", pepper); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"DATABASE_URL=" + on.URL(), "ENERGY_PEPPER=" + pepper, "ENERGY_TOKEN_FILE=" + filepath.Join(folder, "tokens"),
	}
	mainServer, err := live.Start(t.Context(), program, log, env...)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(mainServer.Stop)
	authServer, err := live.StartAuth(t.Context(), program, mainServer, log, env...)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(authServer.Stop)
	return authServer.URL
}

// control sets the stage: POST /test/stage with the fields to change.
func control(stage *webtest.Stage, pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.HandleFunc("POST /test/stage", func(_ http.ResponseWriter, r *http.Request) {
		var scene struct {
			Days, Times int
			Early       float64 // seconds before the opening
			Down        bool
		}
		if json.NewDecoder(r.Body).Decode(&scene) == nil {
			stage.Set(webtest.Week(scene.Days, webtest.Times(scene.Times)), scene.Down)
			stage.At(stage.OpensAt.Add(-time.Duration(scene.Early * float64(time.Second))))
		}
	})
	return mux
}

// controlGym moves the clock and runs SQL: POST /test/move and /test/sql with the text as the body.
func controlGym(t *testing.T, gym *webtest.Gym) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", gym.Pages)
	mux.HandleFunc("POST /test/move", func(_ http.ResponseWriter, r *http.Request) {
		now, _ := io.ReadAll(r.Body)
		gym.Move(string(now))
	})
	mux.HandleFunc("POST /test/sql", func(w http.ResponseWriter, r *http.Request) {
		sql, _ := io.ReadAll(r.Body)
		rows, err := gym.DB.Owner.Query(r.Context(), string(sql))
		if err == nil {
			list := []any{}
			for rows.Next() {
				values, _ := rows.Values()
				list = append(list, values)
			}
			if err = rows.Err(); err == nil {
				err = json.NewEncoder(w).Encode(list)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("POST /test/person", func(w http.ResponseWriter, r *http.Request) {
		role, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, webtest.Session(gym.DB.User(t, string(role))))
	})
	return mux
}
