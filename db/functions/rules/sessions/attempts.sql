-- Attempts at passwords and codes: charged first, judged afterwards and by another transaction.

create function rules.charge(p_kind text, p_key text, p_per_hour integer) returns interval
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_now   timestamptz := rules.clock();
  v_step  interval    := interval '1 hour' / p_per_hour;
  v_until timestamptz;
begin
  -- one statement: of 64 at once each waits for the row and sees what the one before left
  insert into gym.buckets as b (kind, key, spent_until) values (p_kind, p_key, v_now + v_step)
  on conflict (kind, key) do update set spent_until = greatest(b.spent_until, v_now) + v_step
   where greatest(b.spent_until, v_now) + v_step <= v_now + interval '1 hour'
  returning b.spent_until into v_until;
  if v_until is not null then
    return null;
  end if;
  return (
    select greatest(b.spent_until + v_step - interval '1 hour' - v_now, interval '1 second')
      from gym.buckets b where b.kind = p_kind and b.key = p_key);
end
$$;
comment on function rules.charge(text, text, integer) is
  'Takes one from a bucket that holds p_per_hour and gets as many back each hour, evenly. Null: taken. Else the bucket '
  'is empty, nothing was taken, and this is how long to wait.';

create function rules.refund(p_kind text, p_key text, p_per_hour integer) returns void
language sql volatile
as $$
  update gym.buckets b set spent_until = b.spent_until - interval '1 hour' / p_per_hour
   where b.kind = p_kind and b.key = p_key
$$;
comment on function rules.refund(text, text, integer) is 'Gives back what rules.charge took: the person was let in.';

create function rules.tries(p_kind text) returns integer
language sql stable
as $$
  select case p_kind when 'card' then c.password_tries when 'device' then c.device_tries else c.code_tries end
    from gym.settings c
$$;
comment on function rules.tries(text) is 'How much a bucket of that kind holds, by the settings.';

create function rules.refused(p_rule text, p_wait interval default null) returns json
language sql stable
as $$
  select json_build_object('result', 'refused', 'rule', c.rule, 'message', c.message,
           'retry_after', ceil(extract(epoch from p_wait))::integer)
    from rules.catalogue c where c.rule = p_rule
$$;
comment on function rules.refused(text, interval) is
  'A refusal that is returned and not raised, since raising would take back the charge. p_rule: of rules.catalogue; '
  'p_wait: after how long to try again.';

create function rules.slow_down(p_address inet) returns integer
language sql stable
as $$
  select least(3000, 100 * greatest(0, count(*) - min(c.failed_cards)))::integer
    from gym.settings c
    left join gym.failed_cards f
      on f.address = p_address and f.tried_at > rules.clock() - interval '1 hour'
         -- what is being judged counts after a while: so nobody gains by never asking for the verdict
         and (f.failed or f.tried_at < rules.clock() - interval '30 seconds')
$$;
comment on function rules.slow_down(inet) is
  'By how many milliseconds an attempt from an address is delayed: a tenth of a second for each card beyond the '
  'setting failed_cards that failed there within an hour and was not let in since, 3 seconds at most. Never refused: '
  'a school may stand behind one address.';

create function rules.charge_attempt(
  p_purpose text, p_card text, p_commitments bytea[], p_device bytea, p_address inet, p_agent text,
  p_user_id integer default null)
returns json
language plpgsql volatile
as $$
declare
  v_now     timestamptz := rules.clock();
  v_key     text        := rules.card_key(p_card);
  v_agent   text        := left(coalesce(p_agent, ''), 300);
  v_hash    bytea       := sha256(p_device);
  v_address inet        := case when family(p_address) = 6 then network(set_masklen(p_address, 64))::inet
                                else host(p_address)::inet end;
  v_user_id integer;
  v_known   boolean;
  v_kind    text;
  v_bucket  text;
  v_wait    interval;
  v_slow    integer;
  v_log_in  bigint;
  v_attempt bigint;
