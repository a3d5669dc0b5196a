/** `find_sdk`: the official libraries: how to install one, its versions, what it needs, and a first program. Reads nothing of the customer. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { SDKS, SDK_LANGUAGES, type Sdk, type SdkLanguage } from './sdk-catalogue.ts';
import { isAboutSdk, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeList } from './words.ts';

const TOPICS = ['install', 'versions', 'example', 'types', 'errors'] as const;
type Topic = (typeof TOPICS)[number];

const Input = z.strictObject({
  language: z.enum(SDK_LANGUAGES).optional().describe('The programming language; javascript is TypeScript too. Left out: all of them.'),
  topic: z.enum(TOPICS).optional().describe('What they want to know; everything in short when left out.'),
});
type Input = z.infer<typeof Input>;

export function findSdk(): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_sdk',
    description:
      'Looks up the official client library of a programming language: install line, latest and supported versions, minimum runtime, types, a first program, frequent errors. Use it for anything about an SDK; a language without a row has none.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, (said) => isAboutSdk(said) || readLanguage(said) !== undefined);
      return text === null ? null : readWish(text);
    },
    async run({ language, topic }) {
      if (!language) return { summary: overview(), facts: { languages: SDK_LANGUAGES.map((one) => ({ language: one, ...shortOf(SDKS[one]) })) } };
      return { summary: describe(SDKS[language], topic), facts: { language, ...SDKS[language] } };
    },
  });
}

const LANGUAGES: readonly (readonly [SdkLanguage, RegExp])[] = [
  ['javascript', /\b(?:java ?script|js|type ?script|ts|node(?:\.?js)?|npm|npx|yarn|pnpm|deno|bun|@loomwork\/sdk)\b|\berr_require_esm\b/],
  ['python', /\b(?:python\d?|pip3?|pypi|django|flask|modulenotfounderror|virtualenv|venv)\b/],
  ['java', /\b(?:java|kotlin|maven|gradle|spring)\b/],
  ['go', /\b(?:golang|go (?:sdk|module|client|library|get|mod)|loomwork-go|(?:in|for|with|using) go)\b/],
  ['ruby', /\b(?:ruby|rails|gems?|bundler|gemfile)\b/],
  ['curl', /\bcurl\b/],
];

function readLanguage(text: string): SdkLanguage | undefined {
  const said = plain(text);
  return LANGUAGES.find(([, pattern]) => pattern.test(said))?.[0];
}

function readWish(text: string): Input {
  const language = readLanguage(text);
  const topic = readTopic(plain(text));
  return { ...(language ? { language } : {}), ...(topic ? { topic } : {}) };
}

function readTopic(said: string): Topic | undefined {
  if (/\b(?:versions?|latest|newest|deprecat\w*|supported|upgrade|migrat\w*|end of life|breaking|requires?|minimum)\b/.test(said)) return 'versions';
  if (/\b(?:errors?|exception|fails?|failed|not found|cannot|can't|traceback|undefined|err_\w+|\w+error)\b/.test(said)) return 'errors';
  if (/\b(?:types?|typings|type definitions|autocomplete)\b/.test(said)) return 'types';
  if (/\b(?:examples?|sample|snippet|how (?:do|can) (?:i|we) (?:use|list|create|get|fetch|call))\b/.test(said)) return 'example';
  return /\b(?:install\w*|set ?up|add|download|package)\b/.test(said) ? 'install' : undefined;
}

function overview(): string {
  const rows = SDK_LANGUAGES.filter((one) => one !== 'curl').map(
    (one) => `${SDKS[one].name}: \`${SDKS[one].install}\`, latest ${SDKS[one].latest}, needs ${SDKS[one].runtime} or newer`,
  );
  return paragraphs('There are official libraries for these languages:', writeBullets(rows), 'For any other language, call the REST API directly.');
}

function describe(sdk: Sdk, topic: Topic | undefined): string {
  const intro = `The library for ${sdk.name} is installed with \`${sdk.install}\`; the latest version is ${sdk.latest} and it needs ${sdk.runtime} or newer.`;
  if (topic === 'versions') return sentences(intro, versions(sdk), sdk.migration);
  if (topic === 'errors') return paragraphs(intro, writeBullets(sdk.errors));
  if (topic === 'types') return sentences(intro, sdk.types);
  return paragraphs(intro, topic === 'install' ? sdk.example : sentences(versions(sdk), sdk.types), topic === 'install' ? '' : sdk.example);
}

function versions({ supported, securityOnly, ended }: Sdk): string {
  const over = ended.map(({ version, on }) => `version ${version} since ${on}`);
  return sentences(
    `New functions and fixes are made for version ${writeList(supported)}.`,
    securityOnly && `Version ${securityOnly.version} gets corrections of security only, until ${securityOnly.until}.`,
    over.length > 0 && `No longer supported: ${writeList(over)}.`,
  );
}

function shortOf({ install, latest, runtime, supported }: Sdk) {
  return { install, latest, runtime, supported };
}
