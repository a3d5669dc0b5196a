/** Shared execution: once per event for all who may see the same, whoever comes, goes, or reads slowly. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { CHANGED, EVERYTHING, FOLLOW, KIM, openSharedBench, QUEUED, SAM, settle, textOf, type SharedBench, type Subscriber } from './shared-bench.ts';

const FULL = 100_000;
const types = (subscriber: Subscriber) => subscriber.items.map(({ __typename }) => __typename);

let bench: SharedBench;
beforeEach(() => {
  bench = openSharedBench();
});
afterEach(() => bench.close());

/** Everybody leaves: nothing may be followed any more. */
async function assertNothingLeft(subscribers: readonly Subscriber[]): Promise<void> {
  for (const { leave } of subscribers) leave();
  await settle();
  expect([bench.streams.open, bench.log.counts().followers, bench.fanOut.groups]).toEqual([0, 0, 0]);
}

describe('identical subscriptions', () => {
  it('are executed once for each event, whatever their number, each under its own id', async () => {
    const all = Array.from({ length: 20 }, (_, index) => bench.subscribe({ viewer: index % 2 ? SAM : KIM }));
    await settle();
    expect([bench.fanOut.groups, bench.streams.open]).toEqual([1, 1]);
    await bench.say('Hello ');
    await settle();
    // The first of its kind is tried as leaves, and turns out to be none.
    await bench.append(CHANGED);
    await settle();
    const before = bench.streams.executed('ConversationChanged');
    await bench.append(CHANGED);
    await bench.say('there');
    await settle();
    expect([bench.streams.executed('TextDelta'), bench.streams.executed('ConversationChanged')]).toEqual([2, before + 1]);
    for (const one of all) {
      expect(types(one)).toEqual(['StreamReady', 'TextDelta', 'ConversationChanged', 'ConversationChanged', 'TextDelta']);
      expect(textOf(one.items)).toBe('Hello there');
    }
    await assertNothingLeft(all);
  });

  it('may all have the same id, each on its own socket', async () => {
    const all = [bench.subscribe({ id: '1' }), bench.subscribe({ id: '1' }), bench.subscribe({ id: '2' }), bench.subscribe({ id: '1' })];
    await settle();
    await bench.say('Hello');
    await settle();
    for (const one of all) expect(textOf(one.items)).toBe('Hello');
  });

  it('go on when the first of them leaves, also while others are catching up', async () => {
    await bench.say('Hello ');
    const first = bench.subscribe();
    await settle();
    const second = bench.subscribe();
    first.leave();
    const third = bench.subscribe();
    await settle();
    expect(bench.fanOut.groups).toBe(1);
    await bench.say('there');
    await settle();
    for (const one of [second, third]) expect(textOf(one.items)).toBe('Hello there');
    expect(bench.streams.open).toBe(1);
    await assertNothingLeft([second, third]);
  });

  it('are told the past each for itself, with what is replay to it', async () => {
    await bench.say('Hello ');
    const start = (await firstItems())[0]?.position ?? '';
    await bench.say('there, ');
    await bench.say('Dana');
    const returning = bench.subscribe({ variables: { after: start } });
    const literal = bench.subscribe({ query: `subscription { events(id: "c", after: ${JSON.stringify(start)}) { ${EVERYTHING} } }` });
    const fresh = bench.subscribe();
    await settle();
    await bench.say('!');
    await settle();
    expect(textOf(fresh.items)).toBe(bench.said());
    for (const one of [returning, literal]) {
      expect(textOf(one.items, 'Hello ')).toBe(bench.said());
      expect(one.items.filter(({ replay }) => replay)).toHaveLength(1);
    }
    expect(fresh.items.at(-1)?.replay).toBe(false);
    // The variable does not tell them apart, the literal is another document.
    expect(bench.fanOut.groups).toBe(2);
    await assertNothingLeft([returning, literal, fresh]);
  });

  async function firstItems() {
    const one = bench.subscribe();
    await settle();
    one.leave();
    return one.items;
  }

  it('end together when the source ends', async () => {
    const finishing = Promise.withResolvers<void>();
    bench.streams.finishing = finishing.promise;
    const all = [1, 2, 3].map(() => bench.subscribe({ query: `subscription { ending(id: "c") { ${EVERYTHING} } }` }));
    await settle();
    await bench.say('Bye');
    await settle();
    finishing.resolve();
    await settle();
    // A moment after the last item: GraphiQL loses the last of a burst.
    expect(all.map(({ over }) => over)).toEqual([false, false, false]);
    bench.clock.advance(50);
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual(['complete', 'complete', 'complete']);
    for (const one of all) expect(textOf(one.items)).toBe('Bye');
    await assertNothingLeft(all);
  });

  it('fail together when the source fails, with a masked error', async () => {
    const breaking = Promise.withResolvers<void>();
    bench.streams.breaking = breaking.promise;
    const all = [1, 2, 3].map(() => bench.subscribe({ query: `subscription { broken(id: "c") { ${EVERYTHING} } }` }));
    await settle();
    breaking.reject(new Error('password=hunter2'));
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([['INTERNAL'], ['INTERNAL'], ['INTERNAL']]);
    await assertNothingLeft(all);
  });

  it('that cannot start say why, each to its own', async () => {
    const all = [1, 2].map(() => bench.subscribe({ variables: { after: 'garbage' } }));
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([['BAD_INPUT'], ['BAD_INPUT']]);
    await assertNothingLeft(all);
  });

  it('leave nothing behind when their clients left while they opened', async () => {
    const opening = Promise.withResolvers<void>();
    bench.streams.opening = () => opening.promise;
    const all = [1, 2, 3].map(() => bench.subscribe());
    await settle();
    for (const { leave } of all) leave();
    opening.resolve();
    await assertNothingLeft(all);
    expect(all.map(({ items }) => items.length)).toEqual([0, 0, 0]);
  });

  it('get nothing any more once they left, also when an item is being executed', async () => {
    const waiting = Promise.withResolvers<void>();
    bench.streams.waits = () => waiting.promise;
    const all = [bench.subscribe(), bench.subscribe()];
    await settle();
    await bench.append(CHANGED);
    await settle();
    all[0]?.leave();
    waiting.resolve();
    await settle();
    expect(all.map(types)).toEqual([['StreamReady'], ['StreamReady', 'ConversationChanged']]);
    await assertNothingLeft(all);
  });
});

