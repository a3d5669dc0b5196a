/** GraphiQL on the running server, with the network closed: examples in tabs, one that writes, one that follows. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openBench, type Bench } from '../support/process.ts';
import { launch, photograph, until, type Tab, type TestBrowser } from './browser.ts';

const RESPONSE = '.graphiql-response .view-lines';

let bench: Bench;
let browser: TestBrowser;
let url = '';

beforeAll(async () => {
  bench = await openBench();
  // Slow enough to begin an answer in one tab and to follow it in another.
  [url, browser] = await Promise.all([bench.start({ OFFLINE_TOKENS_PER_S: '12' }).ready(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await bench?.close();
});

async function visit(options: { readonly colorScheme?: 'dark' } = {}): Promise<Tab> {
  const context = await browser.open(url, { viewport: { width: 1400, height: 900 }, ...options });
  onTestFinished(() => context.close());
  const tab = await browser.tab(context, url);
  await tab.page.goto(`${url}/graphql`);
  await tab.page.waitForSelector('.graphiql-query-editor .view-line');
  return tab;
}

async function openTab(page: Page, title: string): Promise<void> {
  await page.click(`.graphiql-tab-button:has-text("${title}")`);
  await page.waitForSelector(`.graphiql-tab-active:has-text("${title}")`);
  // It writes down what is open only after a moment.
  await until(page, `(({ tabs, activeTabIndex }) => tabs[activeTabIndex].title === '${title}')(JSON.parse(localStorage.getItem('graphiql:tabState')))`);
}

async function conversationStarted(page: Page): Promise<string> {
  await page.click('.graphiql-execute-button');
  await until(page, `document.querySelector(${JSON.stringify(RESPONSE)})?.innerText.includes('conv_')`);
  const id = /"(conv_\w+)"/.exec(await page.locator(RESPONSE).innerText())?.[1];
  if (id === undefined) throw new Error('the response names no conversation');
  return id;
}

it('loads with the network closed, with examples in its tabs', async () => {
  const { page, faults } = await visit();
  expect(await page.locator('.graphiql-tab').allInnerTexts()).toEqual(expect.arrayContaining(['Ask', 'Follow', 'Say', 'Agents', 'Conversations']));
  await page.click('button[aria-label="Show Documentation Explorer"]');
  await page.waitForSelector('.graphiql-doc-explorer :text("conversationEvents"), .graphiql-doc-explorer :text("Subscription")');
  await photograph(page, 'graphiql');
  expect(faults).toEqual([]);
});

it('runs an example that asks, then the one that follows, and shows the words as they come', async () => {
  const { page, faults } = await visit();
  const id = await conversationStarted(page);
  await openTab(page, 'Follow');
  await page.click('.graphiql-editor-tools button:has-text("Variables")');
  await page.dblclick('.graphiql-editor-tool .view-line span:text-is("\\"conv_\\"")');
  await page.keyboard.insertText(id);
  await page.evaluate(`(() => {
    window.offsets = new Set();
    const look = () => {
      const offset = /"offset":\\s*(\\d+)/.exec(document.querySelector(${JSON.stringify(RESPONSE)})?.innerText ?? '')?.[1];
      if (offset) window.offsets.add(Number(offset));
      requestAnimationFrame(look);
    };
    look();
  })()`);
  await page.click('.graphiql-execute-button');
  await until(page, 'window.offsets.size >= 5');
  await photograph(page, 'graphiql-following');
  const offsets = await page.evaluate<number[]>('[...window.offsets]');
  expect(offsets.toSorted((a, b) => a - b)).toEqual(offsets);
  await until(page, `document.querySelector(${JSON.stringify(RESPONSE)})?.innerText.includes('RunFinished')`);
  expect(faults).toEqual([]);
});

it('opens again with the tab, the variables and the headers it was left with', async () => {
  const { page, faults } = await visit();
  const tabs = await page.locator('.graphiql-tab').allInnerTexts();
  await openTab(page, 'Say');
  await page.reload();
  await page.waitForSelector('.graphiql-tab-active:has-text("Say")');
  expect(await page.locator('.graphiql-tab').allInnerTexts()).toEqual(tabs);
  await openTab(page, 'Ask');
  await page.reload();
  await page.waitForSelector('.graphiql-tab-active:has-text("Ask")');
  await conversationStarted(page);
  expect(faults).toEqual([]);
});

it('is readable in the dark', async () => {
  const { page, faults } = await visit({ colorScheme: 'dark' });
  await conversationStarted(page);
  await photograph(page, 'graphiql-dark');
  expect(faults).toEqual([]);
});
