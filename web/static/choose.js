// The choice: counts what is chosen, shows the free seats as they change, opens by itself, holds a press that comes a
// little early, and sends the choice until it has an answer. Without it the page is a plain form.
import { now, start, sync } from './clock.js';

const HOLD = 2000; // how early a press may come, in milliseconds
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => facts[name]);

let root, opens, open, tag; // the page's data: see read
let poll, alarm; // timers
let busy = ''; // 'held' or 'sending' while a press is under way
let reload = false; // the timetable has changed under the page

// read takes what the page brings along. It is called for the first page and for each answer that replaces it.
function read() {
  root = $('.choose');
  opens = +root.dataset.opens;
  open = root.dataset.open === 'true';
  show();
}

// ---- what is chosen ----

const picked = () => $$('#choice td :checked').filter((input) => input.value);
const mine = () => $$('#choice [name=was]').map((input) => input.value);
const short = (input) => {
  const column = input.closest('td').cellIndex;
  const day = input.closest('table').tHead.rows[0].cells[column].textContent;
  return `${day}\u00a0${input.closest('tr').cells[0].textContent}`;
};

// show spells out in the bar what is chosen, how many more may be, and when enrolment opens.
function show() {
  if (!$('#choice')) return;
  const list = picked().sort((a, b) => a.name.localeCompare(b.name)); // by weekday
  const left = root.dataset.limit - list.length;
  const facts = left < 0 ? [root.dataset.over, -left] : [root.dataset.more, left];
  const given = mine().filter((id) => !list.some((input) => input.value === id)).map((id) => $(`#s${id}`));
  const more = [fill(facts[0], { n: facts[1] })];
  if (given.length) more.push(`${root.dataset.give} ${given.filter(Boolean).map(short).join(', ')}`);
  put('#chosen', list.map(short).join(', ') || root.dataset.none);
  put('#more', more.join(' · '));
  tick();
}

function put(selector, text) {
  const element = $(selector);
  if (element && element.textContent !== text) element.textContent = text;
}

// keep remembers the choice over a reload and a log-in. Where the person's seats have changed since, it is old.
function keep() {
  const picks = picked().map((input) => input.value);
  sessionStorage.choice = JSON.stringify([root.dataset.month, mine(), picks]);
}

function recall() {
  try {
    const [month, seats, picks] = JSON.parse(sessionStorage.choice);
    if (month !== root.dataset.month || String(seats) !== String(mine())) return;
    for (const input of $$('#choice [type=radio]')) {
      if (input.value) input.checked = picks.includes(input.value);
    }
    for (const input of $$('#choice tfoot input')) input.checked = !$(`#choice tbody [name=${input.name}]:checked`);
  } catch {
    // Nothing was kept, or nothing may be kept.
  }
}

// A second press on a chosen slot takes it back.
let before;
document.addEventListener('pointerdown', ({ target }) => {
  before = target.matches?.('#choice tbody input') && target.checked ? target : null;
});
document.addEventListener('click', ({ target }) => {
  if (before && target === before) {
    $(`#n${target.name.slice(1)}`).checked = true;
    changed();
  }
  before = null;
  if (target.closest?.('[data-close]')) {
    $$('.sheet').forEach((sheet) => sheet.remove());
  }
});
document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-close]')) {
    event.preventDefault();
    history.replaceState(null, '', '/choose');
  }
});
document.addEventListener('change', changed);

function changed() {
  $$('.sheet').forEach((sheet) => sheet.remove());
  if (!busy) put('#say', '');
  keep();
  show();
}

// ---- the clock ----

const left = () => (open || !opens ? 0 : opens - now());

// tick shows the countdown, and opens the page at the moment itself.
function tick() {
  clearTimeout(alarm);
  const rest = left();
  if (rest <= 0) {
    if (root.dataset.open === 'false' && opens) {
      root.dataset.open = 'true';
      ask();
    }
    put('#left', '');
    return;
  }
  put('#left', fill(root.dataset.left, { left: spell(rest) }));
  if (!document.hidden) alarm = setTimeout(tick, Math.min(rest, (rest % 1000) + 5));
}

function spell(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const part = (n) => String(n).padStart(2, '0');
  const clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map((n) => part(Math.floor(n))).join(':');
  const days = Math.floor(seconds / 86400);
  return days ? `${fill(root.dataset.days, { days })} ${clock}` : clock;
}

// ---- free seats ----

