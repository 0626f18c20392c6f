package db_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// years of a large gym, past the triggers: enough rows that PostgreSQL goes by an index wherever one serves.
const years = `
	set session_replication_role = replica;
	insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role)
	select 1000 + n, 20000000 + n, 'Имя' || n, 'Отчество', 'Фамилия' || n, 'СТ-' || n / 25, '-',
	       (case when n % 400 = 0 then 'BLOCKED' when n % 400 = 1 then 'COACH' else 'STUDENT' end)::gym.userrole
	  from generate_series(1, 20000) n
	union all
	select 900 + n, 900 + n, 'Анна', '', 'Первая', '', '-', (array['COACH', 'ADMIN'])[n]::gym.userrole from generate_series(1, 2) n;
	insert into gym.slots (id, month, weekday, starts_at, capacity, taken)
	select 1000 + m * 240 + d * 40 + t, ('2001-12-01'::date + make_interval(months => m))::date, d, time '08:00' + t * interval '15 minutes', 12, 1
	  from generate_series(180, 299) m, generate_series(0, 5) d, generate_series(0, 39) t;
	insert into gym.months (month, slots_made_at, marks_made_at, judged_on)
	select distinct s.month, s.month, s.month, s.month + interval '1 month' from gym.slots s where s.month < '2026-12-01' on conflict do nothing;
	insert into gym.enrolments (id, slot_id, user_id, month, weekday, created_at, created_by)
	select 10000 + s.id, s.id, 1001 + s.id % 20000, s.month, s.weekday, s.month - interval '5 days', 1001
	  from gym.slots s where s.id >= 1000;
	insert into gym.marks (enrolment_id, slot_id, user_id, date, mark, set_at)
	select e.id, e.slot_id, e.user_id, d.date, (case when e.id % 19 = 0 then 'absent' else 'present' end)::gym.mark, d.date
	  from gym.enrolments e
	  cross join lateral (select (e.month + (e.weekday + 8 - extract(isodow from e.month)::integer) % 7 + w * 7)::date as date from generate_series(0, 1) w) d
	 where e.id > 10000;
	insert into gym.refusals (slot_id, user_id, refused_at)
	select e.slot_id, 1001 + (e.user_id + 5000) % 20000, e.created_at from gym.enrolments e where e.id > 10000 and e.id % 2 = 0;
	insert into gym.blocks (id, user_id, month, reason, created_at)
	select e.id, e.user_id, e.month, 'пропуски', e.month + interval '20 days' from gym.enrolments e where e.id > 10000 and e.id % 2 = 0;
	insert into gym.pardons (user_id, date, reason, made_at)
	select m.user_id, m.date, 'справка', m.date + interval '1 day' from gym.marks m where m.enrolment_id > 10000;
	insert into gym.ledger (at, user_id, event, block_id, reason)
	select b.created_at, b.user_id, 'blocked', b.id, b.reason from gym.blocks b where b.id > 1000;
	insert into gym.posts (kind, body, created_at, created_by, deleted_at)
	select case when n % 2 = 0 then 'news' else 'announcement' end, 'Текст ' || n, '2010-01-01', 1001, case when n > 50 then timestamptz '2011-01-01' end from generate_series(1, 5000) n;
	insert into gym.cancelled_lessons (date, starts_at, cancelled_at)
	select date '2002-01-01' + n, time '08:00' + t * interval '15 minutes', '2010-01-01' from generate_series(1, 9000) n, generate_series(0, 7) t;
	insert into gym.roster (card, family, given, patronymic, "group", added_at)
	select u.student_card, u.secondname, u.firstname, u.surname, u."group", now() from gym.users u where u.id > 1000;
	insert into gym.legacy_ids (kind, old_id, new_id) select 'entry', e.id, e.id from gym.enrolments e where e.id > 10000;
	insert into gym.audit_log (written_at, actor, login, on_table, key, operation, new_values)
	select now() - interval '1 day', e.user_id, 'energy', 'enrolments', e.id, 'insert', jsonb_build_object('slot_id', e.slot_id, 'user_id', e.user_id)
	  from gym.enrolments e where e.id > 10000;
	insert into gym.roster (card, family, given, patronymic, "group", added_at) values (77, 'Новиков', 'Иван', '', 'БИ-21', now());
	insert into gym.verifiers (user_id, digest, made_at) select u.id, sha256(u.id::text::bytea), now() from gym.users u where u.id > 900;
	insert into gym.devices (user_id, hash, first_in_at, last_in_at) select u.id, sha256('device'), now(), now() from gym.users u where u.id > 900;
	insert into gym.sessions (user_id, token_hash, media_hash, created_at, used_at, is_strange, agent)
	select u.id, sha256(sha256(u.id::text::bytea)), sha256(sha256('media:'::bytea || sha256(u.id::text::bytea))), t.at, t.at, false, 'Firefox'
	  from gym.users u cross join (select timestamptz '2026-12-09 08:59+07' as at) t where u.id > 900;
	insert into gym.log_ins (at, user_id, outcome, agent, known_device)
	select timestamptz '2026-12-09 08:59+07' - n * interval '1 day', u.id, 'in', 'Firefox', true
	  from gym.users u cross join generate_series(1, 20) n where u.id > 900;
	insert into gym.attempts (made_at, made_in, purpose, card, commitments, known_device, bucket_kind, bucket_key, agent, log_in_id)
	select timestamptz '2026-12-09 08:59+07', 0, 'log in', u.student_card, '{}', false, 'card', u.student_card, '', 1 from gym.users u where u.id > 900;
	insert into gym.buckets (kind, key, spent_until) select 'card', u.student_card, timestamptz '2026-12-09 09:10+07' from gym.users u where u.id > 900;
	insert into gym.failed_cards (address, card, tried_at, failed)
	select '10.0.0.0'::inet + u.id, u.student_card, timestamptz '2026-12-09 08:59+07', true from gym.users u where u.id > 900;
	insert into gym.codes (card, purpose, hash, issued_at, valid_until)
	select u.student_card, 'reset', sha256('x'), timestamptz '2026-12-09 08:59+07', timestamptz '2026-12-10 08:59+07' from gym.users u where u.id > 900;
	insert into gym.pictures (user_id, name, jpeg, made_at)
	select u.id, md5(u.id::text) || '.jpg', decode('ffd8ff' || repeat('00', 200), 'hex'), now() from gym.users u where u.id > 900;
	update gym.users u set image = md5(u.id::text) || '.jpg' where u.id > 900;
	insert into gym.consent_documents values (1, 'Согласен', now(), 'owner');
	insert into gym.calendars (user_id, hash, made_at)
	select u.id, sha256(sha256(u.id::text::bytea)), now() from gym.users u where u.id > 900;
	insert into gym.consents (user_id, version, given_at) select u.id, 1, now() from gym.users u where u.id > 900;
	insert into gym.waiting (slot_id, user_id, place, joined_at, ended_at, end_reason)
	select e.slot_id, 1001 + (e.user_id + 7000) % 20000, 1, e.created_at, e.created_at + interval '1 hour', 'left'
	  from gym.enrolments e where e.id > 10000;
	reset session_replication_role;
	select rules.turn_enrolment(true, null), api.enrol(card => 12069840, day => 'Sat', at => '16:00');
	analyze;`