const NARROW: Viewer = { ...partnerViewer({ partnerId: 'par_1', keyId: 'key_2' }), scopes: ['read:conversations'] };

describe('who shares with whom', () => {
  const viewers: readonly (readonly [string, Viewer, Viewer, boolean])[] = [
    ['staff of one role', SAM, KIM, true],
    ['staff of two roles', SAM, staffViewer({ ...KIM, role: 'admin' }), false],
    ['one customer in two tabs', { kind: 'customer', customerId: 'cus_1' }, { kind: 'customer', customerId: 'cus_1' }, true],
    ['two customers', { kind: 'customer', customerId: 'cus_1' }, { kind: 'customer', customerId: 'cus_2' }, false],
    ['one partner with two keys', partnerViewer({ partnerId: 'par_1', keyId: 'key_1' }), partnerViewer({ partnerId: 'par_1', keyId: 'key_2' }), true],
    ['two partners', partnerViewer({ partnerId: 'par_1', keyId: null }), partnerViewer({ partnerId: 'par_2', keyId: null }), false],
    ['two keys of one partner that may not do the same', partnerViewer({ partnerId: 'par_1', keyId: 'key_1' }), NARROW, false],
    ['a customer and a partner of one name', { kind: 'customer', customerId: 'x' }, partnerViewer({ partnerId: 'x', keyId: null }), false],
  ];
  it.each(viewers)('%s', async (_who, one, other, together) => {
    const both = [bench.subscribe({ viewer: one }), bench.subscribe({ viewer: other })];
    await settle();
    expect(bench.fanOut.groups).toBe(together ? 1 : 2);
    await assertNothingLeft(both);
  });

  it('nobody, when nobody signed in, and no field that does not offer it', () => {
    expect(() => bench.subscribe({ viewer: null })).toThrow('not shared');
    expect(() => bench.subscribe({ query: 'subscription { alone(id: "c") { position } }' })).toThrow('not shared');
  });

  it('other variables and other documents stand apart', async () => {
    const query = (id: string) => `subscription Follow($with: Boolean = true) { events(id: "${id}") { position sequence @include(if: $with) } }`;
    const all = [{ query: query('c') }, { query: query('c'), variables: { with: false } }, { query: query('d') }].map((options) => bench.subscribe(options));
    await settle();
    expect(bench.fanOut.groups).toBe(3);
    await bench.say('Hello');
    await settle();
    expect(all.map(({ items }) => items.map((item) => Object.keys(item).length))).toEqual([[2, 2], [1, 1], [2]]);
  });
});

