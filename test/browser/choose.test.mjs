// The choice in a person's words, on a real database and main server.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { launch, open, shifted, shifts } from './lib.mjs';

const base = process.env.GYM;
const post = async (path, body) => (await fetch(base + path, { method: 'POST', body })).text();
const sql = async (text) => JSON.parse(await post('/test/sql', text));
const move = (now) => post('/test/move', now);
const person = (role) => post('/test/person', role);
const held = async (token) =>
  (await sql(`select slot_id from gym.enrolments
    where user_id = ${token.slice(1)} and cancelled_at is null order by 1`)).map(([id]) => id);

let browser;
let slots; // ids by "day time"
before(async () => {
  browser = await launch();
  const rows = await sql(`insert into gym.slots (month, weekday, starts_at, capacity)
    select date '2027-01-01', d, t::time, 2
      from generate_series(0, 5) d, unnest(array['16:00', '17:30', '19:00', '20:30']) t
    returning weekday || ' ' || left(starts_at::text, 5), id`);
  slots = Object.fromEntries(rows);
});
after(() => browser.close());

let student;
beforeEach(async () => { student = await person('STUDENT'); });

// visit opens the choice, and afterwards nothing may have gone wrong: no fault, no layout shift.
async function visit(options, steps) {
  const { page, context, faults } = await open(browser, base, { token: student, ...options });
  if (options.slow) {
    // The phone's clock: performance.now() runs on, whatever a person sets.
    await page.addInitScript((slow) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() - slow;
    }, options.slow);
  }
  if (options.js !== false) await shifts(page);
  await page.goto(`${base}/choose`);
  await steps(page, context);
  if (options.js !== false) assert.equal(await shifted(page), 0, 'layout shift');
  assert.deepEqual(faults, options.faults ?? []);
  await context.close();
}
const press = (page) => page.getByRole('button', { name: 'Записаться' }).click();
const choose = (page, name) => page.getByRole('radio', { name }).click();

test('chooses three times, sees the seats, undoes it', async () => {
  await move('2026-12-25 12:00:05');
  await visit({}, async (page) => {
    await choose(page, /^Понедельник, 16:00, свободно 2 из 2/);
    await choose(page, /^Среда, 17:30/);
    await choose(page, /^Пятница, 20:30/);
    assert.match(await page.locator('#chosen').textContent(), /^Пн.16:00, Ср.17:30, Пт.20:30$/);
    assert.match(await page.locator('#more').textContent(), /ещё 0/);
    await press(page);
    await page.getByText('Вы записаны').waitFor();
    assert.deepEqual(await held(student), [slots['0 16:00'], slots['2 17:30'], slots['4 20:30']]);
    assert.ok(await page.getByRole('radio', { name: 'Среда, 17:30, ваше место' }).isChecked());
    await page.getByRole('button', { name: 'Отменить' }).click();
    await page.getByText('Вы никуда не записаны').waitFor();
    assert.deepEqual(await held(student), []);
  });
});

test('without scripts: chooses, sees the seats, gives one up', async () => {
  await move('2026-12-25 12:00:05');
  await visit({ js: false }, async (page) => {
    await choose(page, /^Вторник, 16:00/);
    await choose(page, /^Четверг, 16:00/);
    await press(page);
    await page.getByText('Ваши места: Вт').waitFor();
    await page.getByRole('link', { name: 'Понятно' }).click();
    await choose(page, 'Вторник, не хожу');
    await press(page);
    await page.getByText('Отдали: Вт').waitFor();
    assert.deepEqual(await held(student), [slots['3 16:00']]);
  });
});

test('opens by itself on a tab left open, with the phone an hour slow, and holds a press', async () => {
  await move('2026-12-25 11:59:55');
  await visit({ slow: 3600e3 }, async (page) => {
    await choose(page, /^Понедельник, 17:30/);
    await page.locator('#left', { hasText: 'Откроется через 00:00:0' }).waitFor();
    const box = await page.locator('#press').boundingBox();
    await press(page);
    await page.getByText('Ещё рано').waitFor();
    await page.locator('#left', { hasText: /00:00:0[12]$/ }).waitFor();
    await press(page);
    await press(page);
    await page.getByText('Вы записаны').waitFor({ timeout: 5000 });
    // The answer replaces the page: the new button may not be drawn yet.
    await page.locator('#press').click({ trial: true });
    assert.deepEqual(await page.locator('#press').boundingBox(), box, 'the button never moves');
    const [[early, count]] = await sql(`select bool_or(created_at < '2026-12-25 12:00:00+07'), count(*)
      from gym.enrolments where user_id = ${student.slice(1)}`);
    assert.equal(early, false);
    assert.equal(count, 1, 'sent once');
  });
});

