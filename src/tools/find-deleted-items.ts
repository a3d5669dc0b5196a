/** `find_deleted_items`: what lies in the workspace's trash, who deleted it, and until when it can come back. Restores nothing. */
import { z } from 'zod';
import { isNamed } from '../desk/grounding.ts';
import { wordsOfItem } from '../desk/item-wanted.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { DeletedItem, RestoreRequest } from '../store/generated/prisma/client.ts';
import { DeletedKind } from '../store/generated/prisma/enums.ts';
import { defineTool } from './define-tool.ts';
import { writeStorage } from './find-usage.ts';
import { plain } from './reading.ts';
import { isAboutDeleted, textAbout } from './topics-technical.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeCount, writeDate } from './words.ts';

const ITEMS_MAX = 200;
const SHOWN_MAX = 6;

const Input = z.strictObject({
  name: z.string().trim().min(2).max(300).optional().describe("The item's name, or the customer's words about it; everything when left out."),
  kind: z.enum(DeletedKind).optional().describe('Only items of this kind.'),
});
type Input = z.infer<typeof Input>;
type Row = DeletedItem & { readonly restores: readonly RestoreRequest[] };

export function findDeletedItems(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_deleted_items',
    description:
      "Lists what was deleted in the customer's workspace: kind, name, size, by whom and when, until when it can be restored, and restores under way. Use it when something was deleted, is lost or must come back.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutDeleted);
      return text === null ? null : { name: text.trim().slice(0, 300) };
    },
    async run({ name, kind }, _grant, { customerId, now }) {
      const rows = await database.deletedItem.findMany({
        where: { customerId, ...(kind ? { kind } : {}) },
        include: { restores: { orderBy: { createdAt: 'desc' } } },
        orderBy: [{ deletedAt: 'desc' }, { id: 'asc' }],
        take: ITEMS_MAX,
      });
      const named = name === undefined ? [] : namedAmong(rows, name);
      const shown = named.length > 0 ? named : rows.filter((row) => row.restoredAt === null && row.purgeAt > now);
      const missed = name === undefined || named.length > 0 ? [] : wordsOfItem(name);
      return {
        summary: summaryOf(shown, { named: named.length > 0, missed, now }),
        facts: { named: named.length > 0, items: shown.map((row) => factsOf(row, now)) },
      };
    },
  });
}

/** Items whose name stands in the words, or whose name holds all of them; else those that share a longer word. */
function namedAmong(rows: readonly Row[], words: string): Row[] {
  const whole = rows.filter((row) => isNamed(row.name, { said: words, earlier: [] }) || isNamed(words, { said: row.name, earlier: [] }));
  if (whole.length > 0) return whole;
  const said = new Set(tokens(words));
  return rows.filter((row) => tokens(row.name).some((token) => said.has(token)));
}

const EVERYDAY = new Set(['project', 'board', 'task', 'file', 'deleted', 'restore', 'back', 'team', 'from', 'with', 'list', 'plan', 'work']);

function tokens(text: string): string[] {
  return plain(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 3 && !EVERYDAY.has(word));
}

interface Shown {
  readonly named: boolean;
  /** What the customer calls it when nothing has that name. */
  readonly missed: readonly string[];
  readonly now: Date;
}

function summaryOf(rows: readonly Row[], { named, missed, now }: Shown): string {
  const [first] = rows;
  if (!first) return 'The trash of your workspace is empty, so nothing in it can be restored.';
  const none = missed.length > 0 && `Nothing called "${missed.join(' ')}" is in the trash of your workspace.`;
  if (rows.length === 1) return sentences(none, line(first, now));
  return paragraphs(
    none,
    named ? 'These deleted items fit:' : `${writeCount(rows.length, 'item lies', 'items lie')} in the trash of your workspace:`,
    writeBullets(rows.slice(0, SHOWN_MAX).map((row) => line(row, now))),
    rows.length > SHOWN_MAX && `${writeCount(rows.length - SHOWN_MAX, 'older item is', 'older items are')} not shown; name one and I look it up.`,
  );
}

function line(row: Row, now: Date): string {
  const { kind, name, sizeMb, deletedBy, deletedAt, purgeAt, restoredAt, restores } = row;
  const gone = `${capitalise(kind)} "${name}"${sizeMb > 0 ? ` (${writeStorage(sizeMb)})` : ''} was deleted by ${deletedBy} on ${writeDate(deletedAt)}`;
  if (restoredAt) return `${gone} and came back on ${writeDate(restoredAt)}.`;
  const asked = restores.find(({ status }) => status === 'requested' || status === 'running');
  if (asked) return `${gone}. Its restore was ordered on ${writeDate(asked.createdAt)} and is on its way.`;
  if (purgeAt <= now) return `${gone} and was erased for good on ${writeDate(purgeAt)}, so it cannot be restored.`;
  return sentences(`${gone} and can be restored until ${writeDate(purgeAt)}.`);
}

function factsOf({ id, kind, name, sizeMb, deletedBy, deletedAt, purgeAt, restoredAt, restores }: Row, now: Date): unknown {
  return {
    itemId: id,
    kind,
    name,
    sizeMb,
    deletedBy,
    deletedAt: deletedAt.toISOString(),
    purgeAt: purgeAt.toISOString(),
    restoredAt: restoredAt?.toISOString() ?? null,
    restorable: restoredAt === null && purgeAt > now,
    restores: restores.map(({ status, createdAt }) => ({ status, createdAt: createdAt.toISOString() })),
  };
}
