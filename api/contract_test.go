package api_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/dbtest"
)

// Moments of the gym's clock. In November 2026 enrolment for December is open from the 25th, 12:00,
// to the 30th, 00:00.
const (
	whileOpen   = "2026-11-26 10:00"
	whileClosed = "2026-11-24 10:00"
	nextMonth   = "12-2026"
	thisMonth   = "11-2026"
)

// gym is a database with a person of each role, and a client whose clock stands still.
type gym struct {
	client
	db                             *dbtest.DB
	pool                           *pgxpool.Pool // of the owner, with the gym's clock
	student, blocked, coach, admin int
}

func newGym(t testing.TB, now string) gym {
	db := dbtest.New(t)
	pool := db.At(t, now)
	return gym{
		client: newClient(t, pool), db: db, pool: pool,
		student: db.User(
			t,
			"STUDENT",
		), blocked: db.User(t, "BLOCKED"), coach: db.User(t, "COACH"), admin: db.User(t, "ADMIN"),
	}
}

// at is the same gym at another time.
func (g gym) at(now string) gym {
	g.pool = g.db.At(g.t, now)
	g.client = newClient(g.t, g.pool)
	return g
}

// with is the same gym for a subtest.
func (g gym) with(t testing.TB) gym {
	g.t = t
	return g
}

// slot makes a slot over the wire and gives its id.
func (g gym) slot(month string, weekday int, time string, seats int) int {
	g.t.Helper()
	return g.one("POST /avtime/create", g.admin, object{"weekday": weekday, "time": time, "numberOfPersons": seats, "month": month}).
		integer(g.t, "id")
}

// seats are the free seats of a slot.
func (g gym) seats(slot int) int {
	g.t.Helper()
	for _, s := range g.many("POST /avtime/get-any", g.admin, nil) {
		if s.integer(g.t, "id") == slot {
			return s.integer(g.t, "freeSeats")
		}
	}
	require.Fail(g.t, "no such slot", "%d", slot)
	return 0
}

// held are the slots that a person holds next month, in the order of the enrolments.
func (g gym) held(user int) []int {
	g.t.Helper()
	held := []int{}
	for _, e := range g.many("POST /entry/get", user, object{"month": "next"}) {
		held = append(held, e.object(g.t, "selectedTime").integer(g.t, "id"))
	}
	return held
}

// choose sends a student's whole choice, which must be taken.
func (g gym) choose(user int, slots ...int) any {
	g.t.Helper()
	return g.done("POST /entry/create", user, choice(slots...))
}

func choice(slots ...int) object { return object{"selectedTimes": append([]int{}, slots...)} }

// audit requires that every invariant holds, by the gym's clock.
func (g gym) audit() {
	g.t.Helper()
	audit(g.t, g.pool)
}

func audit(t testing.TB, owner *pgxpool.Pool) {
	t.Helper()
	// A test that is being cleaned up has no context any more.
	rows, err := owner.Query(context.WithoutCancel(t.Context()), "select invariant, violations, query from api.audit()")
	require.NoError(t, err)
	defer rows.Close()
	checked := 0
	for rows.Next() {
		var invariant, query string
		var violations int
		require.NoError(t, rows.Scan(&invariant, &violations, &query))
		require.Zero(t, violations, "%s: %s", invariant, query)
		checked++
	}
	require.NoError(t, rows.Err())
	require.NotZero(t, checked)
}

