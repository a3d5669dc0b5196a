/** `find_api_keys`: the workspace's tokens for the API by name and first characters, with scopes, use and end. Never shows or makes a secret. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { WorkspaceApiKey } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { isAboutApiError, isAboutApiKeys, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeDate, writeList } from './words.ts';

const KEYS_MAX = 50;
const SHOWN_MAX = 8;
const DAY_MS = 86_400_000;

const Input = z.strictObject({
  name: z.string().trim().min(1).max(100).optional().describe('Only the key with this name or first characters; all when left out.'),
});
type Input = z.infer<typeof Input>;

export function findApiKeys(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_api_keys',
    description:
      "Lists the API keys (tokens) of the customer's workspace: name, first characters, scopes, last use, end, and which are expired, revoked, unused or about to end. Use it for trouble with a key, a 401 or 403, and for cleaning up or rotating keys.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: (turn) => (textAbout(turn, (text) => isAboutApiKeys(text) || (isAboutApiError(text) && /\b40[13]\b/.test(text))) === null ? null : {}),
    async run({ name }, _grant, { customerId, now }) {
      const [policy, keys] = await Promise.all([
        readPolicy(database),
        database.workspaceApiKey.findMany({ where: { customerId }, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: KEYS_MAX }),
      ]);
      const shown =
        name === undefined
          ? keys
          : keys.filter((key) => key.name.toLowerCase().includes(name.toLowerCase()) || name.startsWith(key.prefix) || key.prefix.startsWith(name));
      return { summary: summaryOf(shown, name, policy, now), facts: { keys: shown.map((key) => ({ ...factsOf(key), state: stateOf(key, policy, now) })) } };
    },
  });
}

type State = 'revoked' | 'expired' | 'expiring' | 'unused' | 'in use';

function stateOf({ revokedAt, expiresAt, lastUsedAt, createdAt }: WorkspaceApiKey, { apiKeys }: Policy, now: Date): State {
  if (revokedAt) return 'revoked';
  if (expiresAt && expiresAt <= now) return 'expired';
  if (expiresAt && expiresAt.getTime() - now.getTime() < apiKeys.expiringDays * DAY_MS) return 'expiring';
  return now.getTime() - (lastUsedAt ?? createdAt).getTime() > apiKeys.unusedDays * DAY_MS ? 'unused' : 'in use';
}

function summaryOf(keys: readonly WorkspaceApiKey[], name: string | undefined, policy: Policy, now: Date): string {
  if (keys.length === 0)
    return name === undefined
      ? 'There is no API key in your workspace. Create one under Settings > Developer > API tokens.'
      : `There is no API key "${name}" in your workspace.`;
  const order: readonly State[] = ['expired', 'expiring', 'unused', 'in use', 'revoked'];
  const sorted = keys.toSorted((a, b) => order.indexOf(stateOf(a, policy, now)) - order.indexOf(stateOf(b, policy, now)));
  const advice = [
    keys.some((key) => stateOf(key, policy, now) === 'expired') &&
      'An expired key answers 401 invalid_token: create a new one, deploy it, then revoke the old one.',
    keys.some((key) => stateOf(key, policy, now) === 'unused') && 'Keys nobody uses should be revoked; name one and I revoke it.',
  ];
  return paragraphs(
    `Your workspace has ${writeCount(keys.length, 'API key')}:`,
    writeBullets(sorted.slice(0, SHOWN_MAX).map((key) => line(key, stateOf(key, policy, now)))),
    sentences(...advice),
  );
}

function line({ name, prefix, scopes, lastUsedAt, expiresAt, revokedAt }: WorkspaceApiKey, state: State): string {
  const end = revokedAt
    ? `revoked on ${writeDate(revokedAt)}`
    : expiresAt
      ? `${state === 'expired' ? 'expired' : 'valid until'} ${state === 'expired' ? 'on ' : ''}${writeDate(expiresAt)}`
      : 'without an end';
  const used = lastUsedAt ? `last used on ${writeDate(lastUsedAt)}` : 'never used';
  return `"${name}" (${prefix}…): ${end}${state === 'expiring' ? ', which is soon' : ''}; ${used}; may ${writeList(scopes)}.`;
}

function factsOf({ id, name, prefix, scopes, createdAt, lastUsedAt, expiresAt, revokedAt }: WorkspaceApiKey) {
  return {
    keyId: id,
    name,
    prefix,
    scopes,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
