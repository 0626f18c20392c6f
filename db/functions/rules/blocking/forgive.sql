-- An absence with a good reason is forgiven.

create function rules.forgive(p_user_id integer, p_date date, p_reason text, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  perform rules.check_date(p_date);
  perform rules.person(p_user_id);
  insert into gym.pardons (user_id, date, reason, made_at, made_by)
  values (p_user_id, p_date, p_reason, rules.clock(), p_actor)
  on conflict (user_id, date) where date is not null do nothing;
end
$$;
comment on function rules.forgive(integer, date, text, integer) is
  'Excuses a person''s absences of a date, ahead of time too. Harmless to repeat. Errors: user_not_found, '
  'date_out_of_range.';