// The shapes of openapi.yaml, in the words of shape().
const (
	slotShape          = `{id:int month:str time:str weekday:int}`
	slotAvailableShape = `{available:bool id:int month:str time:str weekday:int}`
	slotOfferedShape   = `{available:bool id:int month:str place:null time:str waiting:int weekday:int}`
	positionShape      = `{closesAt:str id:int insteadOf:null place:int selectedTime:` + slotShape + ` since:str waiting:int}`
	slotCountedShape   = `{freeSeats:int id:int month:str numberOfPersons:int time:str weekday:int}`
	userShape          = `{firstname:str group:str id:int image:null role:str secondname:str studentCard:int surname:str}`
	ownUserShape       = `{firstname:str group:str image:null role:str secondname:str studentCard:int surname:str}`
	entryShape         = `{id:int selectedTime:` + slotShape + `}`
	entryAnyShape      = `{id:int selectedTime:` + slotShape + ` user:` + userShape + `}`
	postShape          = `{body:str createTime:str id:int}`
	openingShape       = `{openingDay:int status:bool}`
	visitShape         = `{date:str id:int mark:int marked:bool time:str user:` + userShape + `}`
	closedShape        = `{endDate:str id:int reason:str runsAs:null startDate:str}`
	movedShape         = `{endDate:str id:int reason:str runsAs:int startDate:str}`
	absencesShape      = `{absences:[] blocked:bool blockedUntil:null limit:int month:str}`
	doneShape          = `{result:bool}`

	windowShape = `{absencesToBlock:int byHand:bool closesAt:str mayEnrol:bool message:null month:str ` +
		`nextTurn:str open:bool opensAt:str opensFor:str rule:null serverTime:str slotsPerStudent:int timeZone:str today:str}`
	seatsShape = `{askAgain:int byHand:bool closesAt:str month:str open:bool opensAt:str opensFor:str ` +
		`slots:[{freeSeats:int id:int numberOfPersons:int time:str waiting:int weekday:int}] slotsPerStudent:int}`
	lessonHeadShape = `mayMark:bool moved:bool numberOfPersons:int off:null`
	ownLessonsShape = `{closures:[] from:str lessons:[{ahead:bool date:str id:int mark:int marked:bool moved:bool ` +
		`reason:null slot:int time:str weekday:int}] months:[{absent:int ahead:int cancelled:int excused:int held:int ` +
		`month:str present:int unmarked:int}] to:str totals:{absent:int ahead:int cancelled:int excused:int held:int ` +
		`present:int unmarked:int}}`
	lessonsShape = `{lessons:[{absent:int begun:bool current:bool date:str excused:int ` + lessonHeadShape +
		` people:int present:int reason:null slot:int time:str unmarked:int weekday:int}] serverTime:str today:str}`
	lessonShape = `{absencesToBlock:int begun:bool date:str ` + lessonHeadShape + ` people:[{absences:int blocked:bool ` +
		`id:int mark:int marked:bool pardoned:bool setAt:str setBy:{id:int name:str} user:` + userShape +
		` version:str}] reason:null rule:null slot:int time:str unmarked:int weekday:int}`
	editedShape = `{lesson:` + lessonShape + ` results:[{id:int rule:null saved:bool text:null}]}`
	gymShape    = `{about:str absencesToBlock:int address:str coach:str contact:str lessonMinutes:int name:str ` +
		`slotsPerStudent:int timeZone:str times:[{time:str weekday:int}]}`
	plainRulesShape = `{numbers:{absencesToBlock:int closesAt:str coachMarksDays:int opensAt:str opensOnDay:int ` +
		`rosterOnly:bool seatsPerSlot:int slotsMadeOnDay:int slotsPerStudent:int unmarkedIsAbsent:bool} ` +
		`rules:[{rule:str text:str textEn:str}]}`
	statisticsShape = `{from:str slots:[{absent:int came:int enrolled:int excused:int lessons:int refused:int seats:int ` +
		`time:str weekday:int}] to:str totals:{absent:int came:int ` +
		`enrolled:int excused:int lessons:int refused:int seats:int}}`
	listShape  = `{people:[{entry:int since:str user:` + userShape + `}] slot:` + slotCountedShape + ` waiting:[]}`
	blockShape = `{absences:[] barsFrom:null byHand:bool id:int liftReason:null liftedOn:null month:null reason:str ` +
		`since:str standing:bool until:null}`
)

// previewShapes are the rows of each report's preview.
var previewShapes = map[string]string{
	"visits": `{group:str isBlocked:bool marks:[{date:str mark:int marked:bool time:str}] name:str studentCard:int}`,
	"occupancy": `{absent:int came:int date:str enrolled:int excused:int numberOfPersons:int ` +
		`refused:int state:str time:str}`,
	"term": `{absent:int attended:int blocks:int excused:int group:str held:int name:str studentCard:int}`,
	"blocked": `{absences:str firstDay:str group:str lastDay:null liftReason:null liftedBy:null liftedOn:null name:str ` +
		`reason:str studentCard:int}`,
}

