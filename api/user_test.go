package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// hid is what the auth server computes and compares itself: docs/operations.md, "An old auth server".
func (g gym) hid(card int, password string) string {
	g.t.Helper()
	var pepper string
	require.NoError(
		g.t,
		g.db.Owner.QueryRow(g.t.Context(), "select value from gym.secrets where name = 'pepper'").Scan(&pepper),
	)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s%d%s%s", pepper, card, password, pepper))
	return hex.EncodeToString(sum[:])
}

func (g gym) storedHid(user int) (hid string) {
	g.t.Helper()
	require.NoError(g.t, g.db.Owner.QueryRow(g.t.Context(), "select hid from gym.users where id = $1", user).Scan(&hid))
	return hid
}

// person is somebody as an administrator sees him.
func (g gym) person(id int) object {
	g.t.Helper()
	for _, user := range g.many("GET /user/get", g.admin, object{"deleted": true}) {
		if user.integer(g.t, "id") == id {
			return user
		}
	}
	require.Fail(g.t, "nobody has that id", "%d", id)
	return nil
}

func TestUserCreate(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	user := g.one("POST /user/create", g.admin, newPerson(20210007))
	id := user.integer(t, "id")
	require.Equal(t, object{
		"id": number(id), "firstname": "Иван", "secondname": "Иванов", "surname": "Иванович", "group": "ИС-21",
		"studentCard": number(20210007), "role": "STUDENT", "image": nil,
	}, user)
	require.Equal(t, g.hid(20210007, "сложный-пароль"), g.storedHid(id), "as the auth server compares it")
	g.done("GET /gym-news/get", id, nil)

	taken := newPerson(20210007)
	taken["firstname"] = "Пётр"
	g.refused("LogicError", "POST /user/create", g.admin, taken)
	g.done("DELETE /user/delete-any", g.admin, object{"id": id})
	g.refused("LogicError", "POST /user/create", g.admin, taken) // the card stays taken

	short := newPerson(20210008)
	short["password"] = "семь777"
	g.refused("LogicError", "POST /user/create", g.admin, short)
	for n, role := range []string{"STUDENT", "COACH", "ADMIN", "BLOCKED"} {
		person := newPerson(20210100 + n)
		person["role"] = role
		person["password"] = "12345678"
		require.Equal(t, role, g.one("POST /user/create", g.admin, person)["role"])
	}
	odd := newPerson(2147483647)
	maps.Copy(
		odd,
		object{
			"firstname":  `О'Нил "<&>; --`,
			"secondname": "Ёж 🦔",
			"surname":    "",
			"image":      "x.png",
			"id":         1,
			"deleted":    true,
		},
	)
	user = g.one("POST /user/create", g.admin, odd)
	require.Equal(t, odd["firstname"], user["firstname"])
	require.Equal(t, odd["secondname"], user["secondname"])
	require.Equal(t, "", user["surname"], "a patronymic may be empty")
	require.Nil(t, user["image"], "not hers to set")
	require.NotEqual(t, number(1), user["id"])
}

func TestUserGet(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	gone := g.db.User(t, "STUDENT")
	_, err := g.db.Owner.Exec(t.Context(), "update gym.users set image = 'faces/7.png' where id = $1", g.coach)
	require.NoError(t, err)
	g.done("DELETE /user/delete-any", g.admin, object{"id": gone})
	ids := func(body any) (all []int) {
		for _, user := range g.many("GET /user/get", g.coach, body) {
			all = append(all, user.integer(t, "id"))
		}
		return all
	}
	require.Equal(t, []int{g.student, g.blocked, g.coach, g.admin}, ids(nil))
	require.Equal(t, []int{g.student, g.blocked, g.coach, g.admin}, ids(object{"deleted": false}))
	require.Equal(t, []int{g.student, g.blocked, g.coach, g.admin, gone}, ids(object{"deleted": true}))
	require.Equal(t, []int{g.student}, ids(object{"role": "STUDENT"}))
	require.Equal(t, []int{g.student, gone}, ids(object{"role": "STUDENT", "deleted": true}))
	require.Equal(t, []int{g.blocked}, ids(object{"role": "BLOCKED"}))
	require.Equal(t, "faces/7.png", g.person(g.coach)["image"])
}

func TestUserEdit(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	before := g.person(g.student)
	after := g.one("PUT /user/edit", g.student, object{"firstname": "Анна", "group": "ИС-22"})
	want := maps.Clone(before)
	delete(want, "id")
	want["firstname"], want["group"] = "Анна", "ИС-22"
	require.Equal(t, want, after)

	for _, nothing := range []any{nil, object{}, object{"firstname": "", "secondname": "", "surname": "", "group": ""}, object{"firstname": nil}} {
		require.Equal(t, want, g.one("PUT /user/edit", g.student, nothing), "%v", nothing)
	}
	hid := g.storedHid(g.student)
	require.Equal(t, want, g.one("PUT /user/edit", g.student, object{
		"id": g.admin, "role": "ADMIN", "studentCard": 5, "image": "x", "deleted": true, "hid": "x", "password": "пароль-новый", "newPassword": "пароль-новый",
	}), "nothing else is his to change")
	require.Equal(t, hid, g.storedHid(g.student))
	require.Equal(t, "Имя"+fmt.Sprint(g.admin), g.person(g.admin)["firstname"])

	all := object{"firstname": "А", "secondname": "Б", "surname": "В", "group": "Г"}
	after = g.one("PUT /user/edit", g.blocked, all)
	for field, value := range all {
		require.Equal(t, value, after[field])
	}
}

