// The lesson: marks are shown at once, wait on the phone, and are sent together. Without it the page is a plain form.
import { keyOf, put, read, send } from './marks.js';

const SOON = 300; // how long to wait for the next mark before sending, in milliseconds
const LONGEST = 30000; // the longest wait before another try

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => facts[name]);

const root = $('#lesson');
const words = root.dataset;
const key = keyOf(words.person, words.date, words.time);
const people = $$('.people > li[data-id]');
const undo = $('#undo');
const rest = $('#rest');
const actions = []; // what can be undone: lists of [row, the mark before]
const canMark = !$('.people input[value="1"]:disabled');
let timer; // of the next try
let busy = false; // a request is on the way
let wait = 1000; // before the next try

const nameOf = (row) => $('.name a', row).textContent;
const kept = (row, all = read(key)) => all[row.dataset.id];
const shown = (row, all) => kept(row, all)?.[1] ?? row.dataset.mark;

// ---- what is shown ----

function draw() {
  const all = read(key);
  let left = $$('.people > li:not([data-id])').length;
  for (const row of people) {
    const mark = shown(row, all);
    for (const input of $$('input[type=radio]', row)) input.checked = input.value === mark;
    if (mark === '') left++;
    const waits = kept(row, all);
    const state = waits ? 'waiting' : row.dataset.why ? 'refused' : mark === '' ? '' : 'saved';
    const element = $('.state', row);
    if ((element.dataset.state ?? '') !== state) {
      element.dataset.state = state;
      $('.hear', element).textContent = state ? words[state] : '';
    }
    text($('.why', row), waits ? '' : row.dataset.why ?? '');
  }
  const facts = { left, all: $$('.people > li').length };
  text($('#count'), fill(left ? words.count : words.all, facts));
  const queue = Object.keys(all).length;
  text($('#queue'), queue && wait > 1000 ? fill(words.queue, { n: queue }) : '');
  undo.disabled = !actions.length;
  rest.disabled = !canMark || !left;
}

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function warn(words, href) {
  const box = $('#alert');
  box.hidden = false;
  box.textContent = words;
  if (!href) return;
  const link = document.createElement('a');
  link.href = href;
  link.textContent = document.title.split(' · ')[0];
  box.append(' ', link);
}

// ---- what the coach does ----

// act sets marks, a list of [row, mark], and remembers how to undo it.
function act(changes) {
  const all = read(key);
  const real = changes.filter(([row, mark]) => shown(row, all) !== mark);
  if (!real.length) return;
  actions.push(real.map(([row]) => [row, shown(row, all)]));
  set(real);
}

function set(changes) {
  for (const [row, mark] of changes) {
    delete row.dataset.why;
    put(key, row.dataset.id, row.dataset.version, mark);
  }
  draw();
  soon(SOON);
}

function takeBack() {
  const changes = actions.pop();
  if (!changes) return;
  set(changes);
  text($('#say'), `${words.undone}: ${changes.map(([row]) => nameOf(row)).join(', ')}`);
  go(changes[0][0]);
}

const here = () => document.activeElement?.closest?.('.people > li') ?? $('.people > [data-here]');

// go makes a person the one that the keys mark.
function go(row) {
  if (!row) return;
  for (const other of $$('.people > [data-here]')) delete other.dataset.here;
  row.dataset.here = '';
  ($('input:checked', row) ?? $('input:enabled', row))?.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
}

const beside = (row, step) => people[Math.min(people.length - 1, Math.max(0, people.indexOf(row) + step))];

let before; // the mark that is pressed once more, and so taken back
document.addEventListener('pointerdown', ({ target }) => {
  before = target.matches?.('.marks input') && target.checked ? target : null;
});
document.addEventListener('click', ({ target }) => {
  if (before && target === before) act([[target.closest('li'), '']]);
  before = null;
});
document.addEventListener('change', ({ target }) => {
  if (target.matches('.marks input')) act([[target.closest('li'), target.value]]);
});
document.addEventListener('focusin', ({ target }) => {
  const row = target.closest?.('.people > li[data-id]');
  for (const other of $$('.people > [data-here]')) if (other !== row) delete other.dataset.here;
  if (row) row.dataset.here = '';
});