// small are the tables that stay small: of settings, or with a few rows a year. Every other one must be in years.
var small = []string{
	"settings", "settings_changes", "rights", "secrets", "code_package", "weekly_template", "months", "manual_turns", "closures",
	"name_swaps", "consent_documents",
	// a month without its partition: the jobs empty it
	"audit_log_other",
}

// mayScan lists who reads a growing table from end to end, and why that is right.
var mayScan = map[string]string{
	"api.audit":         "checks everything",
	"api.set_pepper":    "refuses while anybody has a password",
	"api.erase_person":  "whoever is erased may be named in any text",
	"api.mentions":      "so it looks beforehand",
	"api.import_roster": "compares the whole roster",
	"api.swap_names":    "looks at everybody's names, once in the life of a database",
	// both read all that they are about, by an index in its order or from the beginning: which, the sample of ANALYZE
	// decides
	"api.roster_preview":     "so it shows beforehand",
	"api.roster_needs_force": "so it says beforehand whether it may",
	"api.who_did":            "the trail of the months asked for: an index by actor would cost every write",
	"view api.blocked":       "hundreds of blocks stand, with their people's names",
	"view api.roster":        "the whole roster, with whom it lets in",
	"view api.slots":         "a month is text there, and slots are a few hundred a year",
	// log-ins: looked at by administrators now and then
	"api.codes": "all codes, by name", "view api.codes": "all codes, by name",
	"api.unconfirmed": "people marked: few, and seldom asked for", "view api.unconfirmed": "people marked: few, and seldom asked for",
	"api.consents_withdrawn": "people by their consents", "view api.consents_withdrawn": "people by their consents",
	"api.pictures_missing": "everyone with a picture", "view api.pictures_missing": "everyone with a picture",
	"api.publish_consent":    "looks for the last version",
	"api.issue_codes":        "the roster by group",
	"auth.issue_codes":       "the roster by group",
	"auth.code_groups":       "the roster by group",
	"auth.unconfirmed":       "people marked: few, and seldom asked for",
	"api.find":               "people by a part of their names, as wire.user_find",
	"api.lost_seats":         "seats given up: looked for now and then, and an index would cost each change of a choice",
	"api.person_history":     "the same, and withdrawn marks",
	"view api.people_masked": "everybody, a group at a time", "view api.changes_masked": "the trail by table",
	"wire.clean_up":     "looks for what has outlived its use, once an hour",
	"api.unmarked":      "administrators look at it now and then: an index would cost every mark that a coach sets",
	"view api.unmarked": "administrators look at it now and then: an index would cost every mark that a coach sets",
	// a group is named without regard to case, and people come by the hundred a year
	"api.enrol_group":     "people by group",
	"api.report_visits":   "people by group",
	"api.report_term":     "people by group",
	"wire.report_visits":  "people by group",
	"wire.report_preview": "as the reports whose beginning it shows",
	"wire.report_term":    "people by group",
	// the span of a block is computed, and blocks come by the hundred a year
	"api.report_blocked":  "all blocks",
	"wire.report_blocked": "all blocks",
	"wire.ensure_blocks":  "judges everybody, at night",
	"wire.user_find":      "people by a part of their names: administrators and coaches look now and then",
	"wire.user_get":       "people by role: the most that are asked for is everybody",
	// half of all posts
	"wire.gym_news_get_any": "all announcements, deleted ones too",
	"wire.new_get_any":      "all news, deleted ones too",
}

