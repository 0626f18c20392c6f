// Takes the pictures of docs/pages, narrow and light: node pictures.mjs BASE FOLDER. A page that is longer than the
// phone is shown at its length, up to a limit; one with a bar at the bottom as the phone shows it.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { launch, open } from './lib.mjs';
import { screens } from './screens.mjs';

const width = 360;
const tallest = 1000;
const [base, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (name.endsWith('.png')) rmSync(`${folder}/${name}`);
const browser = await launch();
for (const screen of screens.filter((one) => one.picture)) {
  const { page, context, faults } = await open(browser, base, { width, token: screen.token });
  await page.goto(base + screen.path);
  const height = await page.evaluate(() =>
    document.querySelector('.bar') ? 640 : Math.max(640, document.documentElement.scrollHeight));
  await page.setViewportSize({ width, height: Math.min(height, tallest) });
  await page.screenshot({ path: `${folder}/${screen.picture}.png`, animations: 'disabled' });
  const real = faults.filter((fault) => !fault.includes(`status of ${screen.status}`));
  if (real.length) throw new Error(`${screen.path}: ${real}`);
  await context.close();
}
await browser.close();
