/**
 * `check_browser`: whether a browser and its version can run the product, by the policy's table, and what to do. Knows nothing of the
 * customer's devices but what they say.
 */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutBrowser, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeList } from './words.ts';

const BROWSERS = ['chrome', 'firefox', 'safari', 'edge', 'internet_explorer', 'opera', 'brave', 'vivaldi', 'samsung_internet'] as const;
type Browser = (typeof BROWSERS)[number];

const Input = z.strictObject({
  browser: z.enum(BROWSERS).optional().describe('The browser meant; left out: what is supported at all.'),
  version: z.number().min(1).max(999).optional().describe('Its version as the customer gives it, such as 88 or 13.1.'),
  phone: z.boolean().optional().describe('True for a browser on a phone.'),
});
type Input = z.infer<typeof Input>;

const NAMES: Readonly<Record<Browser, string>> = {
  chrome: 'Chrome',
  firefox: 'Firefox',
  safari: 'Safari',
  edge: 'Edge',
  internet_explorer: 'Internet Explorer',
  opera: 'Opera',
  brave: 'Brave',
  vivaldi: 'Vivaldi',
  samsung_internet: 'Samsung Internet',
};

/** Those with a row in the policy; the others are built on Chrome's engine and count versions of their own. */
const IN_POLICY = ['chrome', 'firefox', 'safari', 'edge'] as const;

const UPDATE: Readonly<Record<Browser, string>> = {
  chrome: 'Open the menu with the three dots, Help > About Google Chrome, let it update and press Relaunch.',
  firefox: 'Open the menu, Help > About Firefox, let it update and press Restart.',
  safari: 'Safari comes with the system: open System Settings > General > Software Update (iPad: Settings > General > Software Update).',
  edge: 'Open the menu with the three dots, Help and feedback > About Microsoft Edge, let it update and press Restart.',
  internet_explorer: 'Install Edge, Chrome or Firefox; on Windows 10 and later Edge is there already.',
  opera: 'Open the menu, Update & Recovery, and press Update.',
  brave: 'Open the menu, About Brave, let it update and press Relaunch.',
  vivaldi: 'Open the menu, Help > Check for Updates.',
  samsung_internet: 'Update it in the Galaxy Store or in Google Play.',
};

/** What most often stands behind odd behaviour in a version that is new enough. */
const FIXES: Readonly<Partial<Record<Browser, string>>> = {
  safari:
    'In Settings > Websites > Content Blockers switch blocking off for app.loomwork.example; in Privacy allow cookies, which "Block all cookies" takes away.',
  firefox: 'Click the shield in the address bar and switch Enhanced Tracking Protection off for app.loomwork.example.',
  chrome: 'Click the symbol left of the address, Site settings, and reset what is blocked; under chrome://settings/system turn on hardware acceleration.',
  edge: 'Set Tracking prevention to Balanced for app.loomwork.example, and leave Internet Explorer mode if the page says that it is on.',
  brave: 'Click the lion and switch the shields off for app.loomwork.example.',
};

export function checkBrowser(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'check_browser',
    description:
      'Compares a browser and its version with the oldest that works, and says how to update it or what to change in it. Use it when trouble depends on the browser, or they ask which browsers are supported.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutBrowser);
      return text === null ? null : readBrowser(text);
    },
    async run({ browser, version, phone }) {
      const { browsers } = await readPolicy(database);
      const minimum = browser === undefined ? null : minimumOf(browser, browsers);
      const supported = browser === 'internet_explorer' ? false : minimum === null || version === undefined ? null : version >= minimum;
      return {
        summary: summaryOf({ browser, version, phone: phone === true, minimum, supported }, browsers),
        facts: { browser: browser ?? null, version: version ?? null, minimum, supported, minimums: browsers },
      };
    },
  });
}

