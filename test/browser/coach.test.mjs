// The coach's screens in a person's words, on a real database and main server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, open, shifted, shifts } from './lib.mjs';

const base = process.env.GYM;
const post = async (path, body) => (await fetch(base + path, { method: 'POST', body })).text();
const sql = async (text) => JSON.parse(await post('/test/sql', text));
const move = (now) => post('/test/move', now);
const person = (role) => post('/test/person', role);
const LOST = 'console: Failed to load resource: net::ERR_FAILED';
const OFFLINE = 'console: Failed to load resource: net::ERR_INTERNET_DISCONNECTED';

let browser;
let coach;
let hour = 7;
before(async () => {
  browser = await launch();
  await move('2026-12-07 12:00');
  coach = await person('COACH');
});
after(() => browser.close());

// lesson makes a lesson of twelve people on Mondays at a time of its own, and returns the time.
async function lesson(size = 12) {
  const time = `${String(hour++).padStart(2, '0')}:00`;
  await move('2026-11-30 12:00');
  await sql(`insert into gym.slots (month, weekday, starts_at, capacity) values ('2026-12-01', 0, '${time}', 12)
    returning id`);
  for (let i = 0; i < size; i++) {
    const student = (await person('STUDENT')).slice(1);
    await sql(`select id from api.enrol(person => ${student}, day => 'Mon', at => '${time}', month => '12-2026')`);
  }
  await move('2026-12-01 00:05');
  await sql('select rules.ensure_marks()');
  await move('2026-12-07 12:00');
  return time;
}

const as = (token, path, options = {}) => fetch(base + path, {
  redirect: 'manual', ...options, headers: { Cookie: `__Host-session=${token}` },
});
const rows = async (time, date = '2026-12-07') =>
  (await (await as(coach, `/lesson/marks?date=${date}&time=${time}`)).json()).rows;