// TestEveryEndpointAnswersInItsShape goes once through all of openapi.yaml.
func TestEveryEndpointAnswersInItsShape(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	asked := map[string]bool{}
	ask := func(want, endpoint string, actor int, body any) any {
		t.Helper()
		asked[strings.Replace(endpoint, " ", " /api/v1", 1)] = true
		data := g.done(endpoint, actor, body)
		require.Equal(t, want, shape(data), endpoint)
		return data
	}
	id := func(data any) int {
		t.Helper()
		return asObject(t, data).integer(t, "id")
	}

	slot := id(
		ask(
			slotAvailableShape,
			"POST /avtime/create",
			g.admin,
			object{"weekday": 0, "time": "16:00", "numberOfPersons": 12, "month": nextMonth},
		),
	)
	ask("["+slotOfferedShape+"]", "GET /avtime/get", g.student, nil)
	ask("["+slotCountedShape+"]", "POST /avtime/get-any", g.coach, nil)
	ask(slotCountedShape, "PUT /avtime/edit", g.admin, object{"id": slot, "numberOfPersons": 10})

	ask(openingShape, "GET /entry/check-open", g.student, nil)
	ask(windowShape, "GET /entry/window", g.student, nil)
	ask(seatsShape, "GET /avtime/seats", nobody, nil)
	ask(userShape, "GET /user/own", g.student, nil)
	ask("["+blockShape+"]", "GET /user/blocks", g.blocked, nil)
	ask(openingShape, "POST /entry/change-open", g.admin, object{"status": true, "openingDay": 20})
	ask("[{error:bool selectedTime:int text:null}]", "POST /entry/create", g.student, choice(slot))
	entries := ask("["+entryShape+"]", "POST /entry/get", g.student, object{"month": "next"}).([]any)
	ask("["+entryAnyShape+"]", "POST /entry/get-any", g.coach, object{"month": nextMonth})
	require.Equal(
		t,
		object{"result": true},
		asObject(t, ask(doneShape, "DELETE /entry/delete", g.student, object{"id": id(entries[0])})),
	)
	ask("[]", "POST /entry/get", g.student, object{"month": "next"})
	entry := id(ask(entryAnyShape, "POST /entry/create-any", g.admin, object{"selectedTime": slot, "user": g.student}))
	ask(doneShape, "DELETE /entry/delete-any", g.admin, object{"id": entry})
	ask(positionShape, "POST /wait/create", g.student, object{"selectedTime": slot})
	ask("["+positionShape+"]", "GET /wait/get", g.student, nil)
	ask("[]", "GET /wait/get", g.coach, nil)
	ask("[{error:bool place:int rule:null selectedTime:int text:str waiting:int}]", "POST /entry/create", g.student,
		object{"selectedTimes": []int{}, "wait": []int{slot}})
	ask(doneShape, "DELETE /wait/delete", g.student, object{"selectedTime": slot})
	ask(doneShape, "DELETE /avtime/delete", g.admin, object{"id": slot})

	today := g.slot(thisMonth, 3, "16:00", 2)
	g.done("POST /entry/create-any", g.admin, object{"selectedTime": today, "user": g.student})
	lesson := object{"date": "2026-11-26", "time": "16:00"}
	mark := id(ask("["+visitShape+"]", "POST /visit/get", g.coach, nil).([]any)[0])
	ask(visitShape, "PUT /visit/edit", g.coach, object{"id": mark, "mark": 1})
	ask(
		"["+visitShape+"]",
		"POST /visit/mark-lesson",
		g.coach,
		object{"date": "2026-11-26", "time": "16:00", "present": []int{g.student}},
	)
	ask(doneShape, "POST /visit/cancel-lesson", g.coach, lesson)
	ask(doneShape, "POST /visit/restore-lesson", g.coach, lesson)
	ask(absencesShape, "GET /user/absences", g.student, nil)
	ask(ownLessonsShape, "POST /visit/own", g.student, nil)
	ask(lessonsShape, "POST /visit/lessons", g.coach, nil)
	ask(lessonShape, "POST /visit/lesson", g.coach, lesson)
	ask(editedShape, "PUT /visit/edit-lesson", g.coach, object{"date": "2026-11-26", "time": "16:00",
		"marks": []object{{"id": mark, "version": "", "mark": 1}}})
	ask("{absences:"+absencesShape+" blocks:[] "+strings.TrimSuffix(ownLessonsShape[1:], "}")+" user:"+userShape+"}",
		"POST /visit/person", g.coach, object{"user": g.student})
	ask("["+listShape+"]", "POST /entry/lists", g.coach, nil)
	ask(gymShape, "GET /gym/get", nobody, nil)
	ask(plainRulesShape, "GET /gym/rules", nobody, nil)
	november := object{"startDate": "2026-11-01", "endDate": "2026-11-30"}
	ask(statisticsShape, "POST /report/statistics", g.coach, november)
	for kind, rowShape := range previewShapes {
		shown := object{"kind": kind, "startDate": "2026-11-26", "endDate": "2026-12-31"}
		days := "days:[{absent:int date:str excused:int present:int}]"
		if kind == "blocked" {
			days = "days:[]"
			// This person was blocked when the test began, by the clock of the database.
			var from, to string
			require.NoError(t, g.db.Owner.QueryRow(t.Context(),
				"select rules.today()::text, (rules.today() + 7)::text").Scan(&from, &to))
			shown["startDate"], shown["endDate"] = from, to
		}
		ask(
			"{count:int "+days+" from:str group:null kind:str rows:["+rowShape+"] to:str totals:{absent:int excused:int "+
				"lessons:int present:int}}",
			"POST /report/preview",
			g.coach,
			shown,
		)
	}
	ask("["+userShape+"]", "POST /user/find", g.coach, object{"text": fmt.Sprint(g.student)})

	closed := id(
		ask(
			closedShape,
			"POST /closure/create",
			g.admin,
			object{"startDate": "2026-12-31", "endDate": "2027-01-08", "reason": "Каникулы"},
		),
	)
	ask("["+closedShape+"]", "GET /closure/get", g.student, nil)
	ask(doneShape, "DELETE /closure/delete", g.admin, object{"id": closed})
	ask(
		movedShape,
		"POST /closure/create",
		g.admin,
		object{"startDate": "2026-12-05", "runsAs": 0, "reason": "Перенос"},
	)

	person := id(ask(userShape, "POST /user/create", g.admin, newPerson(900001)))
	ask("["+userShape+"]", "GET /user/get", g.coach, nil)
	ask(ownUserShape, "PUT /user/edit", person, object{"group": "ИС-22"})
	ask(
		doneShape,
		"PUT /user/edit-password",
		person,
		object{"oldPassword": "сложный-пароль", "newPassword": "другой-пароль"},
	)
	ask(userShape, "PUT /user/edit-any", g.admin, object{"id": person, "group": "ИС-23"})
	ask(doneShape, "DELETE /user/delete-any", g.admin, object{"id": person})

	for family, author := range map[string]int{"gym-news": g.coach, "new": g.admin} {
		post := id(ask(postShape, "POST /"+family+"/create", author, object{"body": "Зал закрыт."}))
		ask("["+postShape+"]", "GET /"+family+"/get", g.student, nil)
		ask("["+postShape+"]", "POST /"+family+"/get-any", g.admin, nil)
		ask(postShape, "PUT /"+family+"/edit", author, object{"id": post, "body": "Зал открыт."})
		ask(doneShape, "DELETE /"+family+"/delete", author, object{"id": post})
		ask("[]", "GET /"+family+"/get", g.student, nil)
	}

	// Reports answer with a file: see TestReportIsTheFile.
	all := slices.DeleteFunc(
		routes(t, g.handler),
		func(route string) bool { return !strings.Contains(route, "/api/") || isReport(route) },
	)
	require.Equal(t, all, slices.Sorted(maps.Keys(asked)), "every endpoint was asked")
	g.audit()
}

