/**
 * What shared execution must never do: hand somebody an item, or a field of one, that they may not see. Over the real schema with real
 * rows and the real fan-out: random viewers follow random conversations while random things happen there, also things that point at
 * somebody else's rows.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParleyEvent, Visibility } from '../../src/events/event.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createErrors } from '../../src/gateway/errors.ts';
import { createFanOut } from '../../src/gateway/fan-out.ts';
import { frameStart } from '../../src/gateway/frame.ts';
import { createOperations, type Call } from '../../src/gateway/operations.ts';
import { schema } from '../../src/schema/schema.ts';
import { USER_ROLES } from '../../src/store/roles.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { contextOf } from '../schema/ask.ts';
import { openHouse, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { readFrame } from './shared-bench.ts';

const QUERY = `subscription Follow($id: ID!) { conversationEvents(id: $id) { __typename position sequence
  ... on TextDelta { text } ... on ToolReturned { summary } ... on MessageReset { reason }
  ... on MessagePosted { message { id text author conversation { id customer { id email healthScore churnRisk } } } }
  ... on RunStarted { run { id result steps { output } } }
  ... on ConversationChanged { conversation { id subject customer { id email healthScore } } } } }`;

interface Owned {
  readonly conversationId: string;
  readonly messageId: string;
  readonly runId: string;
  readonly customerId: string;
  readonly partnerId: string | null;
}

interface Reader {
  readonly viewer: Viewer;
  readonly owned: Owned;
  readonly payloads: Record<string, unknown>[];
  readonly codes: string[];
  readonly controller: AbortController;
}

const LAST = 'the end';
const VISIBILITIES: readonly Visibility[] = ['CUSTOMER', 'STAFF', 'DEBUG'];

function maySee(viewer: Viewer, visibility: Visibility): boolean {
  if (visibility === 'CUSTOMER') return true;
  return viewer.kind === 'staff' && (visibility === 'STAFF' || viewer.role === 'super_admin');
}

/** Pieces of text, for people of the desk who may not see personal data. */
function isWithheld(viewer: Viewer, type: string): boolean {
  return type === 'TextDelta' && viewer.kind === 'staff' && !viewer.scopes.includes('read:customers:pii');
}

function owns(viewer: Viewer, { customerId, partnerId }: Owned): boolean {
  if (viewer.kind === 'staff') return true;
  return viewer.kind === 'customer' ? viewer.customerId === customerId : viewer.partnerId === partnerId;
}

