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
  if (token) {
    // Cookies know no port, and the browser sends secure ones to the machine itself without TLS too.
    const url = `https://${new URL(base).hostname}/`;
    await context.addCookies([{ name: '__Host-session', value: token, url, secure: true, httpOnly: true }]);
  }
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  return { page, context, faults };
}
