-- Every function that is entered from outside (endpoints, api, triggers: the definers) plans its statements the same
-- on any
-- server, through PgBouncer, in psql and after a restore, since a setting of a function travels with it:
--   jit = off               a call takes milliseconds at most; compiling its statements takes 30 to 300. Without
--   statistics,
--                           or of functions that return rows, the planner expects enough work to compile
--   random_page_cost = 1.1  a gym fits into memory, where a page by an index costs what any page does. By
--   PostgreSQL's own 4
--                           the planner reads 20,000 people from end to end to find the twelve of a lesson
-- Both together cost 0.4 µs a call. Cost parameters only: a switch such as enable_seqscan makes every plan that must
-- do what
-- it forbids look so expensive that JIT compiles it.
do $plans$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_proc p
     where p.pronamespace in (
       'rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace, 'auth'::regnamespace)
       and p.proowner = current_user::regrole and p.prosecdef
  loop
    execute format('alter function %s set jit = off', v_function);
    execute format('alter function %s set random_page_cost = 1.1', v_function);
  end loop;
end
$plans$;

-- A function's text is read when it is first called, by the session's setting: with standard_conforming_strings = off a
-- backslash in a pattern would be gone.
do $strings$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_proc p
     where p.pronamespace in (
       'rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace, 'auth'::regnamespace)
       and p.proowner = current_user::regrole
       and strpos(p.prosrc, chr(92)) > 0
  loop
    execute format('alter function %s set standard_conforming_strings = on', v_function);
  end loop;
end
$strings$;
