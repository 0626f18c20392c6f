package auth_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestACoachGivesCodes goes through the pages: slips for a group, a code for a person, and a student who registers.
func TestACoachGivesCodes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	coach, student := r.person(1000001, "COACH"), r.person(12345678, "STUDENT")
	r.exec(`insert into gym.roster (card, given, family, patronymic, "group", added_at)
		values (20210007, 'Анна', 'Белова', 'Юрьевна', 'БИ-42', now())`)
	b := r.browser()
	require.Equal(
		t,
		http.StatusSeeOther,
		b.form("/login", "card=1000001&password="+strings.ReplaceAll(right, " ", "+")).status,
	)

	require.Contains(t, b.ask("GET page /slips", nil).raw, "БИ-42")
	a := b.form("/slips", "group=БИ-42")
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	code := codeOn(r, a.raw)

	// Her code makes her account.
	anna := r.browser()
	a = anna.form("/claim", "card=20210007&code="+code+"&password=another-password")
	require.Equal(t, http.StatusSeeOther, a.status, a.raw)
	require.Contains(t, anna.ask("GET page /account", nil).raw, "Белова")
	require.Equal(t, http.StatusForbidden, anna.form("/slips", "group=БИ-42").status, "no student prints codes")

	require.Equal(t, http.StatusUnprocessableEntity, b.form("/slips", "group=БИ-42").status, "nobody is left")
	a = b.form("/person/code", "id="+strconv.Itoa(student))
	require.Equal(t, http.StatusOK, a.status, a.raw)
	codeOn(r, a.raw)
	a = b.form("/person/code", "id="+strconv.Itoa(coach))
	require.Equal(t, http.StatusUnprocessableEntity, a.status, "codes of coaches are the administrator's")
	require.NotRegexp(t, code, a.raw)
}

// codeOn returns the code that a page shows. No log may contain it.
func codeOn(r *rig, page string) string {
	r.t.Helper()
	found := regexp.MustCompile(`code">([A-Z0-9]{4}-[A-Z0-9]{4})<`).FindStringSubmatch(page)
	require.Len(r.t, found, 2, page)
	r.keepSecret(found[1])
	return found[1]
}
