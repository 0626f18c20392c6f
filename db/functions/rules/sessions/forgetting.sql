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

create function rules.erase_log_ins(p_user_id integer, p_cards integer[]) returns void
language plpgsql volatile
as $$
begin
  delete from gym.sessions s where s.user_id = p_user_id;
  delete from gym.devices d where d.user_id = p_user_id;
  delete from gym.verifiers v where v.user_id = p_user_id;
  delete from gym.log_ins l where l.user_id = p_user_id;
  delete from gym.pictures p where p.user_id = p_user_id;
  delete from gym.codes c where c.card = any (p_cards);
  delete from gym.attempts a where a.card = any (p_cards::text[]) or a.user_id = p_user_id;
  delete from gym.buckets b
   where b.kind <> 'device' and b.key = any (p_cards::text[]) or b.kind = 'device' and b.key like p_user_id || ' %';
  delete from gym.failed_cards f where f.card = any (p_cards::text[]);
  update gym.consents c set address = null, withdrawn_address = null, withdrawn_at = coalesce(c.withdrawn_at,
    rules.clock())
   where c.user_id = p_user_id;
end
$$;
comment on function rules.erase_log_ins(integer, integer[]) is
  'The part of rules.erase_person that removes how and where a person logged in. p_cards: all cards that the person '
  'had. That there was a consent, and when, stays: the law asks for the proof.';
