-- Keys, salts and digests. Random bytes are made by programs: PostgreSQL 12 has none.

create function rules.hmac(p_for text, p_message bytea) returns bytea
language plpgsql stable
as $$
declare
  v_key   bytea := (select decode(s.value, 'hex') from gym.secrets s where s.name = 'auth_key');
  v_inner bytea := decode(repeat('36', 64), 'hex');
  v_outer bytea := decode(repeat('5c', 64), 'hex');
begin
  if v_key is null then
    perform rules.refuse('auth_key_missing');
  end if;
  -- RFC 2104: a key longer than a block is hashed first, a shorter one is padded with zeros
  if length(v_key) > 64 then
    v_key := sha256(v_key);
  end if;
  for v_n in 0 .. length(v_key) - 1 loop
    v_inner := set_byte(v_inner, v_n, get_byte(v_key, v_n) # 54);
    v_outer := set_byte(v_outer, v_n, get_byte(v_key, v_n) # 92);
  end loop;
  return sha256(v_outer || sha256(v_inner || convert_to(p_for || ':', 'UTF8') || p_message));
end
$$;
comment on function rules.hmac(text, bytea) is
  'HMAC-SHA-256 under the database''s own key. p_for: what it is for, so that a value for one purpose is none for '
  'another. The only reader of the key. Errors: auth_key_missing.';

create function rules.card_of(p_card text) returns integer
language sql immutable
as $$
  select case when btrim(p_card) ~ '^[0-9]{1,20}$' and btrim(p_card)::numeric between 1 and 2147483647
              then btrim(p_card)::integer end
$$;
comment on function rules.card_of(text) is 'A card as it was typed, leading zeros allowed; null where it is none.';

create function rules.card_key(p_card text) returns text
language sql immutable
as $$ select coalesce(rules.card_of(p_card)::text, left(lower(btrim(coalesce(p_card, ''))), 40)) $$;
comment on function rules.card_key(text) is
  'What names a card in buckets: the number, or what was typed instead of one.';

create function rules.salt(p_card text) returns bytea
language sql stable
as $$ select substring(rules.hmac('salt', convert_to(rules.card_key(p_card), 'UTF8')) from 1 for 16) $$;
comment on function rules.salt(text) is
  'Salt of a card''s password, 16 bytes: the same at every call, whether or not anybody has that card. '
  'Errors: auth_key_missing.';

create function rules.hash_cost() returns json
language sql immutable
as $$ select '{"memory_kib": 19456, "passes": 2, "lanes": 1}'::json $$;
comment on function rules.hash_cost() is
  'Cost of argon2id: measured 16 to 32 ms and 20 MB a password. Changed, no stored password fits any more.';

create function rules.digest(p_proof bytea, p_hid text) returns bytea
language sql immutable
as $$ select sha256(coalesce(p_proof, '\x') || convert_to(coalesce(p_hid, ''), 'UTF8')) $$;
comment on function rules.digest(bytea, text) is
  'What is stored of a password. p_proof: argon2id of p_hid, the old hash. With p_hid in it, since an attempt is bound '
  'to its hid when it is charged (rules.charge_attempt).';

create function rules.pepper_fits(p_digest bytea) returns boolean
language sql stable
as $$
  select coalesce(
    (select sha256(convert_to('energiya pepper:' || s.value, 'UTF8')) = p_digest from gym.secrets s
      where s.name = 'pepper'),
    (select decode(s.value, 'hex') = p_digest from gym.secrets s where s.name = 'pepper_digest'))
$$;
comment on function rules.pepper_fits(bytea) is
  'Whether a server is configured with the pepper of this database. p_digest: SHA-256 of "energiya pepper:" and the '
  'pepper. Null: the database knows none.';

create function rules.network_of(p_address inet) returns cidr
language sql immutable
as $$ select network(set_masklen(p_address, case family(p_address) when 4 then 24 else 48 end)) $$;
comment on function rules.network_of(inet) is 'The network that is shown to a person instead of an address.';
