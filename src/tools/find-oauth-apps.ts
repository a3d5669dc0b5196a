/** `find_oauth_apps`: the OAuth apps the customer registered, with redirect URIs, scopes and the latest error. Shows no secret. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { OAuthApp } from '../store/generated/prisma/client.ts';
import { defineTool } from './define-tool.ts';
import { isAboutOAuth, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeDate, writeList, writeTime } from './words.ts';

const APPS_MAX = 50;
const SHOWN_MAX = 5;

const Input = z.strictObject({ name: z.string().trim().min(1).max(100).optional().describe('Only the app with this name or client id; all when left out.') });

export function findOAuthApps(database: Database): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'find_oauth_apps',
    description:
      "Lists the OAuth apps of the customer's workspace: client id, registered redirect URIs, scopes and the latest error with its time. Use it when an authorization, a redirect, a token or a scope fails.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: (turn) => (textAbout(turn, isAboutOAuth) === null ? null : {}),
    async run({ name }, _grant, { customerId }) {
      const rows = await database.oAuthApp.findMany({ where: { customerId }, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: APPS_MAX });
      const apps = name === undefined ? rows : rows.filter((app) => app.name.toLowerCase().includes(name.toLowerCase()) || app.clientId === name);
      return { summary: summaryOf(apps, name), facts: { apps: apps.map(factsOf) } };
    },
  });
}

function summaryOf(apps: readonly OAuthApp[], name: string | undefined): string {
  const [first] = apps;
  if (!first)
    return name === undefined
      ? 'No OAuth app is registered in your workspace. Register one under Settings > Developer > OAuth apps.'
      : `No OAuth app "${name}" is registered in your workspace.`;
  if (apps.length === 1) return line(first);
  return paragraphs(`Your workspace has ${writeCount(apps.length, 'OAuth app')}:`, writeBullets(apps.slice(0, SHOWN_MAX).map(line)));
}

function line({ name, clientId, redirectUris, scopes, lastError, lastErrorAt }: OAuthApp): string {
  return sentences(
    `OAuth app "${name}" (client id ${clientId}) may redirect to ${writeList(redirectUris)} and ask for ${writeList(scopes)}.`,
    lastError
      ? `Its latest error was ${lastError}${lastErrorAt ? ` on ${writeDate(lastErrorAt)} at ${writeTime(lastErrorAt)}` : ''}.`
      : 'It has no recent errors.',
  );
}

function factsOf({ id, name, clientId, redirectUris, scopes, lastError, lastErrorAt }: OAuthApp): unknown {
  return { appId: id, name, clientId, redirectUris, scopes, lastError, lastErrorAt: lastErrorAt?.toISOString() ?? null };
}
