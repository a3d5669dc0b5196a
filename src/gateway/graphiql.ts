/**
 * GraphiQL with everything inlined, so that it works with the network closed: example operations in tabs, the demo customer's
 * credential in their headers, subscriptions over our WebSocket. The bundle keeps headers from its sockets; the script here hands
 * them over. It is loaded on the first visit, since it is nine megabytes.
 */
import { EXAMPLES } from './graphiql-examples.ts';
import type { Page } from './pages.ts';

/** GraphiQL runs its own inline script and makes its editor's workers from blobs. */
const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

/** @param headers What each tab starts with, such as a demo credential. */
export function graphiqlPage(headers: Readonly<Record<string, string>>): Page {
  let page: Promise<Buffer> | null = null;
  return {
    path: '/graphql',
    contentType: 'text/html; charset=utf-8',
    contentSecurityPolicy: POLICY,
    body: () => (page ??= render(headers)),
  };
}

async function render(headers: Readonly<Record<string, string>>): Promise<Buffer> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const shown = JSON.stringify(headers, null, 2);
  const options = {
    title: 'Parley',
    endpoint: '/graphql',
    subscriptionsProtocol: 'WS' as const,
    // Variables of one tab are variables of no other, and a header typed once stays.
    shouldPersistHeaders: true,
    headers: shown,
    defaultTabs: EXAMPLES.map(({ query, variables }) => ({ query, variables: variables ? JSON.stringify(variables, null, 2) : '', headers: shown })),
  };
  const html = renderGraphiQL(options);
  const call = JSON.stringify(options);
  const at = html.lastIndexOf(call);
  if (at < 0) throw new Error('GraphiQL renders its options in another way than this version expects');
  const page = `${html.slice(0, at)}(${prepare})(${call.replaceAll('<', '\\u003c')})${html.slice(at + call.length)}`;
  return Buffer.from(page.replace('</head>', () => `${STILL_TABS}</head>`));
}

/** A tab moves aside while it is pressed, by an animation that was never finished, and the click misses it. They stand still here. */
const STILL_TABS = '<style>.graphiql-tab { transform: none !important }</style>';

/**
 * Runs in the browser: takes GraphiQL's options and answers them with `connectionParams`, which reads the headers of the open tab each
 * time a socket opens. Tabs remembered from an earlier start of the server get the credential of this one.
 */
const prepare = `function (options) {
  try {
    var before = localStorage.getItem('parley:headers');
    if (before !== null && before !== options.headers) {
      var old = JSON.parse(before), now = JSON.parse(options.headers);
      ['graphiql:tabState', 'graphiql:headers'].forEach(function (key) {
        var stored = localStorage.getItem(key);
        if (stored === null) return;
        Object.keys(old).forEach(function (name) { if (now[name]) stored = stored.split(old[name]).join(now[name]); });
        localStorage.setItem(key, stored);
      });
    }
    localStorage.setItem('parley:headers', options.headers);
  } catch (error) { /* a browser that stores nothing */ }
  return Object.assign(options, beginning(), {
    connectionParams: function () {
      try {
        var state = JSON.parse(localStorage.getItem('graphiql:tabState'));
        // A tab opened from an address shows the default headers and remembers none.
        var headers = state.tabs[state.activeTabIndex].headers;
        return { headers: JSON.parse(headers == null ? options.headers : headers || '{}') };
      } catch (error) { return { headers: JSON.parse(options.headers) }; }
    },
  });
  // GraphiQL fills its editors not from the tab it opens with but from these, and opens one tab more when they fit none.
  function beginning() {
    var first = options.defaultTabs[0];
    try {
      var state = JSON.parse(localStorage.getItem('graphiql:tabState'));
      if (state) first = state.tabs[state.activeTabIndex];
    } catch (error) { /* a browser that stores nothing */ }
    var linked = new URL(location.href).searchParams.get('query');
    if (!first || (linked !== null && linked !== first.query)) return {};
    return { query: first.query || undefined, variables: first.variables || '', initialHeaders: first.headers || '' };
  }
}`;
