package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
	"energiya/internal/testclock"
)

const (
	database = "energiya"
	// login is who the servers are: no owner of anything.
	login        = "gym_app"
	templateName = "template"
	// students come to the rush: enough for all seats to go, few enough for each to choose often.
	students = 200
)

// command runs scripts/postgres.
func command(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "../../scripts/postgres", args...)
	cmd.Env = environment()
	// pg_ctl's server would keep a pipe open
	var said bytes.Buffer
	file, err := os.CreateTemp("", "energiya-scripts-")
	if err != nil {
		return err
	}
	defer func() { _ = file.Close(); _ = os.Remove(file.Name()) }()
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(file.Name())
		said.Write(text)
		return fmt.Errorf("scripts/postgres %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return nil
}

func templateFolder() string { return filepath.Join(os.Getenv(folderVariable), templateName) }

// makeTemplate makes a cluster with a migrated database, students, and enrolment open, and stops it.
func makeTemplate(ctx context.Context) error {
	folder := templateFolder()
	if err := command(ctx, "start", folder); err != nil {
		return err
	}
	defer func() { _ = command(ctx, "stop", folder) }()
	c := &cluster{folder: folder}
	if err := c.query(ctx, "postgres", "create database "+database); err != nil {
		return err
	}
	config, err := pgx.ParseConfig(c.url())
	if err != nil {
		return err
	}
	// not by the program: the clock is that of the tests
	if err := dbtest.Migrate(ctx, config); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if err := c.query(ctx, database, `
		insert into gym.users (student_card, firstname, surname, secondname, "group", hid, role)
		select n, 'Имя' || n, 'Отчество' || n, 'Фамилия' || n, 'ТГ-' || n % 20, '-', 'STUDENT' from generate_series(1, $1) n`, students); err != nil {
		return err
	}
	if err := c.query(ctx, database, "select from api.set_setting('time_zone', $1)", zoneAtSix()); err != nil {
		return err
	}
	if err := c.query(ctx, database, fmt.Sprintf("create role %s login password '%s' in role energy_server", login, c.password())); err != nil {
		return err
	}
	return c.query(ctx, database, "select from api.open_enrolment()")
}

// zoneAtSix is a zone in which it is now between six and seven in the morning: no month turns, and no window opens or
// closes, while a test runs.
func zoneAtSix() string {
	ahead := (6 - testclock.Now().UTC().Hour() + 24) % 24
	if ahead > 12 {
		return fmt.Sprintf("Etc/GMT%+d", 24-ahead)
	}
	return fmt.Sprintf("Etc/GMT%+d", -ahead) // POSIX signs: Etc/GMT-3 is three hours ahead
}

// cluster is a PostgreSQL of one test.
type cluster struct {
	t      *testing.T
	folder string
}

// newCluster copies the template into a folder of its own and starts it with these settings.
func newCluster(t *testing.T, settings ...string) *cluster {
	t.Helper()
	folder, err := os.MkdirTemp(os.Getenv(folderVariable), "cluster-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return newClusterIn(t, folder, settings...)
}

func newClusterIn(t *testing.T, folder string, settings ...string) *cluster {
	t.Helper()
	c := adopt(t, folder)
	copyAll(t, filepath.Join(templateFolder(), "data"), c.data())
	c.configure(settings...)
	c.start()
	return c
}

// adopt is the cluster in a folder, which gets the template's password. The cluster is stopped at the end.
func adopt(t *testing.T, folder string) *cluster {
	t.Helper()
	require.NoError(t, os.Chmod(folder, 0o711))
	for _, name := range []string{"password", "pgpass"} {
		copyAll(t, filepath.Join(templateFolder(), name), filepath.Join(folder, name))
	}
	c := &cluster{t: t, folder: folder}
	t.Cleanup(func() {
		end(folder)
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(folder, "postgres.log"))
			t.Logf("PostgreSQL's log ends so:\n%s", log[max(0, len(log)-5000):])
		}
	})
	return c
}

// end stops a cluster at once, whatever was done to it.
func end(folder string) {
	for _, pid := range processesIn(folder) {
		_ = syscall.Kill(pid, syscall.SIGCONT) // one that stands still would not hear
	}
	_ = command(context.Background(), "stop", "--now", folder)
}