test('a seat that somebody else takes shows by itself, and a full one cannot be chosen', async () => {
  await move('2026-12-25 12:00:05');
  const others = [await person('STUDENT'), await person('STUDENT')];
  await visit({}, async (page) => {
    await page.getByRole('radio', { name: 'Суббота, 19:00, свободно 2 из 2' }).waitFor();
    for (const other of others) {
      await fetch(`${base}/choose`, {
        method: 'POST', body: new URLSearchParams({ pick: slots['5 19:00'] }), redirect: 'manual',
        headers: { Cookie: `__Host-session=${other}` },
      });
    }
    await page.getByRole('radio', { name: 'Суббота, 19:00, мест нет' }).waitFor();
    assert.ok(await page.getByRole('radio', { name: 'Суббота, 19:00' }).isDisabled());
  });
});

test('a chosen slot that is full by then: the page says what was not obtained', async () => {
  await move('2026-12-25 12:00:05');
  const others = [await person('STUDENT'), await person('STUDENT')];
  await visit({}, async (page) => {
    await choose(page, /^Суббота, 20:30/);
    await choose(page, /^Пятница, 16:00/);
    for (const other of others) {
      await fetch(`${base}/choose`, {
        method: 'POST', body: new URLSearchParams({ pick: slots['5 20:30'] }), redirect: 'manual',
        headers: { Cookie: `__Host-session=${other}` },
      });
    }
    await press(page);
    await page.getByText('Не досталось: Сб').waitFor();
    assert.deepEqual(await held(student), [slots['4 16:00']]);
  });
});

test('a 503 in the middle: the choice is kept and sent again, once', async () => {
  await move('2026-12-25 12:00:05');
  const fault = 'console: Failed to load resource: the server responded with a status of 503 (Service Unavailable)';
  await visit({ faults: [fault] },
    async (page) => {
      let tries = 0;
      await page.route('**/choose', async (route) => {
        if (route.request().method() === 'POST' && tries++ === 0) {
          await route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: '' });
        } else {
          await route.fallback();
        }
      });
      await choose(page, /^Четверг, 19:00/);
      await press(page);
      await page.getByText('Выбор сохранён').waitFor();
      await page.getByText('Вы записаны').waitFor();
      assert.equal(tries, 2);
      assert.deepEqual(await held(student), [slots['3 19:00']]);
    });
});

test('the session ends in between: the choice is there after the log-in', async () => {
  await move('2026-12-25 12:00:05');
  await visit({}, async (page, context) => {
    await choose(page, /^Четверг, 20:30/);
    await context.clearCookies();
    await press(page);
    await page.getByLabel('Номер студенческого билета').fill(student);
    await page.getByLabel('Пароль', { exact: true }).fill('x');
    await page.getByRole('button', { name: 'Войти' }).click();
    await page.getByRole('radio', { name: /^Четверг, 20:30/ }).waitFor();
    assert.ok(await page.getByRole('radio', { name: /^Четверг, 20:30/ }).isChecked());
    await press(page);
    await page.getByText('Вы записаны').waitFor();
  });
});

test('two tabs: the second one loses no seat that it did not show', async () => {
  await move('2026-12-25 12:00:05');
  await visit({},
    async (page, context) => {
      const second = await context.newPage();
      await second.goto(`${base}/choose`);
      await choose(page, /^Понедельник, 19:00/);
      await press(page);
      await page.getByText('Вы записаны').waitFor();
      await second.getByRole('radio', { name: /^Вторник, 19:00/ }).click();
      await press(second);
      await second.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
      assert.deepEqual(await held(student), [slots['0 19:00']]);
      await second.close();
      await page.reload();
      await choose(page, /^Вторник, 19:00/);
      await press(page);
      await page.getByText('Вы записаны').waitFor();
      assert.deepEqual(await held(student), [slots['0 19:00'], slots['1 19:00']]);
      await page.goBack().catch(() => {});
      await page.goto(`${base}/choose`);
      assert.ok(await page.getByRole('radio', { name: /^Вторник, 19:00, ваше место/ }).isChecked());
    });
});

test('the keyboard alone chooses and sends', async () => {
  await move('2026-12-25 12:00:05');
  await visit({}, async (page) => {
    await page.getByRole('radio', { name: 'Понедельник, не хожу' }).focus();
    await page.keyboard.press('ArrowUp');
    assert.match(await page.locator('#chosen').textContent(), /^Пн/);
    await page.keyboard.press('Enter');
    await page.getByText('Вы записаны').waitFor();
  });
});