describe('shared subscriptions', () => {
  let house: House;
  const all: Owned[] = [];

  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
    for (const partnerId of ['par_one', 'par_one', 'par_two', null, null]) {
      const { customerId, viewer } = await house.addCustomer(partnerId ?? undefined);
      await house.database.customer.update({ where: { id: customerId }, data: { healthScore: 42, churnRisk: 0.75 } });
      const { conversation, message, run } = await house.desk.conversations.start(viewer, { text: `A secret of ${customerId}` });
      await house.database.run.update({ where: { id: run.id }, data: { result: { for: 'operators' } } });
      all.push({ conversationId: conversation.id, messageId: message.id, runId: run.id, customerId, partnerId });
    }
  });
  afterAll(() => house.close());

  const anyone = fc.oneof(
    fc
      .record({ userId: fc.constantFrom('usr_1', 'usr_2'), name: fc.constant('Sam'), role: fc.constantFrom(...USER_ROLES) })
      .map((person): Viewer => staffViewer(person)),
    fc.nat(4).map((at): Viewer => ({ kind: 'customer', customerId: all[at]?.customerId ?? '' })),
    fc.record({ partnerId: fc.constantFrom('par_one', 'par_two'), keyId: fc.constantFrom('key_1', null) }).map((key): Viewer => partnerViewer(key)),
  );
  const happening = fc.record({
    where: fc.nat(4),
    /** Whose rows it points at: its own conversation's, or by mistake another's. */
    points: fc.option(fc.nat(4), { freq: 3 }),
    what: fc.constantFrom('text' as const, 'tool' as const, 'posted' as const, 'run' as const, 'changed' as const, 'reset' as const),
    visibility: fc.constantFrom(...VISIBILITIES),
  });
  type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

  function eventOf({ where, points, what, visibility }: Happening, number: number): ParleyEvent {
    const target = all[points ?? where];
    if (!target) throw new Error('no such conversation');
    const head = { at: '2026-01-01T12:00:00.000Z', visibility };
    const { messageId, runId, conversationId } = target;
    const mark = `<${visibility} ${number}>`;
    switch (what) {
      case 'text':
        return { ...head, type: 'TextDelta', runId, messageId, step: 's', attempt: number, offset: 0, text: mark };
      case 'tool':
        return { ...head, type: 'ToolReturned', runId, step: 's', callId: 'c', tool: 't', agentId: 'first_agent', summary: mark, failed: false };
      case 'posted':
        return { ...head, type: 'MessagePosted', messageId };
      case 'run':
        return { ...head, type: 'RunStarted', runId, attempt: 1 };
      case 'changed':
        return { ...head, type: 'ConversationChanged', conversationId };
      case 'reset':
        return { ...head, type: 'MessageReset', messageId, runId, attempt: number, reason: mark };
    }
  }

  function openDoor() {
    const log = createLogger({ level: 'silent', pretty: false });
    const errors = createErrors({ log, isDatabaseUnavailable: () => false, captureException: () => undefined });
    const limits = { operationDepthMax: 12, operationAliasesMax: 20, operationTokensMax: 2_000, operationCostMax: 10_000 };
    const operations = createOperations({ schema, contextOf: ({ viewer, signal }) => contextOf(house, viewer, signal), limits, errors, clock: systemClock });
    const fanOut = createFanOut({ operations, errors, clock: systemClock });
    return {
      fanOut,
      follow(viewer: Viewer, owned: Owned): Reader {
        const reader: Reader = { viewer, owned, payloads: [], codes: [], controller: new AbortController() };
        const call: Call = { viewer, requestId: newId('req'), signal: reader.controller.signal, log };
        const start = frameStart('1');
        const answer = fanOut.subscribe(operations.prepare({ query: QUERY, variables: { id: owned.conversationId } }), call, {
          write: (frames) => void reader.payloads.push(readFrame(frames.frameFor(start)).payload.data ?? {}),
          owed: () => 0,
          taken: () => 0,
          close: () => undefined,
        });
        void answer?.then((result) => {
          if (!('next' in result)) reader.codes.push(...(result.errors ?? []).map(({ extensions }) => String(extensions['code'])));
        });
        return reader;
      },
    };
  }

  function assertAllowed({ viewer, owned, payloads }: Reader, events: readonly (readonly [Happening, ParleyEvent])[]): void {
    const items = payloads.map((payload) => Object(payload['conversationEvents']) as Record<string, unknown>);
    const told = items.map((item) => item['__typename']).filter((type) => type !== 'StreamReady' && type !== 'TextSnapshot');
    const here = events.filter(([{ where }, event]) => all[where] === owned && maySee(viewer, event.visibility) && !isWithheld(viewer, event.type));
    expect(told).toEqual([...here.map(([, { type }]) => type), 'ToolReturned']);
    const text = JSON.stringify(items);
    for (const visibility of VISIBILITIES) if (!maySee(viewer, visibility)) expect(text).not.toContain(`<${visibility}`);
    for (const other of all) {
      if (owns(viewer, other)) continue;
      // Their ids may stand in an event; nothing of their rows may.
      for (const secret of [`A secret of ${other.customerId}`, `${other.customerId}@example.test`]) expect(text).not.toContain(secret);
    }
    if (viewer.kind === 'customer') for (const secret of ['"healthScore":42', '"churnRisk":0.75', 'operators']) expect(text).not.toContain(secret);
  }

  it('never tell anybody what they may not see, whoever else follows the same', { timeout: 60_000 }, async () => {
    let shared = 0;
    let assessed = 0;
    const property = fc.asyncProperty(
      fc.array(fc.tuple(anyone, fc.nat(4)), { minLength: 2, maxLength: 14 }),
      fc.array(happening, { minLength: 1, maxLength: 14 }),
      async (wishes, happenings) => {
        const door = openDoor();
        const readers = wishes.flatMap(([viewer, at]) => (all[at] ? [door.follow(viewer, all[at])] : []));
        await expect.poll(() => readers.every(({ payloads, codes }) => payloads.length + codes.length > 0), { interval: 2 }).toBe(true);
        shared += readers.filter(({ codes }) => codes.length === 0).length - door.fanOut.groups;
        const events = happenings.map((one, number) => [one, eventOf(one, number)] as const);
        for (const [{ where }, event] of events) await house.log.append(`conversation:${all[where]?.conversationId}`, [event]);
        for (const [at, { conversationId }] of all.entries()) {
          const event = eventOf({ where: at, points: null, what: 'tool', visibility: 'CUSTOMER' }, 0);
          await house.log.append(`conversation:${conversationId}`, [event.type === 'ToolReturned' ? { ...event, summary: LAST } : event]);
        }
        const isOver = ({ payloads, codes }: Reader) => codes.length > 0 || JSON.stringify(payloads.at(-1)).includes(LAST);
        await expect.poll(() => readers.every(isOver), { interval: 2, timeout: 10_000 }).toBe(true);
        for (const reader of readers) {
          if (owns(reader.viewer, reader.owned)) assertAllowed(reader, events);
          else expect([reader.codes, reader.payloads]).toEqual([['NOT_FOUND'], []]);
          if (JSON.stringify(reader.payloads).includes('"healthScore":42')) assessed += 1;
          reader.controller.abort();
        }
        expect(door.fanOut.groups).toBe(0);
      },
    );
    await fc.assert(property, { numRuns: 60 });
    // Something was shared, and who may see assessments saw them: the property is about something.
    expect(shared).toBeGreaterThan(20);
    expect(assessed).toBeGreaterThan(5);
  });
});