// copyAll copies with owners and rights.
func copyAll(t *testing.T, from, to string) {
	t.Helper()
	said, err := exec.Command("cp", "-a", from, to).CombinedOutput()
	require.NoError(t, err, "%s", said)
}

func (c *cluster) data() string { return filepath.Join(c.folder, "data") }

// configure adds settings for the next start.
func (c *cluster) configure(settings ...string) {
	c.t.Helper()
	file, err := os.OpenFile(filepath.Join(c.data(), "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(c.t, err)
	for _, setting := range settings {
		_, err = file.WriteString(setting + "\n")
		require.NoError(c.t, err)
	}
	require.NoError(c.t, file.Close())
}

func (c *cluster) start() {
	c.t.Helper()
	require.NoError(c.t, command(c.t.Context(), "start", c.folder))
}

// stopNow is PostgreSQL's immediate stop: nothing is written back.
func (c *cluster) stopNow() {
	c.t.Helper()
	require.NoError(c.t, command(c.t.Context(), "stop", "--now", c.folder))
}

func (c *cluster) port() string {
	port, _ := os.ReadFile(filepath.Join(c.folder, "port"))
	return strings.TrimSpace(string(port))
}

func (c *cluster) address() string { return "127.0.0.1:" + c.port() }

func (c *cluster) password() string {
	password, _ := os.ReadFile(filepath.Join(c.folder, "password"))
	return strings.TrimSpace(string(password))
}

// url is the address of the database, with the owner's log-in.
func (c *cluster) url() string {
	return "postgres://postgres:" + c.password() + "@" + c.address() + "/" + database
}

// serverURL is the address of the database with the servers' log-in.
func (c *cluster) serverURL() string { return c.serverURLAt(c.address()) }

// serverURLAt is the same, reached by other hosts.
func (c *cluster) serverURLAt(hosts string) string {
	return "postgres://" + login + ":" + c.password() + "@" + hosts + "/" + database
}

// processesIn are the postmaster of the cluster in a folder, which comes first, and its children; none where it does
// not run.
func processesIn(folder string) []int {
	text, _ := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		return nil
	}
	return append([]int{postmaster}, childrenOf(postmaster)...)
}

func childrenOf(parent int) []int {
	var children []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// behind the name, which may hold anything: state and parent
		_, rest, _ := bytes.Cut(text, []byte(") "))
		fields := strings.Fields(string(rest))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			children = append(children, pid)
		}
	}
	return children
}

// signal reaches all of its processes, the postmaster first.
func (c *cluster) signal(s syscall.Signal) {
	c.t.Helper()
	needProc(c.t)
	pids := processesIn(c.folder)
	require.NotEmpty(c.t, pids)
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil {
			require.ErrorIs(c.t, err, syscall.ESRCH)
		}
	}
}

// kill is kill -9 of every process: what a machine's sudden end is to the server.
func (c *cluster) kill() {
	c.t.Helper()
	pids := processesIn(c.folder)
	c.signal(syscall.SIGKILL)
	eventually(c.t, func() bool {
		return !slices.ContainsFunc(pids, func(pid int) bool { return isRunning(pid) })
	}, "PostgreSQL does not end")
}

// isRunning is false of a zombie too, which a container without an init keeps for ever.
func isRunning(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

// needProc skips a test where processes can't be looked at.
func needProc(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("skipped: this fault needs Linux's /proc to find PostgreSQL's processes")
	}
}

func (c *cluster) query(ctx context.Context, name, sql string, args ...any) error {
	conn, err := pgx.Connect(ctx, strings.TrimSuffix(c.url(), database)+name)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

func (c *cluster) exec(sql string, args ...any) {
	c.t.Helper()
	require.NoError(c.t, c.query(c.t.Context(), database, sql, args...))
}

// connect opens a connection of the owner.
func (c *cluster) connect() *pgx.Conn {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.url())
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// rows collects what a query gives.
func rows[T any](c *cluster, sql string, args ...any) []T {
	c.t.Helper()
	conn := c.connect()
	defer func() { _ = conn.Close(c.t.Context()) }()
	found, err := conn.Query(c.t.Context(), sql, args...)
	require.NoError(c.t, err, sql)
	list, err := pgx.CollectRows(found, pgx.RowToStructByPos[T])
	require.NoError(c.t, err, sql)
	return list
}