// marks returns the marks of a lesson as they are on the server, in the order of the page: - is nobody's.
const marks = async (time, date) => (await rows(time, date)).map(({ mark }) => mark || '-').join('');
async function until(time, want, date) {
  for (let tries = 0; tries < 100; tries++) {
    if (await marks(time, date) === want) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.equal(await marks(time, date), want);
}
// elsewhere marks a person as another coach does.
async function elsewhere(time, n, mark) {
  const { id, version } = (await rows(time))[n];
  const body = JSON.stringify({ date: '2026-12-07', time, marks: [{ id, version, mark }] });
  const answer = await as(await person('COACH'), '/lesson/marks', { method: 'POST', body });
  assert.equal((await answer.json()).results[0].saved, true);
}

// visit opens a page, and afterwards nothing may have gone wrong: no fault, no layout shift.
async function visit(path, options, steps) {
  const { page, context, faults } = await open(browser, base, { token: coach, ...options });
  if (options.js !== false) await shifts(page);
  await page.goto(base + path);
  await steps(page, context);
  if (options.js !== false) assert.ok(await shifted(page) <= 0.02, 'layout shift');
  const allowed = options.faults ?? [];
  assert.deepEqual(faults.filter((fault) => !allowed.some((text) => fault.includes(text))), []);
  await context.close();
}
const at = (time, date = '2026-12-07') => `/lesson?date=${date}&time=${time}`;
const row = (page, n) => page.locator('.people > li').nth(n);
const tap = (page, n, name) => row(page, n).getByRole('radio', { name, exact: true }).click();
const excused = (page, n) => row(page, n).getByRole('radio', { name: 'уважительная причина' }).isChecked();
const state = (page, n) => row(page, n).locator('.state');
const settled = (page, n, name) => page.waitForFunction(
  ([i, want]) => document.querySelectorAll('.people > li .state')[i].dataset.state === want, [n, name]);

test('marks twelve people with one hand, and takes the last one back', async () => {
  const time = await lesson();
  await visit(at(time), {}, async (page) => {
    await page.getByText('Не отмечено 12 из 12').waitFor();
    const bar = await page.locator('#undo').boundingBox();
    for (const input of await page.locator('.marks > span').all()) {
      const { width, height } = await input.boundingBox();
      assert.ok(width >= 48 && height >= 48, `${width} × ${height}`);
    }
    const began = Date.now();
    for (let n = 0; n < 12; n++) await tap(page, n, n === 4 ? 'не был' : 'был');
    await page.getByText('Отмечены все 12').waitFor();
    assert.ok(Date.now() - began < 15000, 'fifteen seconds');
    await until(time, '111101111111');
    await settled(page, 11, 'saved');
    await page.getByRole('button', { name: 'Отменить' }).click();
    await until(time, '11110111111-');
    assert.deepEqual(await page.locator('#undo').boundingBox(), bar, 'undo stays where it is');
    await page.getByText('Не отмечено 1 из 12').waitFor();
  });
});

test('the rest came: an excuse given before stays, and one press undoes all', async () => {
  const time = await lesson();
  await elsewhere(time, 2, 2);
  await visit(at(time), {}, async (page) => {
    await tap(page, 0, 'не был');
    await page.getByRole('button', { name: 'Остальные были' }).click();
    await until(time, '012111111111');
    await page.getByRole('button', { name: 'Отменить' }).click();
    await until(time, '0-2---------');
  });
});

test('the keyboard alone: 1 2 3, up and down, U', async () => {
  const time = await lesson(4);
  await visit(at(time), {}, async (page) => {
    await page.keyboard.press('1');
    await page.keyboard.press('2');
    await page.keyboard.press('3');
    await until(time, '120-');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('3');
    await until(time, '100-');
    await page.keyboard.press('u');
    await until(time, '120-');
    await page.keyboard.press('u');
    await until(time, '12--');
  });
});

test('a mark pressed once more is taken back', async () => {
  const time = await lesson(2);
  await visit(at(time), {}, async (page) => {
    await tap(page, 0, 'был');
    await until(time, '1-');
    await tap(page, 0, 'был');
    await until(time, '--');
  });
});

test('marks a lesson without a signal: it waits, and is sent by itself', async () => {
  const time = await lesson(3);
  await visit(at(time), { faults: [OFFLINE, LOST] }, async (page, context) => {
    await context.setOffline(true);
    await tap(page, 0, 'был');
    await tap(page, 1, 'не был');
    await page.getByText('ждут связи 2').waitFor();
    assert.equal(await state(page, 0).textContent().then((t) => t.trim()), 'ждёт отправки');
    const still = row(page, 2).getByRole('radio', { name: 'был', exact: true });
    assert.ok(await still.isEnabled(), 'the list is never disabled');
    assert.equal(await marks(time), '---');
    await context.setOffline(false);
    await until(time, '10-');
    await settled(page, 0, 'saved');
    assert.equal(await page.locator('#queue').textContent(), '');
  });
});

test('marks that wait are there after a reload, and are sent from the first page too', async () => {
  const time = await lesson(3);
  await visit(at(time), {}, async (page) => {
    // Routes do not catch what a page sends while it is left, so the signal is lost in the page itself.
    await page.addInitScript(() => {
      const real = window.fetch;
      window.fetch = (url, options) => (sessionStorage.signal || !String(url).startsWith('/lesson/marks')
        ? real(url, options) : Promise.reject(new TypeError('no signal')));
    });
    await page.reload();
    await tap(page, 0, 'был');
    await tap(page, 2, 'уважительная причина');
    await page.getByText('ждут связи 2').waitFor();
    await page.reload();
    await settled(page, 2, 'waiting');
    assert.ok(await excused(page, 2));
    await page.goto(`${base}/today`);
    await page.getByText('Отметки ждут связи').waitFor();
    assert.equal(await marks(time), '---');
    await page.evaluate(() => { sessionStorage.signal = 'back'; });
    await page.reload();
    await until(time, '1-2');
    await page.waitForFunction(() => document.querySelector('#waiting').hidden);
  });
});

test('the server is busy: the marks wait, and are sent once more', async () => {
  const time = await lesson(2);
  await visit(at(time), { faults: ['status of 503'] }, async (page) => {
    let tries = 0;
    await page.route('**/lesson/marks', async (route) => {
      if (tries++ === 0) await route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: '' });
      else await route.fallback();
    });
    await page.getByRole('button', { name: 'Остальные были' }).click();
    await page.getByText('ждут связи 2').waitFor();
    await until(time, '11');
    await settled(page, 1, 'saved');
    assert.equal(tries, 2);
  });
});