// call is how a function of wire is asked: the actor's role (none: it is not an endpoint), the arguments, and what is
// done before.
type call struct{ role, body, before string }

// calls are what the functions of wire are asked for here.
var calls = map[string][]call{
	"avtime_get":     {{role: "STUDENT", body: `'{}'`}},
	"avtime_get_any": {{role: "ADMIN", body: `'{"month":"01-2027"}'`}},
	"avtime_create": {
		{role: "ADMIN", body: `'{"weekday":6,"time":"12:00","numberOfPersons":8,"month":"01-2027"}'`},
	},
	"avtime_edit": {
		{
			role: "ADMIN",
			body: `jsonb_build_object('id', (select min(id) from gym.slots where month = '2027-01-01'), 'numberOfPersons', 20, 'time', '15:00')`,
		},
	},
	"avtime_delete": {
		{
			role: "ADMIN",
			body: `jsonb_build_object('id', (select min(id) from gym.slots where month = '2026-12-01' and id < 1000), 'force', true)`,
		},
	},
	"entry_check_open":  {{role: "STUDENT", body: `'{}'`}},
	"entry_change_open": {{role: "ADMIN", body: `'{"status":true}'`}},
	"entry_create": {
		{
			role: "STUDENT",
			body: `jsonb_build_object('selectedTimes', (select array_agg(id) from (select min(id) as id from gym.slots where month = '2027-01-01' group by weekday limit 3) s))`,
		},
	},
	"entry_create_any": {
		{
			role: "ADMIN",
			body: `jsonb_build_object('selectedTime', (select max(id) from gym.slots where month = '2027-01-01'), 'user', 5000)`,
		},
	},
	"entry_get": {{role: "STUDENT", body: `'{}'`}, {role: "STUDENT", body: `'{"month":"next"}'`}},
	"entry_get_any": {
		{role: "COACH", body: `'{"month":"12-2026"}'`},
		{role: "COACH", body: `'{"month":"12-2026","weekday":0}'`},
	},
	"entry_delete": {
		{
			role: "STUDENT",
			body: `jsonb_build_object('id', (select max(id) from gym.enrolments where month = '2027-01-01'))`,
		},
	},
	"entry_delete_any": {{role: "ADMIN", body: `jsonb_build_object('id', (select min(id) from gym.enrolments))`}},
	"visit_get": {
		{role: "COACH", body: `'{"date":"2026-12-07"}'`},
		{role: "COACH", body: `'{"date":"2026-12-07","time":"16:00"}'`},
		{role: "COACH", body: `'{"month":"12-2026"}'`},
	},
	"visit_edit": {
		{
			role: "COACH",
			body: `jsonb_build_object('id', (select min(id) from gym.marks where date = '2026-12-07'), 'mark', 1)`,
		},
	},
	"visit_mark_lesson":    {{role: "COACH", body: `'{"date":"2026-12-07","time":"16:00","present":[]}'`}},
	"visit_cancel_lesson":  {{role: "COACH", body: `'{"date":"2026-12-14","time":"16:00"}'`}},
	"visit_restore_lesson": {{role: "COACH", body: `'{"date":"2026-12-08","time":"16:00"}'`}},
	"user_create": {
		{
			role: "ADMIN",
			body: `'{"studentCard":99,"firstname":"И","secondname":"И","surname":"И","group":"БИ-21","password":"12345678","role":"STUDENT"}'`,
		},
	},
	"user_get": {
		{role: "ADMIN", body: `'{"role":"ADMIN"}'`},
		{role: "ADMIN", body: `'{"role":"BLOCKED"}'`},
	},
	"user_edit": {{role: "STUDENT", body: `'{"firstname":"Иван"}'`}},
	"user_edit_password": {{role: "STUDENT", body: `'{"oldPassword":"87654321","newPassword":"12345678"}'`,
		before: `update gym.users set hid = rules.hash_password(student_card, '87654321') where student_card = 12069840`}},
	"user_edit_any":   {{role: "ADMIN", body: `'{"id":5000,"firstname":"Иван"}'`}},
	"user_delete_any": {{role: "ADMIN", body: `'{"id":5000}'`}},
	"user_absences":   {{role: "STUDENT", body: `'{}'`}},
	"visit_own": {{role: "STUDENT", body: `'{}'`}, {role: "STUDENT", body: `'{"month":"next"}'`},
		{role: "STUDENT", body: `'{"startDate":"2026-09-01","endDate":"2026-12-31"}'`}},
	"visit_lessons": {{role: "COACH", body: `'{}'`}, {role: "COACH", body: `'{"month":"12-2026"}'`},
		{role: "COACH", body: `'{"unmarked":true}'`}},
	"visit_lesson": {{role: "COACH", body: `'{"date":"2026-12-07","time":"16:00"}'`}},
	"visit_edit_lesson": {{role: "COACH", body: `jsonb_build_object('date', '2026-12-07', 'time', '16:00', 'marks',
		jsonb_build_array(jsonb_build_object(
			'id', (select min(id) from gym.marks where date = '2026-12-07'), 'mark', 1, 'version', '')))`}},
	"visit_person": {{role: "COACH", body: `'{"user":5000}'`}},
	"report_preview": {{role: "COACH", body: `'{"kind":"visits","startDate":"2026-12-01","endDate":"2026-12-31"}'`},
		{role: "COACH", body: `'{"kind":"occupancy","startDate":"2026-12-01","endDate":"2026-12-31"}'`},
		{role: "COACH", body: `'{"kind":"term","startDate":"2026-12-01","endDate":"2026-12-31"}'`}},
	"report_statistics": {{role: "COACH", body: `'{"startDate":"2026-12-01","endDate":"2026-12-31"}'`}},
	"gym_get":           {{role: "STUDENT", body: `'{}'`}},
	"gym_rules":         {{role: "STUDENT", body: `'{}'`}},
	"user_find":         {{role: "COACH", body: `'{"text":"иван"}'`}},
	"wait_create": {
		{
			role: "STUDENT",
			body: `jsonb_build_object('selectedTime', (select min(id) from gym.slots where month = '2027-01-01' and weekday = 4))`,
		},
	},
	"wait_delete": {{role: "STUDENT", before: "select api.join_waiting_list(12069840, 'Fri', '16:00')",
		body: `jsonb_build_object('selectedTime', (select min(id) from gym.slots where month = '2027-01-01' and weekday = 4 and starts_at = '16:00'))`}},
	"wait_get":          {{role: "STUDENT", body: `'{}'`}},
	"ensure_promotions": {{}},
	"entry_lists":       {{role: "COACH", body: `'{"month":"12-2026"}'`}},
	"user_own":          {{role: "STUDENT", body: `'{}'`}},
	"user_blocks":       {{role: "STUDENT", body: `'{}'`}},
	"entry_window":      {{role: "STUDENT", body: `'{}'`}},
	"avtime_seats":      {{role: "STUDENT", body: `'{}'`}},
	"gym_news_create":   {{role: "ADMIN", body: `'{"body":"Текст"}'`}},
	"gym_news_get":      {{role: "STUDENT", body: `'{}'`}},
	"gym_news_get_any":  {{role: "ADMIN", body: `'{}'`}},
	"gym_news_edit": {
		{
			role: "ADMIN",
			body: `jsonb_build_object('id', (select max(id) from gym.posts where kind = 'announcement' and deleted_at is null), 'body', 'Текст')`,
		},
	},
	"gym_news_delete": {
		{
			role: "ADMIN",
			body: `jsonb_build_object('id', (select max(id) from gym.posts where kind = 'announcement' and deleted_at is null))`,
		},
	},
	"new_create":  {{role: "ADMIN", body: `'{"body":"Текст"}'`}},
	"new_get":     {{role: "STUDENT", body: `'{}'`}},
	"new_get_any": {{role: "ADMIN", body: `'{}'`}},
	"new_edit": {
		{
			role: "ADMIN",
			body: `jsonb_build_object('id', (select max(id) from gym.posts where kind = 'news' and deleted_at is null), 'body', 'Текст')`,
		},
	},
	"new_delete": {
		{
			role: "ADMIN",
			body: `jsonb_build_object('id', (select max(id) from gym.posts where kind = 'news' and deleted_at is null))`,
		},
	},
	"closure_get": {{role: "STUDENT", body: `'{}'`}},
	"closure_create": {
		{role: "ADMIN", body: `'{"startDate":"2027-01-02","endDate":"2027-01-08","reason":"Каникулы"}'`},
	},
	"closure_delete": {{role: "ADMIN", body: `jsonb_build_object('id', (select max(id) from gym.closures))`}},
	"report_visits": {
		{role: "COACH", body: `'{"startDate":"2026-12-01","endDate":"2026-12-31"}'`},
		{role: "COACH", body: `'{"startDate":"2026-12-01","endDate":"2026-12-31","group":"БИ-21"}'`},
	},
	"report_occupancy": {{role: "COACH", body: `'{"startDate":"2026-12-01","endDate":"2026-12-31"}'`}},
	"report_term": {
		{role: "COACH", body: `'{"startDate":"2026-12-01","endDate":"2026-12-31"}'`},
		{role: "COACH", body: `'{"startDate":"2026-09-01","endDate":"2026-12-31","group":"БИ-21"}'`},
	},
	"report_blocked": {{role: "COACH", body: `'{"startDate":"2026-12-01","endDate":"2026-12-31"}'`}},
	"ensure_slots":   {{}},
	"ensure_marks":   {{}},
	"ensure_blocks":  {{}},
	"ensure_turns":   {{}},
	"clean_up":       {{}},
	"period":         {{}},
	"version":        {{}},
	"refusal":        {{body: `'slots_taken_within_capacity'`}},
	"metrics":        {{}},
	"warm_up":        {{}},
	"actor":          {{body: `1, sha256(sha256('902'))`}, {body: `1, null`}},
	"pepper_fits":    {{body: `'x'`}},
	"password_step":  {{body: `'user/edit-any', 902, '{"id":5000}', true`}},
}