async function ask() {
  clearTimeout(poll);
  if (document.hidden) return;
  let wait = 5000;
  try {
    const sent = performance.now();
    const answer = await fetch('/choose/seats', {
      cache: 'no-store', headers: tag ? { 'If-None-Match': tag } : {}, signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 200 || answer.status === 304) {
      sync(+answer.headers.get('Server-Time'), sent, performance.now());
      wait = +answer.headers.get('Ask-Again');
      if (answer.status === 200) {
        tag = answer.headers.get('ETag');
        take(await answer.json());
      }
    }
    offline(false);
  } catch {
    offline(true);
  }
  tick();
  // All pages must not ask in the same moment.
  clearTimeout(poll);
  poll = setTimeout(ask, wait * (0.9 + 0.2 * Math.random()));
}

function offline(is) {
  $('[data-offline]').hidden = !(is && !navigator.onLine);
}

function take(offer) {
  open = offer.open;
  opens = offer.opensAt;
  root.dataset.open = open || (opens && left() <= 0);
  const known = $$('#choice tbody input').map((input) => +input.value);
  if (offer.month !== root.dataset.month || offer.slots.length !== known.length ||
      !offer.slots.every(([id]) => known.includes(id))) {
    // Another timetable: the page is made anew, but not while a press is under way.
    reload = true;
    if (!busy) renew();
    return;
  }
  for (const slot of offer.slots) draw(...slot);
}

// renew loads the page anew, but not again and again: whatever goes wrong, thousands of pages must not reload in a
// loop.
function renew() {
  const last = +sessionStorage.renewed || 0;
  if (Date.now() - last >= 0 && Date.now() - last < 60000) return;
  sessionStorage.renewed = Date.now();
  location.reload();
}

// draw shows the numbers of a slot. The templates have the same four states.
function draw(id, capacity, free, waiting) {
  const input = $(`#s${id}`);
  const label = input.nextElementSibling;
  const taken = capacity - free;
  const own = mine().includes(String(id));
  const state = own ? 'mine' : waiting > 0 ? 'wait' : free > 0 ? 'free' : 'full';
  const words = fill(root.dataset[`label${state[0].toUpperCase()}${state.slice(1)}`], { free, capacity, waiting });
  label.dataset.state = state;
  label.dataset.fill = taken > 0 ? Math.max(1, Math.floor(taken * 12 / capacity)) : 0;
  const text = { mine: '', wait: waiting, free, full: '–' }[state];
  if (label.textContent !== String(text)) label.textContent = text;
  input.setAttribute('aria-label', `${input.dataset.at}, ${words}`);
  input.disabled = state === 'full' && !input.checked;
}

// ---- the press ----

document.addEventListener('submit', (event) => {
  if (event.target.getAttribute('action') !== '/choose') return;
  event.preventDefault();
  press(event.target);
});

function press(form) {
  if (busy) return; // the second of a double press
  const rest = left();
  if (rest > HOLD) {
    put('#say', root.dataset.early);
  } else if (rest > 0) {
    set('held', root.dataset.held);
    setTimeout(() => send(form), rest);
  } else {
    send(form);
  }
}

// set tells how far the press is. The button stays where it is and as large as it is.
function set(state, words) {
  busy = state;
  $('#press').setAttribute('aria-disabled', state !== '');
  put('#say', words);
}

// send sends the choice until it is answered. It may be sent twice: the same choice again changes nothing.
async function send(form) {
  set('sending', root.dataset.sending);
  const body = new URLSearchParams(new FormData(form));
  for (let tries = 0; ; tries++) {
    let wait = Math.min(1 + tries, 10);
    try {
      const answer = await fetch('/choose', {
        method: 'POST', body, headers: { Part: '1' }, signal: AbortSignal.timeout(20000),
      });
      if (new URL(answer.url).pathname !== '/choose') {
        keep(); // the session is over: the choice comes back after the log-in
        location.assign(answer.url);
        return;
      }
      if (![429, 502, 503, 504].includes(answer.status)) {
        replace(await answer.text(), answer);
        return;
      }
      wait = +answer.headers.get('Retry-After') || wait;
      await pause(wait, (seconds) => fill(root.dataset.busy, { seconds }));
    } catch {
      await pause(wait, () => root.dataset.lost);
    }
  }
}

async function pause(seconds, words) {
  const end = performance.now() + seconds * 1000 * (0.9 + 0.3 * Math.random());
  for (let rest; (rest = end - performance.now()) > 0;) {
    put('#say', words(Math.ceil(rest / 1000)));
    await new Promise((done) => setTimeout(done, Math.min(rest, 1000)));
  }
}

// replace shows the page that answered in place of this one.
function replace(text, answer) {
  const page = new DOMParser().parseFromString(text, 'text/html');
  set('', '');
  delete sessionStorage.choice;
  for (const selector of ['main', '.bar']) {
    const fresh = $(selector, page);
    if (fresh) $(selector)?.replaceWith(fresh);
  }
  history.replaceState(null, '', answer.headers.get('Content-Location') ?? '/choose');
  if (reload) renew();
  read();
  $('.sheet')?.scrollIntoView({ block: 'nearest' });
}

// ---- start ----

start(+$('.choose').dataset.now);
read();
recall();
show();
ask();
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) ask();
});
addEventListener('online', ask);
addEventListener('offline', () => offline(true));
addEventListener('pageshow', (event) => {
  // A page that the back button brings back may show seats of long ago.
  if (event.persisted) location.reload();
});