describe('what depends on the single viewer', () => {
  it.each([
    ['is found out when it happens, and is right for each from that item on', 'me', ['Sam', 'Kim', 'Sam']],
    ['is found out also when the field that asked swallows it', 'me: quietly', ['usr_sam', 'usr_kim', 'usr_sam']],
  ])('%s', async (_what, field, expected) => {
    const query = `subscription { events(id: "c") { ${EVERYTHING} ... on RunQueued { ${field} } } }`;
    const all = [SAM, KIM, SAM].map((viewer) => bench.subscribe({ viewer, query }));
    await settle();
    await bench.say('Hello ');
    await settle();
    expect(bench.fanOut.groups).toBe(1);
    await bench.append(QUEUED);
    await settle();
    await bench.say('there');
    await bench.append(QUEUED);
    await settle();
    expect(all.map(({ items }) => items.filter(({ me }) => me).map(({ me }) => me))).toEqual(expected.map((me) => [me, me]));
    for (const one of all) {
      expect(types(one)).toEqual(['StreamReady', 'TextDelta', 'RunQueued', 'TextDelta', 'RunQueued']);
      expect(one.items.some(({ replay }) => replay)).toBe(false);
      expect(textOf(one.items)).toBe('Hello there');
    }
    expect(bench.fanOut.groups).toBe(0);
    // Once it is known, such a subscription is not shared at all.
    expect(() => bench.subscribe({ query })).toThrow('not shared');
    await assertNothingLeft(all);
  });

  it('opens for each alone when the stream itself asks', async () => {
    const query = `subscription { named(id: "c") { ${EVERYTHING} } }`;
    const both = [bench.subscribe({ viewer: SAM, query }), bench.subscribe({ viewer: KIM, query })];
    await settle();
    await bench.say('Hello');
    await settle();
    expect(both.map(({ items }) => textOf(items))).toEqual(['Hello', 'Hello']);
    expect(bench.streams.opened).toEqual([SAM, KIM]);
    await assertNothingLeft(both);
  });
});