// authCalls are what the functions of auth are asked for here: by the session of the administrator, or with a card.
var authCalls = map[string]string{
	"version":               `select auth.version()`,
	"pepper_fits":           `select auth.pepper_fits('x')`,
	"settings":              `select auth.settings()`,
	"refusal":               `select auth.refusal('picture_unfit')`,
	"begin_log_in":          `select auth.begin_log_in('20000500', '{x}', 'device', '10.0.1.244', 'Firefox')`,
	"log_in":                `select auth.log_in((select max(id) from gym.attempts), '{x}', '{x}', 'any', false, sha256('new'), null)`,
	"session":               `select auth.session(sha256('902'), true, 'user/get')`,
	"sessions":              `select auth.sessions(sha256('902'))`,
	"end_session":           `select auth.end_session(sha256('902'), 5)`,
	"end_sessions":          `select auth.end_sessions(sha256('902'), true)`,
	"log_out":               `select auth.log_out(sha256('902'))`,
	"log_ins":               `select auth.log_ins(sha256('902'))`,
	"end_person_sessions":   `select auth.end_person_sessions(sha256('902'), 1500)`,
	"begin_change_password": `select auth.begin_change_password(sha256('902'), '{x}', '10.0.1.244', 'Firefox')`,
	"change_password":       `select auth.change_password(sha256('902'), 1, '{x}', '{x}', repeat('0', 64), sha256('x'), 8, null)`,
	"begin_code":            `select auth.begin_code('20000500', 'ABCD-EFGH', null, '10.0.1.244', 'Firefox')`,
	"use_code":              `select auth.use_code(1, repeat('0', 64), sha256('x'), 8, false, sha256('new'), null)`,
	"begin_sign_up":         `select auth.begin_sign_up('20000500', '10.0.1.244', 'Firefox')`,
	"sign_up":               `select auth.sign_up(1, 'И', 'Ф', '', 'Г', repeat('0', 64), sha256('x'), 8, sha256('new'))`,
	"issue_code":            `select auth.issue_code(sha256('902'), 20000500, sha256('x'))`,
	"issue_codes":           `select auth.issue_codes(sha256('902'), 'БИ-21', sha256('x'))`,
	"code_groups":           `select auth.code_groups(sha256('902'))`,
	"confirm_person":        `select auth.confirm_person(sha256('902'), 1500)`,
	"unconfirmed":           `select auth.unconfirmed(sha256('902'))`,
	"picture":               `select auth.picture(null, sha256('902'), md5('1500') || '.jpg'), auth.picture(sha256('media:'::bytea || sha256('902')), null, 'x')`,
	"set_picture":           `select auth.set_picture(sha256('902'), md5('x') || '.jpg', decode('ffd8ff' || repeat('00', 200), 'hex'))`,
	"consent_document":      `select auth.consent_document()`,
	"consents":              `select auth.consents(sha256('902'))`,
	"calendar":              `select auth.calendar(sha256(u.id::text::bytea)) from gym.users u where u.student_card = 20000500`,
	"calendar_made":         `select auth.calendar_made(sha256('902'))`,
	"renew_calendar":        `select auth.renew_calendar(sha256('902'), sha256('new'))`,
	"end_calendar":          `select auth.end_calendar(sha256('902'))`,
	"give_consent":          `select auth.give_consent(sha256('902'), 1, '10.0.1.244')`,
	"withdraw_consent":      `select auth.withdraw_consent(sha256('902'), '10.0.1.244')`,
}

