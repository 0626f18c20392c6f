// Takes pictures: node shot.mjs BASE FOLDER PATH[@TOKEN]…  Each in light and dark, narrow and wide.
import { mkdirSync } from 'node:fs';
import { launch, open } from './lib.mjs';

const [base, folder, ...paths] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const entry of paths) {
  const [path, token] = entry.split('@');
  for (const theme of ['light', 'dark']) {
    for (const [width, height] of [[360, 640], [1280, 800]]) {
      const { page, context, faults } = await open(browser, base, { width, height, theme, token });
      await page.goto(base + path);
      await page.waitForTimeout(150);
      const name = (path.replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'home') + (token ? `-${token}` : '');
      await page.screenshot({ path: `${folder}/${name}-${width}-${theme}.png` });
      if (faults.length) console.log(entry, theme, width, faults);
      await context.close();
    }
  }
}
await browser.close();