const PATTERNS: readonly (readonly [Browser, RegExp])[] = [
  ['internet_explorer', /\b(?:internet explorer|msie)\b[ /]*(?:version )?(\d{1,2})?|\bie ?(\d{1,2})\b/],
  ['samsung_internet', /\bsamsung ?(?:internet|browser)\b[ /]*(?:version |v\.? ?)?(\d{1,3}(?:\.\d{1,2})?)?/],
  ['vivaldi', /\bvivaldi\b[ /]*(?:version |v\.? ?)?(\d{1,3}(?:\.\d{1,2})?)?/],
  ['brave', /\bbrave\b[ /]*(?:version |v\.? ?)?(\d{1,3}(?:\.\d{1,2})?)?/],
  ['opera', /\b(?:opera|opr)\b[ /]*(?:version |v\.? ?)?(\d{1,3}(?:\.\d{1,2})?)?/],
  ['edge', /\b(?:edge|edg)\b[ /]*(?:version |v\.? ?)?(\d{1,3}(?:\.\d{1,2})?)?/],
  ['firefox', /\b(?:firefox|ff)\b[ /]*(?:esr )?(?:version |v\.? ?)?(\d{1,3}(?:\.\d{1,2})?)?/],
  ['chrome', /\b(?:google )?chrom(?:e|ium)\b[ /]*(?:version |v\.? ?)?(\d{1,3}(?:\.\d{1,2})?)?/],
  ['safari', /\bsafari\b[ /]*(?:version |v\.? ?)?(\d{1,2}(?:\.\d{1,2})?)?/],
];

/** The browser the text complains of: one that comes with a version, else the first named after "not in", else the first named. */
export function readBrowser(text: string): Input {
  const said = plain(text);
  const found = PATTERNS.flatMap(([browser, pattern]) => {
    const match = pattern.exec(said);
    if (!match) return [];
    const version = Number(match[1] ?? match[2] ?? NaN);
    return [{ browser, at: match.index, ...(version >= 1 && version <= 999 ? { version } : {}) }];
  });
  const phone = /\b(?:phones?|iphone|android|mobile)\b/.test(said) ? { phone: true } : {};
  const agent = /\bmozilla\/5\.0\b/.test(said);
  // A user agent names several browsers; the list is ordered so that the first found is the true one.
  const ordered = agent ? found : found.toSorted((a, b) => a.at - b.at);
  const ill = found.find(({ at }) =>
    /\b(?:not|n't|broken|fails?|wrong|blank|doesn't work|only) (?:\w+ )?(?:in|on|with) $/.test(said.slice(Math.max(0, at - 40), at)),
  );
  const meant = (agent ? undefined : (ordered.find(({ version }) => version !== undefined) ?? ill)) ?? ordered[0];
  if (!meant) return phone;
  const later = meant.version ?? (found.length === 1 ? versionElsewhere(said) : undefined);
  return { browser: meant.browser, ...(later === undefined ? {} : { version: later }), ...phone };
}

function versionElsewhere(said: string): number | undefined {
  const version = Number(/\bversion (?:is |number )?(\d{1,3}(?:\.\d{1,2})?)/.exec(said)?.[1]);
  return version >= 1 && version <= 999 ? version : undefined;
}

function minimumOf(browser: Browser, browsers: Policy['browsers']): number | null {
  const listed = IN_POLICY.find((one) => one === browser);
  return listed ? browsers[listed] : null;
}

interface Checked {
  readonly browser: Browser | undefined;
  readonly version: number | undefined;
  readonly phone: boolean;
  readonly minimum: number | null;
  readonly supported: boolean | null;
}

function summaryOf({ browser, version, phone, minimum, supported }: Checked, browsers: Policy['browsers']): string {
  const table = `Loomwork works from ${writeList(IN_POLICY.map((one) => `${NAMES[one]} ${browsers[one]}`))} on; Internet Explorer does not work.`;
  const app = phone && "On a phone, use the Loomwork app: the page in a phone's browser is made for reading.";
  if (browser === undefined) return sentences(table, app);
  const name = NAMES[browser];
  if (browser === 'internet_explorer') return sentences('Internet Explorer cannot run Loomwork in any version.', UPDATE.internet_explorer, table);
  if (supported === false && minimum !== null)
    return paragraphs(
      sentences(`${name} ${version ?? ''} is too old for Loomwork: it needs ${name} ${minimum} or newer.`, app),
      writeBullets([
        UPDATE[browser],
        'If the device cannot update further, install a current Chrome or Firefox beside it.',
        'If your company fixes the version, its administrators have to update it.',
      ]),
    );
  const state =
    supported === true
      ? `${name} ${version ?? ''} is new enough for Loomwork, so its age is not the cause.`
      : minimum === null
        ? `${name} is built on Chrome's engine and usually works when it is up to date, but it is not tested.`
        : `Loomwork works from ${name} ${minimum} on. The version stands in the browser's menu under Help > About.`;
  const steps = [
    'Open a private window without extensions: if it works there, switch extensions off one by one, ad blockers and translators first.',
    FIXES[browser],
    supported === true ? 'Clear the stored data of app.loomwork.example only, once no change waits to be sent.' : UPDATE[browser],
  ].filter((step): step is string => step !== undefined);
  return paragraphs(sentences(state, app), writeBullets(steps));
}
