-- The settings of logging in: what is allowed, also by a raw UPDATE; and what PostgreSQL 12 can't do.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(59);

select is((select (sign_up_by, legacy_hid, refuse_bare_user_id, on_consent_withdrawn)::text from gym.settings),
  '(code,t,f,ask)', 'the settings of a new database');
select is(refusal(format($$ update gym.settings set %s $$, change)), refused, split_part(refused, ' ',
  2) || ': ' || change)
  from (values ('sign_up_by = ''anybody''', '23514 settings_sign_up_by_known'), ('on_consent_withdrawn = ''''',
    '23514 settings_on_consent_withdrawn_known'),
               ('student_idle = ''4 minutes''', '23514 settings_session_limits_range'), ('student_age = ''29 days''',
                 '23514 settings_session_limits_range'), ('coach_age = ''401 days''',
                   '23514 settings_session_limits_range'),
               ('admin_idle = ''13 hours''', '23514 settings_session_limits_range'), ('strange_idle = ''-1 hour''',
                 '23514 settings_session_limits_range'),
               ('reset_code_valid = ''9 minutes''', '23514 settings_code_valid_range'),
                 ('enrolment_code_valid = ''401 days''', '23514 settings_code_valid_range'),
               ('password_tries = 2', '23514 settings_tries_range'), ('device_tries = 1001',
                 '23514 settings_tries_range'), ('code_tries = 0', '23514 settings_tries_range'),
               ('failed_cards = 0', '23514 settings_failed_cards_range'), ('log_in_months = 0',
                 '23514 settings_log_in_months_range'), ('log_in_months = 121',
                   '23514 settings_log_in_months_range')) v (change, refused);
select is(refusal(format($$ select rules.set_setting(%L, %L) $$, name, value)), 'none', format('set_setting: %s = %s',
  name, value))
  from (values ('sign_up_by', 'names'), ('sign_up_by', 'nobody'), ('sign_up_by', 'code'), ('refuse_bare_user_id',
    'true'), ('refuse_bare_user_id', 'false'), ('student_idle', '5 minutes'), ('student_idle', '12 hours'),
               ('admin_age', '1 day'), ('reset_code_valid', '10 minutes'), ('password_tries', '3'), ('failed_cards',
                 '1'), ('log_in_months', '120'), ('on_consent_withdrawn', 'close'), ('on_consent_withdrawn',
                   'ask')) v (name, value);
select is(refusal(format($$ select rules.set_setting(%L, %L) $$, name, value)), 'ENREQ setting_not_allowed',
  format('setting_not_allowed: %s = %s', name, coalesce(value, 'null')))
  from (values ('sign_up_by', 'anybody'), ('sign_up_by', null), ('legacy_hid', 'perhaps'), ('student_idle', 'soon'),
    ('student_idle', ''), ('student_idle', '91 days'), ('admin_idle', '0'), ('strange_age', null),
               ('reset_code_valid', '1 minute'), ('password_tries', '2'), ('code_tries', 'many'), ('failed_cards',
                 '-1'), ('log_in_months', '1000'), ('on_consent_withdrawn', 'delete')) v (name, value);
select is((select string_agg(s.allowed, ', ' order by s.name) from api.settings s where s.name in ('sign_up_by',
  'student_idle')), 'code, names, nobody, 5 min…student_age', 'api.settings says what is allowed');
select is(auth.settings() ->> 'sign_up_by', 'code', 'auth.settings');
select is((auth.settings() #>> '{session_limits,STRANGE,idle}')::integer, 1800, 'auth.settings: seconds');

-- ---- raw rows: what a constraint refuses ----

select who('ann') \g /dev/null
select is(refusal(statement), refused, 'a raw row: ' || refused)
  from (values ($$ insert into gym.verifiers values (who('ann'), 'short', now()) $$, '23514 verifiers_digest_length'),
               ($$ insert into gym.sessions (user_id, token_hash, media_hash, created_at, used_at, is_strange, agent)
                 values (who('ann'), 'x', 'y', now(), now(), false, '') $$, '23514 sessions_token_hash_length'),
               ($$ insert into gym.sessions (user_id, token_hash, media_hash, created_at, used_at, is_strange, agent,
                 ended_at) values (who('ann'), token(1), token(2), now(), now(), false, '', now()) $$,
                   '23514 sessions_ended_with_reason'),
               ($$ insert into gym.codes (card, purpose, hash, issued_at, valid_until) values (1, 'reset', 'x', now(),
                 now() + interval '1 day'), (1, 'reset', 'y', now(), now() + interval '1 day') $$,
                   '23505 codes_one_a_card'),
               ($$ insert into gym.codes (card, purpose, hash, issued_at, valid_until) values (1, 'reset', 'x', now(),
                 now() + interval '2 years') $$, '23514 codes_valid_range'),
               ($$ insert into gym.pictures values (who('ann'), 'x.svg', repeat('x', 200)::bytea, now()) $$,
                 '23514 pictures_jpeg_fit')) v (statement, refused);

-- ---- random bytes ----

select is(length(rules.random_bytes()), 32, 'random_bytes') from (select current_setting('server_version_num')::integer
  >= 130000 as has) v where has
union all
select skip('PostgreSQL 12 has none', 1) where current_setting('server_version_num')::integer < 130000;
do $$
begin
  -- what PostgreSQL 12 is like
  if current_setting('server_version_num')::integer >= 130000 then
    alter function pg_catalog.gen_random_uuid() rename to gen_random_uuid_gone;
  end if;
end $$;
insert into gym.roster (card, family, given, patronymic, "group", added_at) values (1001, 'Петров', 'Иван', 'Ильич',
  'БИ-21', now());
select is(admin_refused($$ select * from api.issue_code(card => 1001) $$), 'ENRUL random_missing',
  'random_missing: PostgreSQL 12');
select matches(admin($$ select code from api.issue_code(card => 1001, entropy => sha256('x')) $$), '^\(....-....\)$',
  'random_missing: not where a program brings them');

-- ---- keys, reckoned by another program (Python's hmac) ----

update gym.secrets set value = encode('Jefe', 'hex') where name = 'auth_key';
select is(encode(rules.hmac('salt', '12'), 'hex'), '58ad0b53605263273b4f5b76b3b7f34d76958628be1de4e79b0bbdf433f91801',
  'hmac: a short key');
update gym.secrets set value = (select string_agg(lpad(to_hex(n), 2, '0'), '' order by n) from generate_series(0, 99) n)
  where name = 'auth_key';
select is(encode(rules.hmac('salt', '12'), 'hex'), '6280d5e7f98ef4b354c9f6dcd33426d62fa36009b20e00614310e31f1c8cf87d',
  'hmac: a key longer than a block');
select is(rules.salt('0012'), substring(rules.hmac('salt', '12') from 1 for 16), 'salt: of the card');

select * from finish();
rollback;
