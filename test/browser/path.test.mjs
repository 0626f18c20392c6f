// A person's whole path on the program's own servers, energy serve and energy auth: through the real log-in page, with
// a real code and a real password.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open } from './lib.mjs';

const base = process.env.REAL;
const gym = process.env.REAL_GYM; // moves the clock of the same database, and asks it
const post = async (path, body) => (await fetch(gym + path, { method: 'POST', body })).text();
const sql = async (text) => JSON.parse(await post('/test/sql', text));
const move = (now) => post('/test/move', now);
const password = 'верный пароль 2026';

let browser;
let cards = 12000100;
before(async () => {
  browser = await launch();
  await move('2026-12-25 12:00:05');
  await sql(`update gym.settings set gym_name = 'Зал «Энергия»', gym_about = 'Тренажёры <b>и</b> свободные веса.',
    gym_address = 'ул. Пирогова, 10', gym_coach = 'Дарья Громова', gym_contact = 'gym@example.org' returning 1`);
  await sql(`select version from api.publish_consent('Согласие на обработку данных. Текст документа.')`);
  await sql(`insert into gym.slots (month, weekday, starts_at, capacity)
    select m, d, t::time, 12
      from (values (date '2026-12-01'), (date '2027-01-01')) months (m), generate_series(0, 4) d,
           unnest(array['16:10', '17:40']) t returning id`);
});
after(() => browser.close());

// claimable puts a student on the roster and issues the code that the coach hands out.
async function claimable(family) {
  const card = ++cards;
  await sql(`insert into gym.roster (card, family, given, patronymic, "group", added_at)
    values (${card}, '${family}', 'Пётр', 'Сергеевич', 'ИС-21', rules.clock()) returning 1`);
  const [[code]] = await sql(`select code from api.issue_code(card => ${card})`);
  return { card, code };
}
const held = async (card) =>
  (await sql(`select s.weekday || ' ' || to_char(s.starts_at, 'HH24:MI') from gym.enrolments e
    join gym.slots s on s.id = e.slot_id join gym.users u on u.id = e.user_id
    where u.student_card = ${card} and e.cancelled_at is null order by 1`)).map(([text]) => text);
const button = (page, name) => page.getByRole('button', { name, exact: true }).click();

for (const js of [true, false]) {
  test(`a student claims, consents, chooses, gives a seat up and logs out, ${js ? 'with' : 'without'} scripts`,
    async () => {
      const { card, code } = await claimable(js ? 'Иванов' : 'Белов');
      const { page, context, faults } = await open(browser, base, { js });

      await page.goto(base);
      await page.getByText('Тренажёры <b>и</b> свободные веса.').waitFor();
      await page.getByRole('link', { name: 'Зарегистрироваться по коду' }).first().click();
      await page.getByLabel('Номер студенческого билета').fill(String(card));
      await page.getByLabel('Код', { exact: true }).fill(code);
      await page.getByLabel('Новый пароль').fill(password);
      await button(page, 'Зарегистрироваться');
      await page.getByText('Текст документа.').waitFor();
      await button(page, 'Даю согласие');
      await page.getByText('Следующее занятие').waitFor();

      await page.getByRole('link', { name: 'Выбрать времена' }).click();
      for (const name of [/^Понедельник, 16:10, свободно/, /^Среда, 17:40, свободно/, /^Пятница, 16:10, свободно/]) {
        await page.getByRole('radio', { name }).click();
      }
      await button(page, 'Записаться');
      await page.getByText('Вы записаны').waitFor();
      assert.deepEqual(await held(card), ['0 16:10', '2 17:40', '4 16:10']);

      await page.goto(`${base}/seats`);
      await page.getByRole('button', { name: 'Отказаться: Ср 17:40' }).click();
      await page.getByText('Место отдано').waitFor();
      assert.deepEqual(await held(card), ['0 16:10', '4 16:10']);
      await button(page, 'Вернуть место: Ср 17:40');
      await page.getByText('Место снова ваше').waitFor();
      assert.deepEqual(await held(card), ['0 16:10', '2 17:40', '4 16:10']);

      await page.getByRole('contentinfo').getByRole('link', { name: 'Профиль' }).click();
      await button(page, 'Выйти');
      await page.getByText('Вы вышли.').waitFor();
      await page.getByLabel('Номер студенческого билета').fill(String(card));
      await page.getByLabel('Пароль', { exact: true }).fill('не тот пароль');
      await button(page, 'Войти');
      await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
      await page.getByLabel('Пароль', { exact: true }).fill(password);
      await button(page, 'Войти');
      await page.getByText('Следующее занятие').waitFor();
      await page.getByText('Ср 17:40').waitFor();
      // The wrong password is answered with 422, which the console of a browser tells.
      assert.deepEqual(faults.filter((fault) => !fault.includes('status of 422')), []);
      await context.close();
    });
}

test('a coach logs in and marks a lesson', async () => {
  const student = await post('/test/person', 'STUDENT');
  const coach = (await post('/test/person', 'COACH')).slice(1);
  const [[card]] = await sql(`select student_card from gym.users where id = ${coach}`);
  const [[code]] = await sql(`select code from api.issue_code(person => ${coach})`);
  await move('2026-12-01 09:00');
  await sql(`insert into gym.enrolments (slot_id, user_id) select id, ${student.slice(1)} from gym.slots
    where month = '2026-12-01' and weekday = 2 and starts_at = '16:10' returning id`);
  await move('2026-12-23 16:20');
  const { page, context, faults } = await open(browser, base);
  await page.goto(`${base}/reset`);
  await page.getByLabel('Номер студенческого билета').fill(String(card));
  await page.getByLabel('Код', { exact: true }).fill(code);
  await page.getByLabel('Новый пароль').fill(password);
  await button(page, 'Задать пароль и войти');
  await button(page, 'Даю согласие');
  await page.getByRole('link', { name: 'Отметить' }).click();
  await button(page, 'Остальные были');
  await page.locator('.state[data-state=saved]').waitFor({ state: 'attached' });
  const [[mark]] = await sql(`select mark::text from gym.marks
    where user_id = ${student.slice(1)} and date = '2026-12-23'`);
  assert.equal(mark, 'present');
  assert.deepEqual(faults, []);
  await context.close();
});