// Codes name keys by their place, so that U is U on a Russian keyboard too.
const marks = { Digit1: '1', Digit2: '2', Digit3: '0', Numpad1: '1', Numpad2: '2', Numpad3: '0' };
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = here();
  const mark = marks[event.code];
  if (event.code === 'ArrowDown' || event.code === 'ArrowUp') {
    go(row ? beside(row, event.code === 'ArrowDown' ? 1 : -1) : people[0]);
  } else if (mark !== undefined) {
    const target = row ?? people.find((person) => shown(person) === '') ?? people[0];
    if (!target || $(`input[value="${mark}"]`, target).disabled) return;
    act([[target, mark]]);
    go(beside(target, 1));
  } else if (event.code === 'KeyU') {
    takeBack();
  } else {
    return;
  }
  event.preventDefault();
});

document.addEventListener('submit', (event) => {
  if (event.target.getAttribute('action') !== '/lesson') return;
  event.preventDefault();
  if (event.target.id === 'back') {
    takeBack();
  } else if (event.submitter === rest) {
    const all = read(key);
    act(people.filter((row) => shown(row, all) === '').map((row) => [row, '1']));
  } else {
    soon(0);
  }
});

// ---- the server ----

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(flush, milliseconds);
}

async function flush() {
  if (busy) return;
  busy = true;
  try {
    const answer = await send(key);
    wait = 1000;
    if (answer) take(answer);
    if (Object.keys(read(key)).length && !answer?.login) soon(SOON);
  } catch {
    wait = Math.min(wait * 2, LONGEST);
    soon(wait);
  } finally {
    busy = false;
    draw();
  }
}

// take shows what the server answered: everybody's marks, those of another coach too, and what was refused.
function take(answer) {
  if (answer.login) {
    warn(words.login, `/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  const byID = new Map(people.map((row) => [row.dataset.id, row]));
  if (answer.text) {
    warn(answer.text);
    for (const id of answer.refused) if (byID.has(id)) byID.get(id).dataset.why = answer.text;
    return;
  }
  for (const { id, version, mark, absences } of answer.rows) {
    const row = byID.get(String(id));
    if (!row) continue;
    if (row.dataset.version !== version) delete row.dataset.why;
    row.dataset.version = version;
    row.dataset.mark = mark;
    const element = $('.absences', row);
    text(element, absences ? fill(words.of, { n: absences, limit: words.limit }) : '');
    element.classList.toggle('many', absences > 0 && absences >= words.limit - 1);
  }
  for (const { id, saved, text: why } of answer.results) {
    const row = byID.get(String(id));
    if (row && !saved) row.dataset.why = why;
  }
  const others = answer.rows.filter(({ id }) => id).length !== people.length;
  if (answer.off) {
    warn(words.off, location.href);
  } else if (others && !Object.keys(read(key)).length) {
    location.reload(); // people came or went
  }
}

// look asks for the marks as they are now, after the page was away.
async function look() {
  if (Object.keys(read(key)).length) {
    soon(0);
    return;
  }
  try {
    const query = new URLSearchParams({ date: words.date, time: words.time });
    const answer = await fetch(`/lesson/marks?${query}`, { cache: 'no-store', signal: AbortSignal.timeout(15000) });
    if (answer.ok && !busy) take(await answer.json());
    draw();
  } catch {
    // It is asked again with the next mark.
  }
}

addEventListener('online', () => soon(0));
addEventListener('pageshow', ({ persisted }) => persisted && look());
addEventListener('pagehide', () => { if (!busy) send(key).catch(() => {}); });
addEventListener('storage', (event) => {
  // Another tab of the same lesson: its marks wait, or are on the server.
  if (event.key === key) (event.newValue ? draw : look)();
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });

actions.length = 0;
$('.save').hidden = true;
draw();
soon(0);