// isReport reports whether a route answers with a file.
func isReport(route string) bool {
	return strings.Contains(route, "/report/") &&
		!strings.HasSuffix(route, "/preview") && !strings.HasSuffix(route, "/statistics")
}

// rights is the table of who may call what, as agreed, written down again.
var rights = []struct {
	roles     string
	endpoints string
}{
	{"NOBODY STUDENT BLOCKED COACH ADMIN", "GET /new/get, GET /entry/window, GET /avtime/seats, " +
		"GET /gym/get, GET /gym/rules"},
	{"STUDENT BLOCKED COACH ADMIN", "GET /user/own, GET /user/blocks, POST /visit/own"},
	{"COACH ADMIN", "POST /visit/lessons, POST /visit/lesson, PUT /visit/edit-lesson, POST /visit/person, " +
		"POST /user/find, POST /entry/lists, POST /report/preview, POST /report/statistics"},
	{
		"STUDENT BLOCKED COACH ADMIN",
		"GET /gym-news/get, POST /entry/get, PUT /user/edit, PUT /user/edit-password, GET /user/absences, GET /closure/get",
	},
	{"STUDENT BLOCKED ADMIN", "DELETE /entry/delete, POST /wait/create, DELETE /wait/delete"},
	{"STUDENT BLOCKED COACH ADMIN", "GET /wait/get"},
	{"STUDENT BLOCKED COACH ADMIN", "GET /avtime/get, GET /entry/check-open"},
	{"STUDENT BLOCKED ADMIN", "POST /entry/create"},
	{
		"COACH ADMIN",
		"POST /gym-news/create, PUT /gym-news/edit, DELETE /gym-news/delete, POST /avtime/get-any, POST /entry/get-any, GET /user/get, " +
			"POST /visit/get, PUT /visit/edit, POST /visit/mark-lesson, POST /visit/cancel-lesson, POST /visit/restore-lesson, " +
			"POST /report/visits, POST /report/occupancy, POST /report/term, POST /report/blocked",
	},
	{
		"ADMIN",
		"POST /avtime/create, PUT /avtime/edit, DELETE /avtime/delete, POST /entry/create-any, POST /entry/change-open, " +
			"DELETE /entry/delete-any, POST /user/create, PUT /user/edit-any, DELETE /user/delete-any, POST /gym-news/get-any, " +
			"POST /new/create, PUT /new/edit, DELETE /new/delete, POST /new/get-any, POST /closure/create, DELETE /closure/delete",
	},
}

func TestRights(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	gone := g.db.User(t, "ADMIN")
	g.done("DELETE /user/delete-any", g.admin, object{"id": gone})
	actors := []struct {
		role string
		id   int
	}{
		{"NOBODY", nobody}, {"STUDENT", g.student}, {"BLOCKED", g.blocked}, {"COACH", g.coach}, {"ADMIN", g.admin},
		{"UNKNOWN", 2_000_000_000}, {"GONE", gone},
	}
	doc, err := description()
	require.NoError(t, err)
	var told []string
	for _, row := range rights {
		roles := strings.Fields(row.roles)
		for endpoint := range strings.SplitSeq(row.endpoints, ", ") {
			told = append(told, strings.Replace(endpoint, " ", " /api/v1", 1))
			for _, actor := range actors {
				t.Run(endpoint+" "+actor.role, func(t *testing.T) {
					c := g.with(t).client
					// With no fields at all: rights come before fields.
					a := c.ask(endpoint, actor.id, object{})
					anybody := slices.Contains(roles, "NOBODY")
					if anybody || slices.Contains(roles, actor.role) {
						require.NotEqual(t, "AccessRightsException", a.errType, "%s", a.raw)
						require.Contains(t, []string{"", "InvalidRequestException"}, a.errType, "%s", a.raw)
						return
					}
					require.Equal(t, "AccessRightsException", a.errType, "%s", a.raw)
					require.Equal(t, 403, a.status)
					requireRussian(t, a.message)
				})
			}

			method, path, _ := strings.Cut(endpoint, " ")
			described := doc.Paths.Find("/api/v1" + path).GetOperation(method).Extensions["x-roles"]
			want := strings.Fields(row.roles)
			if slices.Contains(want, "NOBODY") {
				want = []string{"ANYBODY"}
			}
			require.ElementsMatch(t, want, described, "x-roles of %s", endpoint)
		}
	}
	slices.Sort(told)
	all := slices.DeleteFunc(routes(t, g.handler), func(route string) bool { return !strings.Contains(route, "/api/") })
	require.Equal(t, all, told, "the table names every endpoint once")
}