begin
  -- Whose card it is decides which bucket pays, and nothing else.
  select u.id into v_user_id from gym.users u where u.student_card = rules.card_of(p_card);
  v_known := exists (select from gym.devices d where d.user_id = v_user_id and d.hash = v_hash);
  v_kind  := case when p_purpose in ('code', 'sign up') then 'code' when v_known or p_user_id is not null then 'device'
                  else 'card' end;
  -- who is logged in and guesses the old password does not close the way in for the owner
  v_bucket := case when p_user_id is not null then p_user_id || ' own password'
                   when v_kind = 'device' then v_user_id || ' ' || encode(v_hash, 'hex') else v_key end;

  -- An empty bucket refuses before anything is hashed. That is noted once an hour, or a flood would fill the log.
  v_wait := rules.charge(v_kind, v_bucket, rules.tries(v_kind));
  if v_wait is not null then
    insert into gym.log_ins (at, user_id, outcome, network, agent, known_device)
    select v_now, v_user_id, 'too often', rules.network_of(p_address), v_agent, v_known
     where v_user_id is not null and not exists (
       select from gym.log_ins l
        where l.user_id = v_user_id and l.outcome = 'too often' and l.at > v_now - interval '1 hour');
    return rules.refused(case v_kind when 'code' then 'code_too_often' else 'log_in_too_often' end, v_wait);
  end if;

  -- An address is slowed by what failed there before this attempt.
  v_slow := rules.slow_down(v_address);
  if v_address is not null then
    insert into gym.failed_cards as f (address, card, tried_at, failed) values (v_address, v_key, v_now, false)
    on conflict (address, card) do update set tried_at = v_now;
  end if;

  -- The attempt is bound to what will be judged: one charge pays for one password or code.
  insert into gym.log_ins (at, user_id, outcome, network, agent, known_device)
  values (v_now, v_user_id, 'unfinished', rules.network_of(p_address), v_agent, v_known)
  returning id into v_log_in;
  insert into gym.attempts (made_at, made_in, purpose, card, user_id, commitments, device_hash, known_device,
    bucket_kind, bucket_key, address, agent, log_in_id)
  values (v_now, txid_current(), p_purpose, v_key, p_user_id,
    array(select rules.hmac('commitment', c.value)
            from unnest(p_commitments[1:2]) with ordinality c (value, n) order by c.n),
    v_hash, v_known, v_kind, v_bucket, v_address, v_agent, v_log_in)
  returning id into v_attempt;
  return json_build_object('result', 'go', 'attempt', v_attempt::text, 'salt', encode(rules.salt(p_card), 'hex'),
    'memory_kib', rules.hash_cost() -> 'memory_kib', 'passes', rules.hash_cost() -> 'passes',
    'lanes', rules.hash_cost() -> 'lanes', 'wait_ms', v_slow);
end
$$;
comment on function rules.charge_attempt(text, text, bytea[], bytea, inet, text, integer) is
  'Charges an attempt and gives what is needed to hash. p_purpose: log in, code, sign up, password (the person''s own '
  'change); p_card: as typed; p_commitments: SHA-256 of what will be judged; p_device: the device''s cookie; '
  'p_user_id: who changes the own password. The same for every card. Returns refusals: log_in_too_often, '
  'code_too_often.';

create function rules.take_attempt(p_attempt bigint, p_purpose text) returns gym.attempts
language plpgsql volatile
as $$
declare
  v_attempt gym.attempts;
begin
  -- made_in: what its own transaction judged could be rolled back, the charge too, and judged again
  delete from gym.attempts a
   where a.id = p_attempt and a.purpose = p_purpose and a.made_in <> txid_current()
     and a.made_at > rules.clock() - interval '2 minutes'
  returning * into v_attempt;
  return v_attempt;
end
$$;
comment on function rules.take_attempt(bigint, text) is
  'Takes an attempt out to judge it, once; nothing where it is not there, is older than two minutes, or was charged by '
  'this very transaction.';

create function rules.committed(p_attempt gym.attempts, p_hids text[]) returns boolean
language sql stable
as $$
  select coalesce(cardinality(p_hids) > 0 and p_attempt.commitments = array(
    select rules.hmac('commitment', sha256(convert_to('commit:' || h.hid, 'UTF8')))
      from unnest(p_hids) with ordinality h (hid, n) order by h.n), false)
$$;
comment on function rules.committed(gym.attempts, text[]) is
  'Whether these are the hashes that the attempt was charged for.';

create function rules.settle_attempt(p_attempt gym.attempts, p_outcome text, p_let_in boolean) returns void
language plpgsql volatile
as $$
begin
  update gym.log_ins l set outcome = p_outcome where l.id = p_attempt.log_in_id;
  if p_let_in then
    perform rules.refund(p_attempt.bucket_kind, p_attempt.bucket_key, rules.tries(p_attempt.bucket_kind));
    delete from gym.failed_cards f where f.address = p_attempt.address and f.card = p_attempt.card;
  else
    update gym.failed_cards f set failed = true where f.address = p_attempt.address and f.card = p_attempt.card;
  end if;
end
$$;
comment on function rules.settle_attempt(gym.attempts, text, boolean) is
  'Writes down how an attempt ended. Who was let in gets the charge back, and the card no longer counts against its '
  'address.';