// often is how many calls show what a function does once PostgreSQL keeps its plan for any arguments: after the fifth.
const often = 7

// mostRows is what a call may read of growing tables by reading them from the beginning.
const mostRows = 200

// noStatistics makes the database what pg_restore leaves: nobody has counted its tables, and autovacuum does not
// either.
const noStatistics = `
	do $$
	declare
	  v_table regclass;
	begin
	  for v_table in
	    select c.oid from pg_class c
	     where c.relnamespace in ('gym'::regnamespace, 'river'::regnamespace) and c.relkind = 'r'
	  loop
	    execute format('alter table %s set (autovacuum_enabled = false)', v_table);
	  end loop;
	  delete from pg_statistic s using pg_class c
	   where c.oid = s.starelid and c.relnamespace in ('gym'::regnamespace, 'river'::regnamespace);
	  -- version 14 tells a table that was never counted from one that was found empty
	  update pg_class c
	     set relpages = 0, relallvisible = 0,
	         reltuples = case when current_setting('server_version_num')::integer >= 140000 and c.relkind <> 'i' then -1 else 0 end
	   where c.relnamespace in ('gym'::regnamespace, 'river'::regnamespace) and c.relkind in ('r', 'i', 'p', 'I');
	end
	$$`

// largeGym gives a connection of the owner to years of data, on 9 December 2026.
func largeGym(t *testing.T) *pgxpool.Conn {
	t.Helper()
	ctx := context.Background()
	conn, err := dbtest.New(t).At(t, "2026-12-09 09:00").Acquire(ctx)
	require.NoError(t, err)
	t.Cleanup(conn.Release)
	// what a parallel worker reads is not counted here, so how many are free must not decide
	for _, statements := range []string{aMonth, years, "set max_parallel_workers_per_gather = 0"} {
		_, err = conn.Exec(ctx, statements)
		require.NoError(t, err)
	}
	requireLarge(t, conn.Conn())
	return conn
}

