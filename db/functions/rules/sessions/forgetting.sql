-- What is kept of log-ins ends: by time, and with the person.

create function rules.forget_log_ins() returns integer
language plpgsql volatile
as $$
declare
  v_now  timestamptz := rules.clock();
  v_more integer;
  v_done integer := 0;
begin
  delete from gym.attempts a where a.made_at < v_now - interval '1 hour';
  get diagnostics v_done = row_count;
  delete from gym.buckets b where b.spent_until < v_now;
  get diagnostics v_more = row_count;
  v_done := v_done + v_more;
  delete from gym.failed_cards f where f.tried_at < v_now - interval '1 hour';
  get diagnostics v_more = row_count;
  v_done := v_done + v_more;
  -- attempts at cards of nobody are nobody's to look at
  delete from gym.log_ins l
   where l.at < v_now - make_interval(months => (select c.log_in_months from gym.settings c))
      or l.user_id is null and l.at < v_now - interval '7 days';
  get diagnostics v_more = row_count;
  v_done := v_done + v_more;
  -- a session stays visible for a month after its time
  delete from gym.sessions s using gym.users u
   where u.id = s.user_id and coalesce(s.ended_at, rules.session_ends_at(s, u.role)) < v_now - interval '30 days';
  get diagnostics v_more = row_count;
  v_done := v_done + v_more;
  delete from gym.devices d where d.last_in_at < v_now - interval '400 days';
  get diagnostics v_more = row_count;
  v_done := v_done + v_more;
  delete from gym.codes c where coalesce(c.used_at, c.voided_at, c.valid_until) < v_now - interval '90 days';
  get diagnostics v_more = row_count;
  return v_done + v_more;
end
$$;
comment on function rules.forget_log_ins() is
  'Removes what has outlived its use: attempts and buckets after an hour, log-ins after the setting log_in_months, '
  'sessions 30 days after their end, devices unused for 400 days, codes 90 days after theirs. Gives how many rows.';