func TestRightsFollowTheTable(t *testing.T) {
	t.Parallel()
	// A DBA's change of the table counts at once.
	g := newGym(t, whileOpen)
	g.refused("AccessRightsException", "GET /user/get", g.student, nil)
	_, err := g.db.Owner.Exec(
		t.Context(),
		"update gym.rights set roles = roles || 'STUDENT'::gym.userrole where endpoint = 'user/get'",
	)
	require.NoError(t, err)
	g.done("GET /user/get", g.student, nil)
	_, err = g.db.Owner.Exec(t.Context(), "delete from gym.rights where endpoint = 'user/get'")
	require.NoError(t, err)
	g.refused("AccessRightsException", "GET /user/get", g.admin, nil)
}

func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileClosed)
	tooLarge := strings.Repeat("x", 1<<20+1)
	header := withToken()
	header.Set("Content-Type", "text/plain")
	// Each call is wrong in every later way too.
	require.Equal(
		t,
		401,
		g.send("PATCH /no/such", map[string][]string{"Content-Type": {"text/plain"}}, tooLarge).status,
	)
	require.Equal(t, 404, g.send("PATCH /no/such", header, tooLarge).status)
	require.Equal(t, 405, g.send("PATCH /entry/create", header, tooLarge).status)
	require.Equal(t, 413, g.send("POST /entry/create", header, tooLarge).status)
	require.Equal(t, 400, g.send("POST /entry/create", header, "{").status)
	g.refused("InvalidRequestException", "POST /entry/create", nobody, "{")
	g.refused("InvalidRequestException", "POST /entry/create", nobody, "[]")
	g.refused("AccessRightsException", "POST /entry/create", nobody, object{"selectedTimes": "all"})
	g.refused("AccessRightsException", "POST /entry/create", g.coach, object{"selectedTimes": "all"})
	g.refused("InvalidRequestException", "POST /entry/create", g.student, object{"selectedTimes": "all"})
	g.refused("InvalidRequestException", "POST /entry/create", g.blocked, object{})
	g.refused("LogicError", "POST /entry/create", g.student, choice(1))

	g.refused("InvalidRequestException", "PUT /avtime/edit", g.admin, object{"id": 2_000_000, "weekday": 7})
	g.refused("DataBaseException", "PUT /avtime/edit", g.admin, object{"id": 2_000_000, "weekday": 6})
}

// TestThroughTheServersRole: the role of energy serve has all that the endpoints need, and no more.
func TestThroughTheServersRole(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	admin, student := db.User(t, "ADMIN"), db.User(t, "STUDENT")
	server := db.Server(t)
	c := client{t: t, handler: api.New(options(server))}
	for _, route := range routes(t, c.handler) {
		if !strings.Contains(route, "/api/") {
			continue
		}
		a := c.ask(strings.Replace(route, "/api/v1", "", 1), admin, object{})
		require.Contains(t, []string{"", "InvalidRequestException"}, a.errType, "%s %s", route, a.raw)
	}
	c.done("POST /entry/change-open", admin, object{"status": true})
	slots := c.many("GET /avtime/get", student, nil)
	require.NotEmpty(t, slots, "opening by hand makes next month's slots")
	c.done("POST /entry/create", student, choice(slots[0].integer(t, "id")))
	audit(t, db.Owner)

	for _, query := range []string{
		"select * from gym.users", "select hid from gym.users", "select * from gym.secrets", "update gym.slots set capacity = 99",
		"select rules.next_month()", "select * from api.audit()", "insert into gym.rights values ('x', '{}')",
	} {
		_, err := server.Exec(t.Context(), query)
		require.ErrorContains(t, err, "42501", query)
	}
}

// badIntegers are what no integer field takes.
var badIntegers = []string{
	`"x"`,
	`""`,
	`" "`,
	`"1.5"`,
	`1.5`,
	`true`,
	`[]`,
	`[1]`,
	`{}`,
	`"1e3"`,
	`1e400`,
	`-1`,
	`"-1"`,
	`2147483648`,
	`"99999999999999999999999"`,
	`"0x10"`,
	`"١٢"`,
}

