// What every screen keeps to: no fault in the console, nothing that axe finds, nothing clipped, no layout shift, and
// the budgets of bytes. Size, theme and language are covered pairwise; `make test-pages` sets ALL=1 for the whole
// matrix.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, clipped, launch, open, pageOf, shifted, shifts, weigh } from './lib.mjs';
import { screens } from './screens.mjs';

const base = process.env.STAGE;
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const widths = [360, 768, 1280];
const themes = ['light', 'dark'];
const languages = ['ru', 'en'];
// Pairwise: each screen meets each width, each theme and each language. From one screen to the next the other half of
// the combinations comes, so that each two of width, theme and language meet too.
const pairwise = [
  [[360, 'light', 'ru'], [768, 'dark', 'en'], [1280, 'light', 'en']],
  [[360, 'dark', 'en'], [768, 'light', 'ru'], [1280, 'dark', 'ru']],
];
const every = widths.flatMap((w) => themes.flatMap((t) => languages.map((l) => [w, t, l])));
const variantsOf = (index) => (process.env.ALL ? every : pairwise[index % 2].slice(0, process.env.QUICK ? 1 : 3));
const set = (scene) => fetch(`${base}/test/stage`, { method: 'POST', body: JSON.stringify(scene) });

// again opens a page in the browser of a variant, which keeps the files that all screens share.
const contexts = new Map();
async function again(width, theme, language, token) {
  const key = [width, theme, language].join(' ');
  if (!contexts.has(key)) {
    const { page, context } = await open(browser, base, { width, theme, language });
    await page.close();
    contexts.set(key, context);
  }
  const context = contexts.get(key);
  await context.clearCookies();
  return pageOf(context, base, token);
}

// look opens a screen and holds it against what every screen keeps to.
async function look(screen, [width, theme, language]) {
  const { page, faults } = await again(width, theme, language, screen.token);
  await shifts(page);
  const answer = await page.goto(base + screen.path);
  assert.equal(answer.status(), screen.status ?? 200);
  if (language === 'ru') assert.match(await page.locator('main').textContent(), new RegExp(screen.shows));
  if (screen.open) await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  assert.deepEqual(await axe(page), [], 'axe');
  assert.deepEqual(await clipped(page), [], 'clipped');
  const limit = screen.path.startsWith('/choose') ? 0 : 0.02;
  assert.ok(screen.open || await shifted(page) <= limit, 'layout shift');
  const real = faults.filter((fault) => !fault.includes(`status of ${screen.status}`));
  assert.deepEqual(real, [], 'faults');
  await page.close();
}

const looked = screens.filter((screen) => !screen.only);
for (const [index, screen] of looked.entries()) {
  for (const variant of variantsOf(index)) {
    test(`${screen.path} ${screen.token ?? ''} ${variant.join(' ')}`, async () => {
      await set({ Days: 6, Times: 4, Early: -60 });
      await look(screen, variant);
    });
  }
}

for (const [days, times] of [[7, 6], [7, 4], [1, 1], [6, 5], [0, 0]]) {
  test(`a week of ${days} days and ${times} times`, async () => {
    await set({ Days: days, Times: times, Early: -60 });
    await new Promise((done) => setTimeout(done, 1100)); // until the page's copy of the timetable is old
    for (const width of [360, 1280]) {
      const screen = { path: '/choose', token: 'student-empty', shows: days ? 'Запись' : 'пока нет' };
      await look(screen, [width, 'light', 'ru']);
    }
    await set({ Days: 6, Times: 4, Early: -60 });
    await new Promise((done) => setTimeout(done, 1100));
  });
}

test('nothing is clipped at 200 % text', async () => {
  for (const screen of screens) {
    const { page, context } = await open(browser, base, { token: screen.token });
    await page.goto(base + screen.path);
    await page.addStyleTag({ content: '' }).catch(() => {});
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    assert.deepEqual(await clipped(page), [], screen.path);
    await context.close();
  }
});

test('all 24 slots stand on 360 × 640 without scrolling, each at least 44 × 48', async () => {
  const { page, context } = await open(browser, base, { token: 'student' });
  await page.goto(`${base}/choose`);
  const cells = await page.locator('#choice tbody label').evaluateAll((labels) =>
    labels.map((label) => label.getBoundingClientRect().toJSON()));
  const bar = (await page.locator('.bar').boundingBox()).y;
  assert.equal(cells.length, 24);
  for (const cell of cells) {
    assert.ok(cell.width >= 44 && cell.height >= 48, `${cell.width} × ${cell.height}`);
    assert.ok(cell.bottom <= bar && cell.left >= 0 && cell.right <= 360);
  }
  await context.close();
});

test('the choice keeps the budgets of its first visit and of the next', async () => {
  const { page, context } = await open(browser, base, { token: 'student' });
  const sizes = await weigh(page);
  await page.goto(`${base}/choose`, { waitUntil: 'networkidle' }).catch(() => {});
  await page.waitForTimeout(300);
  const sum = (filter) => [...sizes].filter(([url]) => url.match(filter)).reduce((total, [, size]) => total + size, 0);
  const first = { bytes: sum(/./), script: sum(/\.js$/), style: sum(/\.css$/), requests: sizes.size };
  console.log('first visit of /choose:', first, [...sizes].map(([u, s]) => `${u.split('/').pop()} ${s}`).join(', '));
  assert.ok(first.bytes <= 30 * 1024 && first.requests <= 6, JSON.stringify(first));
  assert.ok(first.script <= 30 * 1024 && first.style <= 10 * 1024);
  sizes.clear();
  await page.goto(`${base}/choose`);
  await page.waitForTimeout(300);
  console.log('next visit:', sum(/./));
  assert.ok(sum(/./) <= 6 * 1024, 'the next visit');
  await context.close();
});