describe('a slow reader', () => {
  it('leaves the others, catches up with merged text, and comes back', async () => {
    const slow = bench.subscribe();
    const others = [bench.subscribe(), bench.subscribe()];
    await settle();
    slow.owed = FULL;
    for (let word = 0; word < 40; word += 1) {
      await bench.say(`${word} `);
      await settle();
    }
    expect(slow.items).toHaveLength(1);
    for (const other of others) expect(other.items).toHaveLength(41);
    slow.owed = 0;
    bench.clock.advance(1_000);
    await settle();
    expect(types(slow)).toEqual(['StreamReady', 'TextDelta']);
    const executed = bench.streams.executed('TextDelta');
    await bench.say('five');
    await settle();
    expect(bench.streams.executed('TextDelta')).toBe(executed + 1);
    for (const one of [slow, ...others]) expect([textOf(one.items), one.items.at(-1)?.replay]).toEqual([bench.said(), false]);
    expect([bench.fanOut.groups, bench.streams.open]).toEqual([1, 1]);
    await assertNothingLeft([slow, ...others]);
  });

  it('that is alone is read for at its own pace, on one stream', async () => {
    const slow = bench.subscribe();
    await settle();
    slow.owed = FULL;
    for (let word = 0; word < 50; word += 1) {
      await bench.say(`${word} `);
      await settle();
    }
    expect(slow.items).toHaveLength(1);
    slow.owed = 0;
    bench.clock.advance(1_000);
    await settle();
    expect(textOf(slow.items)).toBe(bench.said());
    expect(slow.items).toHaveLength(3);
    expect(bench.streams.opened).toHaveLength(1);
    await assertNothingLeft([slow]);
  });

  it('and all others who are slow at once find together again', async () => {
    const all = Array.from({ length: 5 }, () => bench.subscribe());
    await settle();
    for (const one of all) one.owed = FULL;
    for (const word of ['one ', 'two ', 'three ']) {
      await bench.say(word);
      await settle();
    }
    for (const one of all) one.owed = 0;
    bench.clock.advance(1_000);
    await settle();
    await bench.say('four ');
    await settle();
    const executed = bench.streams.executed('TextDelta');
    await bench.say('five');
    await settle();
    expect(bench.streams.executed('TextDelta')).toBe(executed + 1);
    for (const one of all) expect(textOf(one.items)).toBe(bench.said());
    await assertNothingLeft(all);
  });

  it('is told to start over when the past it missed is gone', async () => {
    await bench.close();
    bench = openSharedBench(100);
    const slow = bench.subscribe();
    const other = bench.subscribe();
    await settle();
    slow.owed = FULL;
    for (let word = 0; word < 150; word += 1) await bench.say(`${word} `);
    await bench.append(CHANGED);
    await settle();
    slow.owed = 0;
    bench.clock.advance(1_000);
    await settle();
    await bench.say('end');
    await settle();
    expect(types(slow)).toEqual(['StreamReady', 'StreamReset', 'TextSnapshot', 'TextDelta']);
    expect(textOf(slow.items)).toBe(bench.said());
    await assertNothingLeft([slow, other]);
  });

  it('that stops for good is closed with 4410, and disturbs nobody', async () => {
    const stuck = [bench.subscribe(), bench.subscribe({ query: `subscription { item: events(id: "c") { ${EVERYTHING} } }` })];
    const other = bench.subscribe();
    await settle();
    for (const one of stuck) one.owed = FULL;
    for (let second = 0; second < 40; second += 1) {
      await bench.say(`${second} `);
      await settle();
      bench.clock.advance(1_000);
      await settle();
    }
    expect(stuck.map(({ closedWith }) => closedWith)).toEqual([4410, 4410]);
    expect([textOf(other.items), other.closedWith]).toEqual([bench.said(), null]);
    await assertNothingLeft([other]);
  });

  it('that takes a little now and then is not closed', async () => {
    const slow = bench.subscribe();
    await settle();
    slow.owed = FULL;
    await bench.say('Hello');
    for (let second = 0; second < 120; second += 1) {
      bench.clock.advance(1_000);
      slow.taken += 10;
      await settle();
    }
    expect(slow.closedWith).toBeNull();
    await assertNothingLeft([slow]);
  });

  it('that leaves while it catches up is gone from everywhere', async () => {
    const slow = bench.subscribe();
    const other = bench.subscribe();
    await settle();
    slow.owed = FULL;
    await bench.say('Hello');
    await settle();
    slow.leave();
    bench.clock.advance(1_000);
    await bench.say(' there');
    await settle();
    other.leave();
    await assertNothingLeft([]);
  });
});