// TestFields breaks each field of each endpoint: the answer is InvalidRequestException and names the field.
func TestFields(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	slot, today := g.slot(nextMonth, 0, "16:00", 12), g.slot(thisMonth, 3, "16:00", 12)
	g.done("POST /entry/create-any", g.admin, object{"selectedTime": today, "user": g.student})
	mark := g.many("POST /visit/get", g.coach, nil)[0].integer(t, "id")
	badTimes := []string{
		`"24:00"`,
		`"7:5"`,
		`"07:5"`,
		`"7:05"`,
		`"16:00:00"`,
		`"16.00"`,
		`"16:60"`,
		`""`,
		`"now"`,
		`1600`,
		`16.5`,
		`null`,
		`[]`,
		`{}`,
		`true`,
		`" 16:00"`,
		`"16:00\n"`,
		`"١٦:٠٠"`,
	}
	badDates := []string{
		`"2026-11-31"`,
		`"2027-02-29"`,
		`"2026-13-01"`,
		`"2026-00-10"`,
		`"2026-11-00"`,
		`"26.11.2026"`,
		`"2026-11-6"`,
		`"2026-11-26T00:00:00"`,
		`"2026/11/26"`,
		`"20261126"`,
		`"1999-12-31"`,
		`"10000-01-01"`,
		`"today"`,
		`"infinity"`,
		`"epoch"`,
		`""`,
		`" 2026-11-26"`,
		`"2026-11-26\n"`,
		`"٢٠٢٦-١١-٢٦"`,
		`20261126`,
		`1.5`,
		`true`,
		`[]`,
		`{}`,
	}
	badLastDays := slices.DeleteFunc(slices.Clone(badDates), func(s string) bool { return s == `""` })
	badTimesOrNone := slices.DeleteFunc(slices.Clone(badTimes), func(s string) bool { return s == "null" })
	badLists := []string{
		`"5"`,
		`5`,
		`{}`,
		`true`,
		`["x"]`,
		`[1.5]`,
		`[[5]]`,
		`[null]`,
		`[{}]`,
		`[true]`,
		`[1e400]`,
		`[2147483648]`,
		`[""]`,
	}
	badMarks := append([]string{`4`, `"4"`, `"-1"`}, badIntegers...)
	badMonths := []string{
		`"13-2026"`,
		`"00-2026"`,
		`"12-99999"`,
		`"2026-12"`,
		`"12-26"`,
		`"1-2026"`,
		`"12.2026"`,
		`""`,
		`"december"`,
		`12`,
		`[]`,
		`{}`,
		`false`,
		`"12-2026 "`,
		`"-12-2026"`,
		`"12-0000"`,
	}
	badTexts := []string{`12`, `true`, `[]`, `{}`, `["a"]`}
	badBools := []string{`1`, `0`, `"yes"`, `""`, `[]`, `{}`}
	badRoles := []string{`"student"`, `"ROOT"`, `""`, `5`, `[]`, `{}`, `true`}
	badIDs := append([]string{`0`}, badIntegers...)
	long := `"` + strings.Repeat("я", 100_001) + `"`

	for _, want := range []struct {
		endpoint string
		actor    int
		valid    object // all fields, in order
		required string
		bad      map[string][]string
	}{
		{"POST /avtime/create", g.admin, object{"weekday": 1, "time": "17:30", "numberOfPersons": 5, "month": nextMonth}, "weekday time numberOfPersons month", map[string][]string{
			"weekday": append([]string{`7`}, badIntegers...), "time": badTimes, "numberOfPersons": badIDs, "month": badMonths}},
		{"POST /avtime/get-any", g.coach, object{"month": nextMonth, "deleted": true}, "", map[string][]string{"month": badMonths, "deleted": badBools}},
		{"PUT /avtime/edit", g.admin, object{"id": slot, "weekday": 1, "time": "19:00", "numberOfPersons": 5}, "id", map[string][]string{
			"id": badIDs, "weekday": append([]string{`7`}, badIntegers...), "time": badTimesOrNone, "numberOfPersons": badIDs}},
		{"DELETE /avtime/delete", g.admin, object{"id": slot, "force": true}, "id", map[string][]string{"id": badIDs, "force": badBools}},
		{"POST /entry/change-open", g.admin, object{"status": true}, "status", map[string][]string{"status": badBools}},
		{"POST /entry/create", g.student, choice(slot), "selectedTimes", map[string][]string{
			"selectedTimes": badLists}},
		{"POST /entry/create-any", g.admin, object{"selectedTime": slot, "user": g.student}, "selectedTime user", map[string][]string{"selectedTime": badIDs, "user": badIDs}},
		{"POST /entry/get", g.student, object{"month": "next"}, "", map[string][]string{"month": append([]string{`"Next"`, `"last"`}, badMonths...)}},
		{"POST /entry/get-any", g.coach, object{"weekday": 0, "month": nextMonth, "deleted": false}, "", map[string][]string{
			"weekday": append([]string{`7`}, badIntegers...), "month": badMonths, "deleted": badBools}},
		{"DELETE /entry/delete", g.student, object{"id": 1}, "id", map[string][]string{"id": badIDs}},
		{"DELETE /entry/delete-any", g.admin, object{"id": 1}, "id", map[string][]string{"id": badIDs}},
		{"POST /visit/get", g.coach, object{"date": "2026-11-26", "time": "16:00", "month": thisMonth}, "", map[string][]string{
			"date": badDates, "time": badTimesOrNone, "month": badMonths}},
		{"POST /visit/own", g.student, object{"date": "2026-11-26", "month": thisMonth, "startDate": "2026-11-26",
			"endDate": "2026-11-27"}, "", map[string][]string{
			"date": badDates, "month": badMonths, "startDate": badDates, "endDate": badDates}},
		{"POST /visit/lessons", g.coach, object{"date": "2026-11-26", "unmarked": true}, "", map[string][]string{
			"date": badDates, "unmarked": badBools}},
		{"POST /visit/lesson", g.coach, object{"date": "2026-11-26", "time": "16:00"}, "date time", map[string][]string{
			"date": badDates, "time": badTimes}},
		{"PUT /visit/edit-lesson", g.coach, object{"date": "2026-11-26", "time": "16:00", "marks": []object{}},
			"date time marks", map[string][]string{
				"date": badDates, "time": badTimes,
				"marks": {`"5"`, `5`, `{}`, `true`, `["x"]`, `[1]`, `[[5]]`, `[null]`, `[true]`}}},
		{"POST /visit/person", g.coach, object{"user": g.student, "month": thisMonth}, "user", map[string][]string{
			"user": badIDs, "month": badMonths}},
		{"POST /user/find", g.coach, object{"text": "Имя", "limit": 5}, "text", map[string][]string{
			"text": append([]string{`""`, `"  "`, long}, badTexts...), "limit": append([]string{`101`}, badIDs...)}},
		{"POST /report/preview", g.coach, object{"kind": "term", "startDate": "2026-11-01", "endDate": "2026-11-30",
			"group": "ИС",
			"rows":  5}, "kind startDate endDate", map[string][]string{
			"kind": append([]string{`"x"`, `""`}, badTexts...), "startDate": badDates, "endDate": badDates,
			"group": append([]string{long}, badTexts...), "rows": append([]string{`201`}, badIDs...)}},
		{"POST /report/statistics", g.coach, object{"startDate": "2026-11-01", "endDate": "2026-11-30"}, "startDate endDate",
			map[string][]string{"startDate": badDates, "endDate": badDates}},
		{"POST /entry/lists", g.coach, object{"month": thisMonth, "weekday": 0, "time": "16:00"}, "", map[string][]string{
			"month": badMonths, "weekday": append([]string{`7`}, badIntegers...), "time": badTimesOrNone}},
		{"PUT /visit/edit", g.coach, object{"id": mark, "mark": 1, "marked": true}, "id mark", map[string][]string{"id": badIDs, "mark": badMarks, "marked": badBools}},
		{"POST /visit/mark-lesson", g.coach, object{"date": "2026-11-26", "time": "16:00", "present": []int{g.student}, "excused": []int{}}, "date time present", map[string][]string{
			"date": badDates, "time": badTimes, "present": badLists, "excused": badLists}},
		{"POST /visit/cancel-lesson", g.coach, object{"date": "2026-11-26", "time": "16:00", "reason": "Тренер болеет"}, "date time", map[string][]string{
			"date": badDates, "time": badTimes, "reason": append(badTexts, long)}},
		{"POST /visit/restore-lesson", g.coach, object{"date": "2026-11-26", "time": "16:00"}, "date time", map[string][]string{"date": badDates, "time": badTimes}},
		{"POST /closure/create", g.admin, object{"startDate": "2026-12-05", "endDate": "2026-12-05", "runsAs": 0, "reason": "Перенос"}, "startDate reason", map[string][]string{
			"startDate": badDates, "endDate": badDates, "runsAs": append([]string{`7`}, badIntegers...), "reason": append([]string{long, `""`, `"  "`}, badTexts...)}},
		{"DELETE /closure/delete", g.admin, object{"id": 1}, "id", map[string][]string{"id": badIDs}},
		{"POST /user/create", g.admin, newPerson(900100), "studentCard firstname secondname surname group password role", map[string][]string{
			"studentCard": badIDs, "firstname": append([]string{long, `""`, `"  "`}, badTexts...), "secondname": append([]string{long, `""`, `"  "`}, badTexts...),
			"surname": append(badTexts, long), "group": append(badTexts, long), "password": badTexts, "role": badRoles}},
		{"GET /user/get", g.coach, object{"role": "STUDENT", "deleted": true}, "", map[string][]string{"role": badRoles, "deleted": badBools}},
		{"PUT /user/edit", g.student, object{"secondname": "А", "firstname": "Б", "surname": "В", "group": "Г"}, "", map[string][]string{
			"firstname": append(badTexts, long), "secondname": append(badTexts, long), "surname": append(badTexts, long), "group": append(badTexts, long)}},
		{"PUT /user/edit-password", g.student, object{"oldPassword": "старый-пароль", "newPassword": "новый-пароль"}, "oldPassword newPassword", map[string][]string{"oldPassword": badTexts, "newPassword": badTexts}},
		{"PUT /user/edit-any", g.admin, object{"id": g.student, "firstname": "А", "newPassword": "новый-пароль"}, "id", map[string][]string{
			"id": badIDs, "firstname": append(badTexts, long), "newPassword": badTexts}},
		{"DELETE /user/delete-any", g.admin, object{"id": g.blocked}, "id", map[string][]string{"id": badIDs}},
		{"POST /gym-news/create", g.coach, object{"body": "Текст", "shownUntil": "2026-12-31"}, "body", map[string][]string{
			"shownUntil": badLastDays, "body": append([]string{long, `""`, `"  "`}, badTexts...)}},
		{"PUT /gym-news/edit", g.coach, object{"id": 1, "body": "Текст", "shownUntil": "2026-12-31"}, "id body", map[string][]string{
			"shownUntil": badLastDays, "id": badIDs, "body": append([]string{long}, badTexts...)}},
		{"DELETE /gym-news/delete", g.coach, object{"id": 1}, "id", map[string][]string{"id": badIDs}},
		{"POST /new/create", g.admin, object{"body": "Текст", "shownUntil": "2026-12-31"}, "body", map[string][]string{
			"shownUntil": badLastDays, "body": append([]string{long, `""`}, badTexts...)}},
		{"PUT /new/edit", g.admin, object{"id": 1, "body": "Текст", "shownUntil": "2026-12-31"}, "id body", map[string][]string{
			"shownUntil": badLastDays, "id": badIDs, "body": badTexts}},
		{"DELETE /new/delete", g.admin, object{"id": 1}, "id", map[string][]string{"id": badIDs}},
	} {
		t.Run(want.endpoint, func(t *testing.T) {
			c := g.with(t).client
			invalid := func(field, body string) {
				t.Helper()
				a := c.refused("InvalidRequestException", want.endpoint, want.actor, body)
				require.Contains(t, a.message, field, body)
			}
			for field := range strings.FieldsSeq(want.required) {
				without := maps.Clone(want.valid)
				delete(without, field)
				invalid(field, encode(t, without))
				without[field] = nil
				invalid(field, encode(t, without))
			}
			for field, values := range want.bad {
				require.Contains(t, want.valid, field)
				for _, value := range values {
					broken := maps.Clone(want.valid)
					broken[field] = rawJSON(value)
					invalid(field, encode(t, broken))
				}
			}
		})
	}
	require.Equal(t, false, g.many("POST /visit/get", g.coach, nil)[0]["marked"], "nothing of that marked anybody")
	require.Empty(t, g.many("GET /closure/get", g.student, nil))
	g.audit()
}

