import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createPages, type ConsolePage } from '../../src/console/pages.ts';

const demo = { customerToken: 'a-token', customerId: 'cus_1' };
const shared = { modelName: 'offline', agents: 10, articles: 107 };
const development = await createPages({ ...shared, development: true, demo });
const production = await createPages({ ...shared, development: false, demo: null });

const at = (pages: readonly ConsolePage[], path: string) => pages.find((page) => page.path === path)?.body.toString() ?? null;

describe('in development', () => {
  it('the page has the chat, and every file it names is served', () => {
    const html = at(development, '/') ?? '';
    expect(html).toContain('id="chat-form"');
    const named = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? '');
    const elsewhere = ['/graphql', '/api/health'];
    expect(named.length).toBeGreaterThan(5);
    for (const path of named.filter((one) => !elsewhere.includes(one))) expect(at(development, path), path).not.toBeNull();
  });

  it('every module is served with every module it imports', async () => {
    const modules = (await readdir(new URL('../../src/console', import.meta.url))).filter((name) => name.endsWith('.js'));
    expect(modules.length).toBeGreaterThan(5);
    for (const name of modules) {
      const text = at(development, `/${name}`);
      expect(text, name).not.toBeNull();
      for (const [, imported] of (text ?? '').matchAll(/from '\.\/([^']+)'/g)) expect(at(development, `/${imported}`), imported).not.toBeNull();
    }
  });

  it('the session of the demo customer and the stock client are served', () => {
    expect(JSON.parse(at(development, '/demo-session.json') ?? '')).toEqual(demo);
    expect(at(development, '/assets/graphql-ws.min.js')).toContain('graphql-transport-ws');
  });
});

describe('in production', () => {
  it('there is no chat, no token and no code of the chat', () => {
    expect(production.map(({ path }) => path).toSorted()).toEqual(['/', '/favicon.svg', '/schema.graphql', '/welcome.css', '/welcome.js']);
    for (const page of production) expect(page.body.toString()).not.toContain(demo.customerToken);
    expect(at(production, '/')).not.toContain('chat');
  });

  it('there is none either when a session is handed over by mistake', async () => {
    const pages = await createPages({ ...shared, development: false, demo });
    expect(pages.map(({ path }) => path)).not.toContain('/demo-session.json');
  });
});

it('says how many agents and articles there are and which model answers, and leaves no gap unfilled', async () => {
  expect(at(development, '/')).toMatch(/<strong>10<\/strong> agents[\s\S]*<strong>107 help articles<\/strong>[\s\S]*Offline model/);
  const real = await createPages({ development: false, demo: null, modelName: 'anthropic', agents: 224, articles: null });
  expect(at(real, '/')).toMatch(/<strong>224<\/strong> agents[\s\S]*Anthropic model/);
  for (const pages of [development, real]) expect(at(pages, '/')).not.toMatch(/\{\{|<!--/);
});

it('runs nothing inline, as the policy of the gateway asks', () => {
  for (const pages of [development, production]) {
    expect(at(pages, '/')).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(at(pages, '/')).not.toMatch(/\son\w+="/);
  }
});
