/**
 * The end of a storm: what every reader holds against the rows, and the rows against what was asked. Waits, within limits, until all
 * is written and read; then whoever lacks something is blamed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Place } from './place.ts';
import { wordsFor } from './question.ts';
import { blame, type Tally } from './tally.ts';
import type { Row, Witness } from './witness.ts';
import type { Asked } from './writer.ts';

const CALM_MS = 90_000;
const SETTLE_MS = 30_000;
const LOOK_MS = 250;

export async function reckon(
  place: Place,
  tally: Tally,
  conversations: readonly Asked[],
  witnesses: readonly Witness[],
  tokensPerAnswer: number,
): Promise<void> {
  await allEnded(place, tally);
  const rows = await answersOf(place, conversations, tokensPerAnswer, tally);
  const rowsOf = ({ conversationId }: Witness): readonly Row[] => rows.get(conversationId) ?? [];
  await settled(() => witnesses.every((witness) => !witness.stale && witness.holds(rowsOf(witness))), SETTLE_MS);
  for (const witness of witnesses) witness.judge(rowsOf(witness));
}

async function allEnded({ database }: Place, tally: Tally): Promise<void> {
  const open = () => database.run.count({ where: { finishedAt: null } });
  await settled(async () => (await open()) === 0, CALM_MS);
  for (const run of await database.run.findMany({ where: { status: { not: 'succeeded' } } })) {
    blame(tally, 'unfinished', `run ${run.id} is ${run.status} after ${run.attempt} attempts (${run.errorCode ?? 'no error'}: ${run.errorMessage ?? ''})`);
  }
}

/** The messages of each conversation, compared with what was asked: each question once, each answered once, in full. */
async function answersOf({ database }: Place, conversations: readonly Asked[], tokens: number, tally: Tally): Promise<Map<string, readonly Row[]>> {
  const rows = new Map<string, readonly Row[]>();
  for (const { conversationId, number, questions } of conversations) {
    const messages = await database.message.findMany({ where: { conversationId }, orderBy: { createdAt: 'asc' } });
    rows.set(
      conversationId,
      messages.map(({ id, role, status, text }) => ({ id, role: role.toUpperCase(), status: status.toUpperCase(), text })),
    );
    const asked = messages.filter(({ role }) => role === 'customer').length;
    if (asked !== questions) blame(tally, asked > questions ? 'doubled' : 'lost', `${conversationId} holds ${asked} questions of ${questions}`);
    const answers = messages.filter(({ role }) => role === 'agent').map(({ text }) => text);
    for (let n = 0; n < questions; n += 1) {
      const right = wordsFor(`q${number}-${n}`, tokens).join('');
      const count = answers.filter((text) => text === right).length;
      if (count !== 1) blame(tally, count > 1 ? 'doubled' : 'lost', `q${number}-${n} in ${conversationId} is answered ${count} times`);
    }
  }
  return rows;
}

/** Resolves when it is so, or when waiting longer is of no use: the reckoning says what is missing. */
async function settled(isSo: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until && !(await isSo())) await delay(LOOK_MS);
}