describe('whatever the order of things', () => {
  type Step =
    | { readonly do: 'say' | 'change' | 'let wait' | 'answer' | 'turn' | 'pass' }
    | { readonly do: 'subscribe'; readonly from: number }
    | { readonly do: 'leave' | 'stall' | 'read'; readonly who: number };
  const who = fc.nat(7);
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: 'say' } as const) },
    { weight: 2, arbitrary: fc.constant({ do: 'change' } as const) },
    { weight: 1, arbitrary: fc.constantFrom({ do: 'let wait' } as const, { do: 'answer' } as const) },
    { weight: 4, arbitrary: fc.constantFrom({ do: 'turn' } as const, { do: 'pass' } as const) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('subscribe' as const), from: fc.integer({ min: -1, max: 30 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'stall' as const, 'read' as const), who }) },
  );

  it('every reader gets every item exactly once, in order, and nothing stays open', { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const house = openSharedBench();
      const readers: { readonly subscriber: Subscriber; readonly start: string; left: boolean }[] = [];
      let waiting = Promise.withResolvers<void>();
      waiting.resolve();
      house.streams.waits = () => waiting.promise;
      let words = 0;
      /** Position and text after each event, as somebody who had everything would know them. */
      const places: { readonly after: string; readonly text: string }[] = [];
      const say = async (change: boolean) => {
        if (change) await house.append(CHANGED);
        else await house.say(`${(words += 1)} `);
        const { top } = await house.log.head('conversation:c');
        places.push({ after: top, text: house.said() });
      };
      for (const one of steps) {
        switch (one.do) {
          case 'say':
          case 'change':
            await say(one.do === 'change');
            break;
          case 'let wait':
            waiting.resolve();
            waiting = Promise.withResolvers<void>();
            break;
          case 'answer':
            waiting.resolve();
            break;
          case 'turn':
            await new Promise((resolve) => setImmediate(resolve));
            break;
          case 'pass':
            house.clock.advance(200);
            break;
          case 'subscribe': {
            const place = places[one.from];
            readers.push({ subscriber: house.subscribe(place ? { variables: { after: place.after } } : {}), start: place?.text ?? '', left: false });
            break;
          }
          case 'leave':
          case 'stall':
          case 'read': {
            const reader = readers[one.who];
            if (!reader || reader.left) break;
            if (one.do === 'leave') {
              reader.left = true;
              reader.subscriber.leave();
            } else reader.subscriber.owed = one.do === 'stall' ? FULL : 0;
          }
        }
      }
      for (const { subscriber } of readers) subscriber.owed = 0;
      waiting.resolve();
      for (let turn = 0; turn < 5; turn += 1) {
        house.clock.advance(200);
        await settle();
      }
      await say(false);
      await settle();
      for (const { subscriber, start, left } of readers) {
        const { items } = subscriber;
        const [ready, ...rest] = items;
        if (!ready && left) continue;
        expect(ready?.__typename).toBe('StreamReady');
        const text = textOf(items, start);
        if (left) expect(house.said().startsWith(text)).toBe(true);
        else expect(text).toBe(house.said());
        const sequences = rest.filter(({ __typename }) => __typename !== 'TextSnapshot').map(({ sequence }) => sequence);
        expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
        const changes = places.flatMap((_, index) => (rest.length > 0 && isChange(index) && index + 1 > (ready?.sequence ?? 0) ? [index + 1] : []));
        if (!left) expect(rest.filter(({ __typename }) => __typename === 'ConversationChanged').map(({ sequence }) => sequence)).toEqual(changes);
      }
      function isChange(index: number): boolean {
        return places[index]?.text === (places[index - 1]?.text ?? '');
      }
      const live = readers.filter(({ left }) => !left);
      if (live.length > 0) expect(house.fanOut.groups).toBe(1);
      // All who are there are served by one execution.
      expect(house.streams.open).toBe(live.length > 0 ? 1 : 0);
      for (const { subscriber } of live) subscriber.leave();
      await settle();
      expect([house.streams.open, house.log.counts().followers, house.fanOut.groups]).toEqual([0, 0, 0]);
      await house.close();
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

it('names the operation in nothing but the key: FOLLOW is one document for all', async () => {
  const both = [bench.subscribe({ query: FOLLOW }), bench.subscribe({ query: FOLLOW, variables: { after: null } })];
  await settle();
  expect(bench.fanOut.groups).toBe(1);
  await assertNothingLeft(both);
});