// named is what can be called, with the examples of how.
type named struct {
	name     string
	examples []string
}

// everything lists all that can be called: views and functions of api by the examples of their comments, functions of
// wire by the map calls.
func everything(t *testing.T, conn *pgx.Conn) []named {
	t.Helper()
	type command struct{ Name, Example string }
	rows, err := conn.Query(t.Context(), `
		select case kind when 'view' then 'view ' else '' end || 'api.' || name, coalesce(example, '') from api.commands
		union all
		select distinct p.pronamespace::regnamespace || '.' || p.proname, '' from pg_proc p
		 where p.pronamespace in ('wire'::regnamespace, 'auth'::regnamespace) and p.prosecdef
		order by 1`)
	require.NoError(t, err)
	commands, err := pgx.CollectRows(rows, pgx.RowToStructByPos[command])
	require.NoError(t, err)
	require.Greater(t, len(commands), 120)
	all := make([]named, len(commands))
	for i, c := range commands {
		all[i] = named{c.Name, []string{c.Example}}
		if strings.HasPrefix(c.Name, "wire.") {
			all[i].examples = wireExamples(c.Name)
			require.NotEmpty(t, all[i].examples, "%s is new: say in the map calls how it is asked", c.Name)
		}
		if function, is := strings.CutPrefix(c.Name, "auth."); is {
			require.Contains(t, authCalls, function, "%s is new: say in the map authCalls how it is asked", c.Name)
			all[i].examples = []string{authCalls[function]}
		}
		// the example's own question would read all marks
		if c.Name == "api.mark" {
			all[i].examples = []string{"select * from api.mark((select min(id) from gym.marks), 'excused')"}
		}
		for _, example := range all[i].examples {
			require.NotEmpty(t, example, "%s has no example", c.Name)
		}
	}
	return all
}