test('two tabs of one coach show the same', async () => {
  const time = await lesson(2);
  await visit(at(time), {}, async (page, context) => {
    const second = await context.newPage();
    await second.goto(base + at(time));
    await tap(page, 0, 'не был');
    await settled(second, 0, 'saved');
    assert.ok(await row(second, 0).getByRole('radio', { name: 'не был' }).isChecked());
    await second.close();
  });
});

test('two coaches: each sees the other one after the next action, and no unseen excuse is overwritten', async () => {
  const time = await lesson(4);
  await visit(at(time), {}, async (page) => {
    await elsewhere(time, 0, 2);
    await elsewhere(time, 1, 0);
    await tap(page, 2, 'был');
    await settled(page, 1, 'saved');
    assert.ok(await excused(page, 0), 'seen');
    await elsewhere(time, 3, 2);
    await page.getByRole('button', { name: 'Остальные были' }).click();
    await settled(page, 3, 'refused');
    assert.match(await row(page, 3).locator('.why').textContent(), /\S/);
    assert.ok(await excused(page, 3), 'the excuse stays');
    assert.equal(await marks(time), '2012');
    await tap(page, 3, 'не был');
    await until(time, '2010');
    await settled(page, 3, 'saved');
    assert.equal(await row(page, 3).locator('.why').textContent(), '');
  });
});

test('the lesson is cancelled while it is being marked', async () => {
  const time = await lesson(2);
  await visit(at(time), {}, async (page) => {
    const body = new URLSearchParams({ date: '2026-12-07', time, reason: 'Прорвало трубу' });
    assert.equal((await as(await person('COACH'), '/lesson/cancel', { method: 'POST', body })).status, 303);
    await tap(page, 0, 'был');
    await page.getByText('Занятие отменили, пока вы отмечали').waitFor();
    await settled(page, 0, 'refused');
    await page.locator('#alert a').click();
    await page.getByText('Причина: Прорвало трубу').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Остальные были' }).count(), 0);
    await page.getByRole('link', { name: 'Вернуть занятие' }).click();
    await page.getByRole('button', { name: 'Вернуть занятие' }).click();
    await page.getByText('Занятие снова состоится').waitFor();
    await tap(page, 0, 'был');
    await until(time, '1-');
  });
});

test('the session ends in between: the marks are sent after the log-in', async () => {
  const time = await lesson(2);
  await visit(at(time), { faults: ['status of 401'] }, async (page, context) => {
    await context.clearCookies();
    await tap(page, 1, 'был');
    await page.getByText('Сеанс закончился').waitFor();
    await page.locator('#alert a').click();
    await page.getByLabel('Номер студенческого билета').fill(coach);
    await page.getByLabel('Пароль', { exact: true }).fill('x');
    await page.getByRole('button', { name: 'Войти' }).click();
    await until(time, '-1');
    await settled(page, 1, 'saved');
  });
});

test('without scripts: marks, the rest came, undoes it, cancels', async () => {
  const time = await lesson(3);
  await visit(at(time), { js: false }, async (page) => {
    await tap(page, 0, 'не был');
    await page.getByRole('button', { name: 'Сохранить' }).click();
    assert.equal(await marks(time), '0--');
    await page.getByRole('button', { name: 'Остальные были' }).click();
    assert.equal(await marks(time), '011');
    await page.getByRole('button', { name: 'Отменить' }).click();
    assert.equal(await marks(time), '0--');
    await page.getByRole('link', { name: 'Отменить занятие' }).click();
    await page.getByText('Коснётся 3 человек').waitFor();
    await page.getByLabel('Причина').fill('<b>Соревнования</b>');
    await page.getByRole('button', { name: 'Отменить занятие' }).click();
    await page.getByText('Причина: <b>Соревнования</b>').waitFor();
  });
});

test('a forgotten lesson of the past month is found from the first page and marked', async () => {
  const time = await lesson(2);
  await move('2027-01-03 12:00');
  await visit('/', {}, async (page) => {
    await page.getByRole('heading', { name: 'Не отмечено в прошлые дни' }).waitFor();
    await page.getByRole('link', { name: new RegExp(`28 декабря, ${time}`) }).click();
    await page.getByRole('button', { name: 'Остальные были' }).click();
    await until(time, '11', '2026-12-28');
  });
  await move('2026-12-07 12:00');
});

