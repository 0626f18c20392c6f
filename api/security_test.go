package api_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/db"
)

// What else is tried against the server: TestTokenComesBeforeEverything, TestActor and TestRequestID (headers),
// TestRights (every endpoint and role), TestBodies, TestFields, TestNastyInput and FuzzEndpoint (bodies),
// TestUserEdit (fields that are not one's own), report.TestEveryOddNameIsText (formulas).

// injections end a string, a statement, a comment or a format, and go on as something else.
var injections = []string{
	`'; update gym.users set secondname = 'ВЗЛОМ'; --`,
	`'); update gym.users set secondname = 'ВЗЛОМ'; --`,
	`' or true or '1' = '1`,
	`" or 1 = 1 --`,
	`$$; update gym.users set secondname = 'ВЗЛОМ'; $$`,
	`$1`, `%1$s %I %L %s`, `\'; select pg_sleep(600); --`,
	`x' || (select string_agg(hid, '') from gym.users) || 'x`,
	`/*`, `*/`, `{}`, `{"a":1}`, `(1,2)`, `{1,2}`, `\x27`, `U&'\0027'`, `''`,
	"a\r\nSet-Cookie: a=b", `../../etc/passwd`, `<script>alert(1)</script>`, `=1+1`,
}

// TestSQLIsText puts SQL into every field of every endpoint, of whatever type, and looks whether anything but text
// became of it.
func TestSQLIsText(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.choose(g.student, s.monday)
	doc, err := description()
	require.NoError(t, err)
	r := db.DefaultRoles()
	ours := []string{r.Server, r.Auth, r.Admin, r.Reader}
	fingerprint := func() (sum string) {
		require.NoError(t, g.db.Owner.QueryRow(t.Context(), `
			select md5(string_agg(line, e'\n' order by line)) from (
			  select c.oid::regclass::text || c.relkind::text || coalesce(c.relacl::text, '') from pg_class c where c.relnamespace::regnamespace::text <> 'pg_toast'
			  union all select p.oid::regprocedure::text || md5(p.prosrc) from pg_proc p where p.pronamespace::regnamespace::text not like 'pg\_%'
			  -- of the cluster's roles ours, and which others they are members of: other tests make roles of their own
			  union all select r::text from pg_roles r where r.rolname = any ($1)
			  union all select m.roleid::regrole::text || m.admin_option from pg_auth_members m where m.member::regrole::text = any ($1)
			  union all select t::text from gym.rights t
			  union all select t::text from gym.settings t
			  union all select t::text from gym.secrets t
			) all_of_it(line)`, ours).Scan(&sum))
		return sum
	}
	before := fingerprint()
	// as tests of other packages do at the same time
	other := pgx.Identifier{g.db.Owner.Config().ConnConfig.Database[len("testdb_tpl_"):]}.Sanitize()
	_, err = g.db.Owner.Exec(t.Context(), "create role "+other+" superuser in role "+r.Server)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = g.db.Owner.Exec(context.WithoutCancel(t.Context()), "drop role "+other) })
	admin := fmt.Sprint(g.admin)
	stored := 0
	for _, route := range routes(t, g.handler) {
		method, path, _ := strings.Cut(route, " ")
		if !strings.HasPrefix(path, "/api/") || doc.Paths.Find(path).GetOperation(method).RequestBody == nil {
			continue
		}
		properties := doc.Paths.Find(path).GetOperation(method).RequestBody.Value.Content[jsonType].Schema.Value.Properties
		for _, field := range slices.Sorted(maps.Keys(properties)) {
			for _, injection := range injections {
				header := withToken()
				header.Set("user-id", admin)
				body := string(bodyOf(field, encode(t, injection)))
				if isReport(path) {
					g.requireReport(path, header, body)
					continue
				}
				a := g.send(method+" "+path, header, body)
				require.Contains(t, []int{200, 400}, a.status, "%s %s=%s: %s", route, field, injection, a.raw)
				if shown, ok := a.data.(map[string]any); ok && a.status == 200 {
					if value, ok := shown[field].(string); ok {
						require.Equal(t, injection, value, "%s %s comes back as it was sent", route, field)
						stored++
					}
				}
			}
		}
	}
	require.Greater(t, stored, 5*len(injections), "names, groups, posts and reasons were stored")
	require.Equal(t, before, fingerprint(), "no table, function, role, right or setting has changed")
	var hacked int
	require.NoError(
		t,
		g.db.Owner.QueryRow(t.Context(), "select count(*) from gym.users where secondname = 'ВЗЛОМ'").Scan(&hacked),
	)
	require.Zero(t, hacked)
	g.audit()
}

// requireReport: a file or a refusal, and nothing of the request in the headers.
func (g gym) requireReport(path string, header http.Header, body string) {
	g.t.Helper()
	_, _, w := g.exchange("POST "+path, header, body)
	require.Contains(g.t, []int{200, 400}, w.Code, w.Body.String())
	for name, values := range w.Header() {
		require.Contains(g.t, []string{"Content-Type", "Content-Length", "Content-Disposition", "X-Request-Id"}, name)
		for _, value := range values {
			require.NotContains(g.t, value, "\n")
			require.NotContains(g.t, value, "Set-Cookie")
			require.NotContains(g.t, value, "..")
		}
	}
}

// TestTheLastOfTwoEqualKeysCounts, as it does for the auth server, which looks at the same body first.
func TestTheLastOfTwoEqualKeysCounts(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.done(
		"POST /entry/create",
		g.student,
		fmt.Sprintf(`{"selectedTimes":[%d],"selectedTimes":[%d]}`, s.monday, s.tuesday),
	)
	require.Equal(t, []int{s.tuesday}, g.held(g.student))
	g.refused(
		"InvalidRequestException",
		"POST /entry/create",
		g.student,
		fmt.Sprintf(`{"selectedTimes":[%d],"selectedTimes":"x"}`, s.monday),
	)
	g.done("POST /entry/create", g.student, fmt.Sprintf(`{"selectedTimes":"x","selected\u0054imes":[%d]}`, s.monday))
	require.Equal(t, []int{s.monday}, g.held(g.student), "however it is spelled")
}