// TestNobodyWaitsForHistory calls everything that can be called over years of data, and looks whether a table that
// grows was read from end to end. EXPLAIN does not look inside functions; PostgreSQL's own counters do.
func TestNobodyWaitsForHistory(t *testing.T) {
	t.Parallel()
	conn := largeGym(t).Conn()
	known := map[string]bool{}
	for _, c := range everything(t, conn) {
		known[c.name] = true
		for _, example := range c.examples {
			read := readBy(t, conn, example, mayScan[c.name] == "")
			if mayScan[c.name] != "" {
				continue
			}
			for _, table := range slices.Sorted(maps.Keys(read.rows)) {
				t.Errorf("%s reads %d rows of %s from the beginning:\n  %s", c.name, read.rows[table], table, example)
			}
		}
	}
	for name := range mayScan {
		require.True(t, known[name], "%s is gone: take it off the list mayScan", name)
	}
}

// mostBlocks is how many blocks of tables and indexes a call may read over years of data, where mayRead names no
// other number.
const mostBlocks = 2_500

// mayRead lists what reads more blocks, how many at most, and why that is right.
var mayRead = map[string]int{
	"api.audit": 600_000, // checks everything
	// 20,000 codes, and everyone took back a consent: in life a few
	"api.codes": 70_000, "view api.codes": 70_000,
	"api.consents_withdrawn": 30_000, "view api.consents_withdrawn": 30_000,
	"api.import_roster":     550_000, // 20,000 people are gone: 20,000 rows written, with their trail
	"api.roster_preview":    45_000,  // 20,000 people would be gone, two blocks each
	"wire.ensure_blocks":    15_000,  // lets 14,400 people in again, so many a call
	"wire.gym_news_get_any": 3_500,   // 2,500 announcements, each with its date
	"wire.new_get_any":      3_500,   // 2,500 news
	"wire.report_preview":   4_500,   // as report_visits
	"wire.visit_lessons":    3_500,   // the lessons of the 90 days that may be marked
	"wire.report_visits":    4_500,   // a month of marks, each of which may be of a lesson that nobody marked
	"api.erase_person":      5_000,   // every text, in which the person may be named
	"api.who_did":           25_000,  // the trail since then: of actors there is no index
	"auth.log_ins":          5_000,   // a year of one person's log-ins
	"api.report_visits":     3_000,   // a month of marks
	// all people, or the whole roster with its people, row by row
	"view api.people_masked": 85_000, "api.swap_names_preview": 32_000,
	"api.pictures_missing": 32_000, "view api.pictures_missing": 32_000,
	"wire.clean_up": 25_000, // what has outlived its use, once an hour
}

// TestBlocksReadAreBounded calls everything that can be called over years of data and bounds the blocks that a call
// reads, with statistics and without: a plan by which a call takes ten times as long reads so much more, whatever the
// machine.
func TestBlocksReadAreBounded(t *testing.T) {
	t.Parallel()
	for _, statistics := range []bool{true, false} {
		t.Run(fmt.Sprintf("statistics %t", statistics), func(t *testing.T) {
			t.Parallel()
			conn := largeGym(t).Conn()
			if !statistics {
				_, err := conn.Exec(t.Context(), noStatistics)
				require.NoError(t, err)
			}
			// what compares each row with each is named here, not ended by the time of all tests
			_, err := conn.Exec(t.Context(), "set statement_timeout = '60s'")
			require.NoError(t, err)
			for _, c := range everything(t, conn) {
				bound := mayRead[c.name]
				if bound == 0 {
					bound = mostBlocks
				}
				for _, example := range c.examples {
					if blocks := readBy(t, conn, example, mayScan[c.name] == "").blocks; blocks > bound {
						t.Errorf("%s reads %d blocks, more than %d:\n  %s", c.name, blocks, bound, example)
					}
				}
			}
		})
	}
}

// TestTheFirstOpeningKeepsNoPlanOfEmptyTables lets a crowd choose over one connection, which was made while nobody
// had ever chosen: what fills up meanwhile must not be read from the beginning for each.
func TestTheFirstOpeningKeepsNoPlanOfEmptyTables(t *testing.T) {
	t.Parallel()
	const crowd, seats = 400, 288
	for _, c := range []struct {
		name   string
		before []string
		// rows of gym.enrolments that one student may read from the beginning
		each int
	}{
		{"as migrated", nil, 1},
		// PostgreSQL knows that they are empty. Until autovacuum comes, within a minute, what is read is this month's
		// seats and no more.
		{"vacuumed while empty", []string{"vacuum analyze gym.enrolments", "vacuum analyze gym.refusals", "vacuum analyze gym.blocks"}, seats},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			database := dbtest.New(t)
			ids := database.Users(t, "STUDENT", crowd)
			conn, err := database.Owner.Acquire(t.Context())
			require.NoError(t, err)
			defer conn.Release()
			for _, statement := range slices.Concat([]string{"select rules.turn_enrolment(true, null)"}, c.before,
				[]string{"begin", "select wire.warm_up()"}) {
				_, err := conn.Exec(t.Context(), statement)
				require.NoError(t, err, statement)
			}
			for _, id := range ids {
				for _, call := range []string{
					"entry_create($1, jsonb_build_object('selectedTimes', (select array_agg(id) from (select min(id) as id from gym.slots group by weekday order by 1 limit 3) s)), 'test')",
					"avtime_get($1, '{}', 'test')",
				} {
					_, err := conn.Exec(t.Context(), "select wire."+call, id)
					require.NoError(t, err)
				}
			}
			read := scanned(t, conn.Conn())
			require.Less(t, read["enrolments"], int64(crowd*c.each), "rows of gym.enrolments read from the beginning")
			for _, table := range []string{"refusals", "blocks"} {
				require.Less(t, read[table], int64(crowd), "rows of gym.%s read from the beginning", table)
			}
			var refusals int
			require.NoError(t, conn.QueryRow(t.Context(), "select count(*) from gym.refusals").Scan(&refusals))
			require.Equal(t, 3*(crowd-12), refusals, "twelve seats a slot, all others are refused")
		})
	}
}