func TestNumbersMayComeAsStrings(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	created := g.one(
		"POST /avtime/create",
		g.admin,
		object{"weekday": "2", "time": "16:00", "numberOfPersons": "12", "month": nextMonth},
	)
	require.Equal(t, 2, created.integer(t, "weekday"))
	slot := created.integer(t, "id")
	id := fmt.Sprint(slot)
	require.Equal(
		t,
		9,
		g.one("PUT /avtime/edit", g.admin, object{"id": id, "numberOfPersons": "9"}).integer(t, "numberOfPersons"),
	)
	outcome := g.many("POST /entry/create", g.student, object{"selectedTimes": []string{id}})
	require.Equal(t, slot, outcome[0].integer(t, "selectedTime"), "comes back as a number")
	require.Len(t, g.many("POST /entry/get-any", g.coach, object{"weekday": "2", "month": nextMonth}), 1)
	entry := g.many("POST /entry/get", g.student, object{"month": "next"})[0].integer(t, "id")
	g.done("DELETE /entry/delete", g.student, object{"id": fmt.Sprint(entry)})
	entry = g.one("POST /entry/create-any", g.admin, object{"selectedTime": id, "user": fmt.Sprint(g.student)}).
		integer(t, "id")
	g.done("DELETE /entry/delete-any", g.admin, object{"id": fmt.Sprint(entry)})

	g.done(
		"POST /entry/create-any",
		g.admin,
		object{"selectedTime": g.slot(thisMonth, 3, "16:00", 2), "user": g.student},
	)
	mark := g.many("POST /visit/get", g.coach, nil)[0].integer(t, "id")
	require.Equal(
		t,
		2,
		g.one("PUT /visit/edit", g.coach, object{"id": fmt.Sprint(mark), "mark": "2"}).integer(t, "mark"),
	)
	marks := g.many(
		"POST /visit/mark-lesson",
		g.coach,
		object{"date": "2026-11-26", "time": "16:00", "present": []string{fmt.Sprint(g.student)}},
	)
	require.Equal(t, 1, marks[0].integer(t, "mark"))
	closure := g.one(
		"POST /closure/create",
		g.admin,
		object{"startDate": "2026-12-05", "runsAs": "0", "reason": "Перенос"},
	)
	require.Equal(t, 0, closure.integer(t, "runsAs"))
	g.done("DELETE /closure/delete", g.admin, object{"id": fmt.Sprint(closure.integer(t, "id"))})

	person := newPerson(900200)
	person["studentCard"] = "900200"
	user := g.one("POST /user/create", g.admin, person)
	require.Equal(t, 900200, user.integer(t, "studentCard"))
	g.done("PUT /user/edit-any", g.admin, object{"id": fmt.Sprint(user.integer(t, "id"))})
	g.done("DELETE /user/delete-any", g.admin, object{"id": fmt.Sprint(user.integer(t, "id"))})
	g.done("DELETE /avtime/delete", g.admin, object{"id": id})
}

