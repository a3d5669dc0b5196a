/**
 * A real Chromium with the network closed: a page may talk to the server it came from and to nobody else. What it tried besides, and
 * every error it met, is kept for the test to judge. Everything opened here is closed by `close`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { eventually } from '../support/process.ts';
import { chromiumPath } from './chromium.ts';

export interface Tab {
  readonly page: Page;
  /** Requests to anybody but the server, what the page's policy forbade, and errors of the page. */
  readonly faults: readonly string[];
}

export interface TestBrowser {
  /** A person's own window: nothing is shared with another. */
  open(origin: string, options?: BrowserContextOptions): Promise<BrowserContext>;
  tab(context: BrowserContext, origin: string): Promise<Tab>;
  close(): Promise<void>;
}

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launch(): Promise<TestBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'parley-browser-'));
  const browser = await chromium.launch({ executablePath: chromiumPath(), headless: true, args: ARGUMENTS, env: { ...process.env, HOME: home } });
  return {
    async open(origin, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      await context.route(
        (url) => url.protocol.startsWith('http') && url.origin !== origin,
        (route) => route.abort(),
      );
      return context;
    },
    async tab(context, origin) {
      const page = await context.newPage();
      // What a content policy forbids is not always told in the console.
      await page.addInitScript(
        "addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))",
      );
      const faults: string[] = [];
      const host = new URL(origin).host;
      page.on('request', (request) => {
        const url = new URL(request.url());
        if (/^https?:$/.test(url.protocol) && url.origin !== origin) faults.push(`asked ${url.href}`);
      });
      page.on('websocket', (socket) => {
        if (new URL(socket.url()).host !== host) faults.push(`opened ${socket.url()}`);
      });
      page.on('pageerror', (error) => faults.push(`threw ${String(error)}`));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(`logged ${message.text()}`);
      });
      return { page, faults };
    },
    async close() {
      await browser.close();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits until an expression is true in the page. Playwright's own way evaluates in the page, which its policy forbids. */
export async function until(page: Page, expression: string): Promise<void> {
  await eventually(expression, () => page.evaluate<boolean>(`Boolean(${expression})`));
}

/** For people to look at; not committed. */
export async function photograph(page: Page, name: string, options: { readonly fullPage?: boolean } = {}): Promise<void> {
  await page.screenshot({ path: fileURLToPath(new URL(`screenshots/${name}.png`, import.meta.url)), ...options });
}