// actors are the cards of those who act, so that looking one up costs the example nothing.
var actors = map[string]int{"STUDENT": 12069840, "COACH": 901, "ADMIN": 902}

func wireExamples(name string) []string {
	var examples []string
	for _, c := range calls[strings.TrimPrefix(name, "wire.")] {
		if c.role == "" {
			examples = append(examples, fmt.Sprintf("select %s(%s)", name, c.body))
			continue
		}
		after := ""
		if strings.HasPrefix(name, "wire.report_") && name != "wire.report_preview" &&
			name != "wire.report_statistics" {
			after = "fetch all from report_rows"
		}
		examples = append(examples, fmt.Sprintf(
			"%s; select %s((select u.id from gym.users u where u.student_card = %d), %s, 'test'); %s",
			c.before,
			name,
			actors[c.role],
			c.body,
			after,
		))
	}
	return examples
}

// requireLarge requires that the years hold rows of all tables that grow.
func requireLarge(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select c.relname::text, (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from gym.%I', c.relname), false, true, '')))[1]::text::integer
		  from pg_class c
		 where c.relnamespace = 'gym'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`)
	require.NoError(t, err)
	var table string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&table, &n}, func() error {
		if n < 2_000 && !slices.Contains(small, table) {
			t.Errorf(
				"gym.%s has %d rows here: give it some in the constant years, or name it in the list small",
				table,
				n,
			)
		}
		return nil
	})
	require.NoError(t, err)
}

const sqlScanned = `
	select relname, seq_tup_read from pg_stat_xact_user_tables
	 where schemaname = 'gym' and seq_scan > 0`

// scanned gives the rows of the gym's tables that the transaction has read in sequential scans so far.
func scanned(t *testing.T, conn *pgx.Conn) map[string]int64 {
	t.Helper()
	rows, err := conn.Query(t.Context(), sqlScanned)
	require.NoError(t, err)
	found := map[string]int64{}
	var table string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&table, &n}, func() error { found[table] = n; return nil })
	require.NoError(t, err)
	return found
}

// reading is what a call read of the gym's tables.
type reading struct {
	// rows of growing tables, read in sequential scans
	rows map[string]int64
	// blocks of tables and their indexes
	blocks int
}

// readBy runs the example, several times where that is wished, leaves nothing of it, and gives what a call read.
func readBy(t *testing.T, conn *pgx.Conn, example string, again bool) reading {
	t.Helper()
	ctx := t.Context()
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql); !lacksRandom(err) {
			require.NoError(t, err, example)
		}
	}
	// one example is a transaction itself
	example = strings.TrimPrefix(strings.TrimSuffix(example, " rollback;"), "begin; ")
	times := 1
	if again {
		times = often
	}

	exec("begin")
	defer exec("rollback")
	before, blocksBefore := scanned(t, conn), fetched(t, conn)
	for range times {
		exec("savepoint before")
		exec(example)
		exec("rollback to savepoint before")
	}
	read := reading{rows: scanned(t, conn), blocks: (fetched(t, conn) - blocksBefore) / times}
	for table := range read.rows {
		read.rows[table] = (read.rows[table] - before[table]) / int64(times)
		if read.rows[table] <= mostRows || slices.Contains(small, table) {
			delete(read.rows, table)
		}
	}
	return read
}

// fetched gives the blocks of the gym's tables and indexes that the transaction has read so far.
func fetched(t *testing.T, conn *pgx.Conn) int {
	t.Helper()
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `
		select coalesce(sum(pg_stat_get_xact_blocks_fetched(c.oid)), 0)::integer
		  from pg_class c where c.relnamespace in ('gym'::regnamespace, 'river'::regnamespace)`).Scan(&n))
	return n
}