func TestUnknownFieldsAndMissingBodies(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	slot := g.slot(nextMonth, 0, "16:00", 12)
	for endpoint, actor := range map[string]int{
		"GET /avtime/get": g.student, "POST /avtime/get-any": g.coach, "GET /entry/check-open": g.student, "POST /entry/get": g.student,
		"POST /entry/get-any": g.coach, "GET /user/get": g.coach, "GET /gym-news/get": g.student, "POST /gym-news/get-any": g.admin,
		"GET /new/get": nobody, "POST /new/get-any": g.admin, "PUT /user/edit": g.student, "GET /user/absences": g.student,
		"GET /closure/get": g.blocked, "POST /visit/get": g.coach,
	} {
		bare := g.ask(endpoint, actor, nil)
		require.Equal(t, 200, bare.status, "%s %s", endpoint, bare.raw)
		require.Equal(t, bare.data, g.done(endpoint, actor, object{}), endpoint)
		require.Equal(
			t,
			bare.data,
			g.done(endpoint, actor, object{"unknown": object{"deep": []int{1}}, "ID": 5, "": nil}),
			endpoint,
		)
	}
	g.done("POST /entry/create", g.student, object{"selectedTimes": []int{slot}, "user": g.admin, "force": true})
	require.Equal(t, []int{slot}, g.held(g.student))
	for _, body := range []any{
		object{"status": true}, object{"status": true, "openingDay": 99}, object{"status": true, "openingDay": "x"}, object{"status": true, "openingDay": nil},
	} {
		require.Equal(
			t,
			25,
			g.one("POST /entry/change-open", g.admin, body).integer(t, "openingDay"),
			"openingDay is ignored",
		)
	}
}
