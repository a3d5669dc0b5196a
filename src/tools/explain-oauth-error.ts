/** `explain_oauth_error`: what an OAuth error means and what helps, with what this customer's app has on record about it. Repairs nothing. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { defineTool } from './define-tool.ts';
import { OAUTH_ERRORS, OAUTH_FAULTS, type OAuthError } from './oauth-errors.ts';
import { plain } from './reading.ts';
import { isAboutOAuth, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeDate, writeList } from './words.ts';

const Input = z.strictObject({ error: z.enum(OAUTH_ERRORS).optional().describe("The error's word; left out: the latest error of the customer's apps.") });
type Input = z.infer<typeof Input>;

export function explainOAuthError(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'explain_oauth_error',
    description:
      "Explains an OAuth error (redirect_uri_mismatch, invalid_grant, PKCE and the like) and gives the fixes in order; left without one, the latest error of the customer's apps. Use it when an authorization or token request fails.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutOAuth);
      if (text === null) return null;
      const error = readOAuthError(text);
      return error ? { error } : {};
    },
    async run({ error }, _grant, { customerId }) {
      const failing = await database.oAuthApp.findMany({ where: { customerId, lastError: error ?? { not: null } }, orderBy: { lastErrorAt: 'desc' }, take: 5 });
      const [latest] = failing;
      const named = error ?? OAUTH_ERRORS.find((one) => one === latest?.lastError);
      if (!named)
        return {
          summary: "None of your OAuth apps has a recent error. Tell me the error's word, which stands in the answer or in the address you were sent back to.",
          facts: { error: null },
        };
      const { means, fixes, source } = OAUTH_FAULTS[named];
      const seen =
        latest?.lastErrorAt &&
        `${latest.name} had it last on ${writeDate(latest.lastErrorAt)}.${named === 'redirect_uri_mismatch' ? ` Registered for it: ${writeList(latest.redirectUris)}.` : ''}`;
      return {
        summary: paragraphs(sentences(`\`${named}\` means that ${means}.`, seen), writeBullets(fixes)),
        facts: { error: named, means, fixes, source, apps: failing.map(({ id, name, redirectUris, scopes }) => ({ appId: id, name, redirectUris, scopes })) },
      };
    },
  });
}

const PARAPHRASES: readonly (readonly [OAuthError, RegExp])[] = [
  [
    'redirect_uri_mismatch',
    /\bredirect[ _]ur[il]s?\b[^.!?]{0,60}\b(?:mismatch\w*|match\w*|wrong|invalid|different|not registered|not allowed)\b|\bmismatch\w*\b[^.!?]{0,30}\bredirect/,
  ],
  ['pkce_mismatch', /\b(?:code[_ ]verifier|pkce)\b[^.!?]{0,60}\b(?:wrong|fail\w*|mismatch\w*|invalid|not match\w*|rejected)\b/],
  ['pkce_required', /\b(?:code[_ ]challenge|pkce)\b/],
  ['invalid_state', /\bstate\b[^.!?]{0,30}\b(?:mismatch\w*|invalid|differs?|not match\w*|wrong)\b/],
  ['invalid_grant', /\brefresh[ _]tokens?\b|\b(?:authori[sz]ation )?code\b[^.!?]{0,30}\b(?:expired|already used|used twice|used)\b/],
  ['invalid_client', /\bclient[ _](?:secret|id)\b[^.!?]{0,40}\b(?:wrong|invalid|rejected|refused|not accepted|unknown)\b/],
  ['access_denied', /\b(?:consent|user|admin)\b[^.!?]{0,40}\b(?:denied|declined|cancel\w*|refused|blocked)\b/],
  ['insufficient_scope', /\bscopes?\b[^.!?]{0,40}\b(?:missing|lack\w*|not enough|insufficient|denied)\b|\bmissing (?:a )?scopes?\b/],
  ['invalid_token', /\baccess[ _]tokens?\b[^.!?]{0,40}\b(?:expir\w*|invalid|rejected|not accepted)\b/],
];

/** The error's own word, else what a description of it means. */
function readOAuthError(text: string): OAuthError | undefined {
  const said = plain(text);
  return OAUTH_ERRORS.find((error) => said.includes(error)) ?? PARAPHRASES.find(([, pattern]) => pattern.test(said))?.[0];
}
