package api_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/dbtest"
	"energiya/internal/password"
)

// TestPasswordsAreHashedHere: with the pepper this server hashes passwords, also once the old hashes are retired.
func TestPasswordsAreHashedHere(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	admin := database.User(t, "ADMIN")
	var pepper password.Pepper
	require.NoError(
		t,
		database.Owner.QueryRow(t.Context(), `select value from gym.secrets where name = 'pepper'`).Scan(&pepper),
	)
	with := func(pepper password.Pepper) client {
		o := options(database.Server(t))
		o.Pepper = pepper
		return client{t: t, handler: api.New(o)}
	}
	c := with(pepper)
	fits := func(id int, card, typed string) bool {
		var fits bool
		var p password.Params
		require.NoError(t, database.Owner.QueryRow(t.Context(), `select rules.salt($1)`, card).Scan(&p.Salt))
		p.Memory, p.Passes, p.Lanes = 19456, 2, 1
		hid := pepper.Hid(card, typed)
		require.NoError(t, database.Owner.QueryRow(t.Context(), `
			select v.digest = rules.digest($2, $3) from gym.verifiers v where v.user_id = $1`,
			id, password.Proof(hid, p), hid).Scan(&fits))
		return fits
	}

	person := c.one("POST /user/create", admin, newPerson(12345678)).integer(t, "id")
	require.True(t, fits(person, "12345678", "сложный-пароль"))
	c.refused(
		"LogicError",
		"PUT /user/edit-password",
		person,
		object{"oldPassword": "не тот пароль", "newPassword": "новый пароль"},
	)
	c.refused(
		"LogicError",
		"PUT /user/edit-password",
		person,
		object{"oldPassword": "сложный-пароль", "newPassword": "кратко"},
	)
	c.done("PUT /user/edit-password", person, object{"oldPassword": "сложный-пароль", "newPassword": "новый пароль"})
	require.True(t, fits(person, "12345678", "новый пароль"))
	c.done("PUT /user/edit-any", admin, object{"id": person, "newPassword": "от администратора"})
	require.True(t, fits(person, "12345678", "от администратора"))
	c.done("PUT /user/edit-any", admin, object{"id": person, "firstname": "Пётр"})
	require.True(t, fits(person, "12345678", "от администратора"), "no password, no change")

	// What a client calls a proof is none.
	forged := object{"length": 20, "hid": pepper.Hid("12345678", "x"), "proof": string(make([]byte, 64))}
	c.ask("PUT /user/edit-any", admin, object{"id": person, "passwordProof": forged})
	require.True(t, fits(person, "12345678", "от администратора"))

	// A server with another pepper changes nothing, and shows nothing of why.
	wrong := with(
		"another pepper",
	).ask("PUT /user/edit-any", admin, object{"id": person, "newPassword": "чужой пароль"})
	require.Equal(t, http.StatusInternalServerError, wrong.status)
	require.True(t, fits(person, "12345678", "от администратора"))

	// The old hashes are retired.
	_, err := database.Owner.Exec(t.Context(), `select api.set_setting('legacy_hid', 'false')`)
	require.NoError(t, err)
	second := c.one("POST /user/create", admin, newPerson(12345679)).integer(t, "id")
	require.True(t, fits(second, strconv.Itoa(12345679), "сложный-пароль"))
	c.done("PUT /user/edit-password", second, object{"oldPassword": "сложный-пароль", "newPassword": "новый пароль"})
	require.True(t, fits(second, "12345679", "новый пароль"))
	refused := with(
		"",
	).refused("InvalidRequestException", "PUT /user/edit-any", admin, object{"id": second, "newPassword": "открытый пароль"})
	require.Equal(t, "password_in_clear", refused.rule)
}
