// What every test in the browser needs: Debian's Chromium, started as docs and tests agree, and a page that keeps
// what goes wrong.
import { existsSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const program = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

export const axeSource = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

// launch starts a browser with a new folder for its data.
export const launch = () =>
  chromium.launch({
    executablePath: program,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });

// open makes a page of the given size, theme and language, logged in with a session's token where there is one.
// Its faults are collected: errors on the console, exceptions, violations of the content security policy.
export async function open(browser, base, options = {}) {
  const { width = 360, height = 640, theme = 'light', language = 'ru', token, js = true, ...more } = options;
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme === 'dark' ? 'dark' : 'light', javaScriptEnabled: js,
    locale: language === 'ru' ? 'ru-RU' : 'en-US', ...more,
  });
  context.setDefaultTimeout(6000);
  return { context, ...await pageOf(context, base, token) };
}

// pageOf opens one more page of a browser's context.
export async function pageOf(context, base, token) {
  if (token) {
    // Cookies know no port, and the browser sends secure ones to the machine itself without TLS too.
    const url = `https://${new URL(base).hostname}/`;
    await context.addCookies([{ name: '__Host-session', value: token, url, secure: true, httpOnly: true }]);
  }
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.text().startsWith('shift')) console.log(message.text().slice(0, 300));
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  return { page, faults };
}

// axe returns the violations of the rules of levels A and AA, and of best practice, on a page.
export async function axe(page) {
  await page.evaluate(axeSource).catch(() => {});
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  });
}

// clipped returns the boxes with text whose contents are wider than they are, and whether the page itself is.
export const clipped = (page) =>
  page.evaluate(() => {
    const wide = [];
    if (document.documentElement.scrollWidth > document.documentElement.clientWidth) wide.push('the page');
    for (const element of document.querySelectorAll('body *')) {
      const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      const { overflowX, display } = getComputedStyle(element);
      if (!own || display === 'inline' || element.closest('.hear, .skip, [hidden], script, noscript')) continue;
      if (element.scrollWidth > element.clientWidth && element.clientWidth > 0 && overflowX !== 'auto') {
        wide.push(`${element.tagName.toLowerCase()}.${element.className} "${element.textContent.trim().slice(0, 40)}"`);
      }
    }
    return wide;
  });

// shifts starts to add up the layout shifts of pages that are opened from now on; shifted returns the sum.
export const shifts = (page) =>
  page.addInitScript(() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        window.shifted += entry.value;
        for (const { node } of entry.sources) console.log('shift', entry.value, node?.outerHTML ?? node?.textContent);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
export const shifted = (page) => page.evaluate(() => window.shifted);

// weigh counts the requests and the compressed bytes of what a page loads.
export async function weigh(page) {
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  const sizes = new Map();
  const names = new Map();
  client.on('Network.requestWillBeSent', ({ requestId, request }) => names.set(requestId, request.url));
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    sizes.set(names.get(requestId) ?? requestId, encodedDataLength);
  });
  return sizes;
}
