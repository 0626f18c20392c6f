package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPosts(t *testing.T) {
	t.Parallel()
	for family, other := range map[string]string{"gym-news": "new", "new": "gym-news"} {
		t.Run(family, func(t *testing.T) {
			g := newGym(t, "2026-12-31 23:30") // in UTC still the afternoon
			create := func(body string) object { return g.one("POST /"+family+"/create", g.admin, object{"body": body}) }
			first := create("Зал <b>закрыт</b> & «точка»\n\t🙂")
			require.Equal(
				t,
				object{"id": first["id"], "body": "Зал <b>закрыт</b> & «точка»\n\t🙂", "createTime": "31.12.2026"},
				first,
			)
			g = g.at("2027-01-01 00:30")
			second := create("Второе")
			require.Equal(t, "01.01.2027", second["createTime"])
			third := create(strings.Repeat("я", 100_000))
			list := func(endpoint string) []object { return g.many(endpoint, g.admin, nil) }
			require.Equal(t, []object{first, second, third}, list("GET /"+family+"/get"), "by id")
			require.Equal(t, []object{first, second, third}, list("POST /"+family+"/get-any"))
			require.Empty(t, list("GET /"+other+"/get"), "two kinds of posts")

			edited := g.at("2027-01-05 10:00").
				one("PUT /"+family+"/edit", g.admin, object{"id": second.integer(t, "id"), "body": "Новое"})
			second["body"] = "Новое"
			require.Equal(t, second, edited, "createTime stays")

			gone := first.integer(t, "id")
			require.Equal(t, object{"result": true}, g.one("DELETE /"+family+"/delete", g.admin, object{"id": gone}))
			require.Equal(t, []object{second, third}, list("GET /"+family+"/get"))
			require.Equal(t, []object{first, second, third}, list("POST /"+family+"/get-any"), "deleted ones too")
			for _, id := range []int{gone, 2_000_000} {
				g.refused("DataBaseException", "DELETE /"+family+"/delete", g.admin, object{"id": id})
				g.refused("DataBaseException", "PUT /"+family+"/edit", g.admin, object{"id": id, "body": "Поздно"})
			}
			g.refused("DataBaseException", "DELETE /"+other+"/delete", g.admin, object{"id": second.integer(t, "id")})
			g.refused(
				"DataBaseException",
				"PUT /"+other+"/edit",
				g.admin,
				object{"id": second.integer(t, "id"), "body": "Чужое"},
			)
			require.Equal(t, []object{second, third}, list("GET /"+family+"/get"))
		})
	}
}