func TestUserEditPassword(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	user := g.one("POST /user/create", g.admin, newPerson(555)).integer(t, "id")
	change := func(old, fresh string) object { return object{"oldPassword": old, "newPassword": fresh} }
	wrong := g.refused("LogicError", "PUT /user/edit-password", user, change("не-тот-пароль", "новый-пароль"))
	short := g.refused("LogicError", "PUT /user/edit-password", user, change("сложный-пароль", "семь777"))
	require.NotEqual(t, wrong.message, short.message)
	g.refused("LogicError", "PUT /user/edit-password", user, change("сложный-пароль", ""))
	require.Equal(t, g.hid(555, "сложный-пароль"), g.storedHid(user), "nothing changed")

	require.Equal(
		t,
		object{"result": true},
		g.one("PUT /user/edit-password", user, change("сложный-пароль", "новый-па")),
	)
	require.Equal(t, g.hid(555, "новый-па"), g.storedHid(user))
	g.refused("LogicError", "PUT /user/edit-password", user, change("сложный-пароль", "ещё-новее-пароль"))
	g.done("PUT /user/edit-password", user, change("новый-па", "ещё-новее-пароль"))
	// A disabled log-in (the hash of nothing) has no old password that would fit.
	g.refused("LogicError", "PUT /user/edit-password", g.student, change("-", "новый-пароль"))
}

func TestUserEditAny(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	user := g.one("POST /user/create", g.admin, newPerson(555))
	id := user.integer(t, "id")
	want := maps.Clone(user)
	want["secondname"] = "Петров"
	require.Equal(t, want, g.one("PUT /user/edit-any", g.admin, object{"id": id, "secondname": "Петров"}))
	require.Equal(
		t,
		want,
		g.one("PUT /user/edit-any", g.admin, object{"id": id, "firstname": "", "group": "", "newPassword": ""}),
	)
	require.Equal(t, g.hid(555, "сложный-пароль"), g.storedHid(id))
	require.Equal(
		t,
		want,
		g.one(
			"PUT /user/edit-any",
			g.admin,
			object{"id": id, "newPassword": "от-админа", "role": "ADMIN", "studentCard": 1},
		),
	)
	require.Equal(t, g.hid(555, "от-админа"), g.storedHid(id))
	g.refused("LogicError", "PUT /user/edit-any", g.admin, object{"id": id, "newPassword": "семь777"})
	g.refused("DataBaseException", "PUT /user/edit-any", g.admin, object{"id": 2_000_000, "firstname": "А"})
	g.done("DELETE /user/delete-any", g.admin, object{"id": id})
	g.refused("DataBaseException", "PUT /user/edit-any", g.admin, object{"id": id, "firstname": "А"})
	require.Equal(t, want, g.person(id))
}

func TestUserDeleteAny(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	past := g.at("2026-11-01 10:00")
	old := past.one("POST /entry/create-any", g.admin, object{"selectedTime": s.now, "user": g.student})
	// The same person holds a seat of a month that is over by the time he is deleted, and one to come.
	g.choose(g.student, s.monday, s.tuesday)
	later := g.at("2026-12-10 10:00")
	later.done("POST /entry/create-any", g.admin, object{"selectedTime": s.later, "user": g.student})

	require.Equal(t, object{"result": true}, later.one("DELETE /user/delete-any", g.admin, object{"id": g.student}))
	later.refused("DataBaseException", "DELETE /user/delete-any", g.admin, object{"id": g.student})
	later.refused("DataBaseException", "DELETE /user/delete-any", g.admin, object{"id": 2_000_000})
	later.refused("AccessRightsException", "GET /gym-news/get", g.student, nil) // whoever is deleted may nothing

	held, ever := []object{}, 0
	for _, month := range []string{"11-2026", "12-2026", "01-2027"} {
		held = append(held, later.many("POST /entry/get-any", g.coach, object{"month": month})...)
		ever += len(later.many("POST /entry/get-any", g.coach, object{"month": month, "deleted": true}))
	}
	require.Len(t, held, 1, "seats from today on are freed, the months before stay")
	require.Equal(t, old["id"], held[0]["id"])
	require.Equal(t, 4, ever, "the history stays")
	require.Equal(t, 2, later.seats(s.later))
	require.Equal(t, "STUDENT", later.person(g.student)["role"])
	later.audit()
}