test('downloads the report of a month, and sees its first rows before', async () => {
  const time = await lesson(2);
  await visit(at(time), {}, async (page) => {
    await page.getByRole('button', { name: 'Остальные были' }).click();
    await until(time, '11');
    await page.goto(`${base}/reports?kind=visits&from=2026-12-01&to=2026-12-31`);
    await page.getByRole('img', { name: /пришли/ }).waitFor();
    assert.ok(await page.locator('.data').last().locator('tbody tr').count() > 1);
    for (const [name, begins] of [['Excel (xlsx)', 'PK'], ['CSV', '\ufeff']]) {
      const [file] = await Promise.all([
        page.waitForEvent('download'), page.getByRole('link', { name }).click(),
      ]);
      assert.match(file.suggestedFilename(), /^Посещения с 01.12 по 31.12/);
      assert.equal(readFileSync(await file.path(), 'utf8').slice(0, begins.length), begins);
    }
    await page.getByText('Отчёт готов').waitFor();
    await page.route('**/reports/file?**', async (route) => {
      await new Promise((done) => setTimeout(done, 2500));
      await route.continue();
    });
    await page.getByRole('link', { name: 'CSV' }).click();
    await page.getByText('Отчёт готовится: 1 с').waitFor();
    await page.waitForEvent('download');
  });
});

test('without scripts: a page says that the report is being made, and the file comes by itself', async () => {
  await visit('/reports?kind=term&from=2026-12-01&to=2026-12-31', { js: false }, async (page) => {
    const file = page.waitForEvent('download');
    await page.getByRole('link', { name: 'CSV' }).click();
    await page.getByRole('heading', { name: 'Отчёт готовится' }).waitFor();
    assert.match((await file).suggestedFilename(), /\.csv$/);
  });
});

test('writes an announcement: a preview first, and markup is text', async () => {
  const text = '<script>alert(1)</script> & <b>жирно</b>';
  await visit('/announcements', {}, async (page) => {
    await page.getByLabel('Текст').fill(text);
    await page.getByLabel('Показывать по').fill('2026-12-31');
    await page.getByRole('button', { name: 'Предпросмотр' }).click();
    assert.equal(await page.locator('.preview .post').textContent(), text);
    await page.getByRole('button', { name: 'Опубликовать' }).click();
    await page.getByText('Объявление опубликовано').waitFor();
    assert.equal(await page.locator('.posts .post').first().textContent(), text);
    await page.getByText('показывается по 31 декабря').first().waitFor();
    await page.getByRole('link', { name: /Изменить/ }).first().click();
    await page.getByLabel('Текст').fill('Новый текст');
    await page.getByRole('button', { name: 'Сохранить' }).click();
    assert.equal(await page.locator('.posts .post').first().textContent(), 'Новый текст');
    await page.getByText('Удалить', { exact: true }).first().click();
    await page.getByRole('button', { name: 'Удалить объявление' }).first().click();
    await page.getByText('Объявление удалено').waitFor();
    assert.equal(await page.getByText('Новый текст').count(), 0);
  });
});

test('finds a person, sees the absences, and looks at lists and statistics', async () => {
  const time = await lesson(1);
  await visit(at(time), {}, async (page) => {
    const name = await row(page, 0).locator('.name a').textContent();
    await tap(page, 0, 'не был');
    await until(time, '0');
    await move('2026-12-08 12:00'); // an absence counts from the day after, so that a coach has the day to correct
    await page.goto(`${base}/people`);
    await page.getByLabel('Имя, группа или билет').fill(name.split(' ')[0]);
    await page.getByRole('button', { name: 'Найти' }).click();
    await page.getByRole('link', { name: new RegExp(name) }).first().click();
    assert.match(await page.locator('main').textContent(), /Пропуски за месяц: 1 из 3/);
    await page.getByRole('link', { name: new RegExp(`7 декабря, ${time}.*не был`) }).waitFor();
    await page.goto(`${base}/lists?month=12-2026&slot=0+${time}`);
    await page.getByRole('link', { name: new RegExp(name) }).waitFor();
    await page.goto(`${base}/statistics?from=2026-12-01&to=2026-12-31`);
    await page.getByText('занято мест').first().waitFor();
  });
});
