/** The compiled selection of leaves against `execute`: over the real schema, whatever the document, the two say the same. */
import fc from 'fast-check';
import { execute, isLeafType, getNamedType, isInterfaceType, isObjectType, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createErrors } from '../../src/gateway/errors.ts';
import { compileLeaves, createLeafPayloads } from '../../src/gateway/leaf-payload.ts';
import { createOperations, type Prepared } from '../../src/gateway/operations.ts';
import { schema } from '../../src/schema/schema.ts';

const GENEROUS = { operationDepthMax: 50, operationAliasesMax: 10_000, operationTokensMax: 100_000, operationCostMax: 10_000_000 };
const operations = createOperations({
  schema,
  contextOf: (call) => ({ ...call }),
  limits: GENEROUS,
  errors: createErrors({ log: createLogger({ level: 'silent', pretty: false }), isDatabaseUnavailable: () => false, captureException: () => undefined }),
  clock: systemClock,
});
const CONTEXT = { catalog: { get: () => null } };

const SUBSCRIPTIONS = { conversationEvents: 'ConversationStreamItem', runEvents: 'RunStreamItem' } as const;
type Root = keyof typeof SUBSCRIPTIONS;

async function executed(prepared: Prepared, item: unknown): Promise<ExecutionResult> {
  const { document, operationName, variables } = prepared;
  return execute({ schema, document, operationName, variableValues: variables, contextValue: CONTEXT, rootValue: item });
}

/** Types a fragment inside this subscription may name, each with its leaf fields. */
function typesWithin(root: Root): { readonly name: string; readonly leaves: readonly string[]; readonly within: readonly string[] }[] {
  const returned = schema.getType(SUBSCRIPTIONS[root]);
  if (!isInterfaceType(returned)) throw new Error('no such interface');
  const types = [...schema.getPossibleTypes(returned), returned, ...returned.getInterfaces()];
  return types.map((type) => ({
    name: type.name,
    leaves: Object.values(type.getFields()).flatMap((field) => (isLeafType(getNamedType(field.type)) && field.args.length === 0 ? [field.name] : [])),
    within: types
      .filter((other) => (isObjectType(type) ? other === type || (isInterfaceType(other) && schema.isSubType(other, type)) : true))
      .map(({ name }) => name),
  }));
}

const include = fc.constantFrom(
  '',
  '',
  '',
  ' @include(if: $yes)',
  ' @include(if: $no)',
  ' @skip(if: $yes)',
  ' @skip(if: $no)',
  ' @include(if: true) @skip(if: false)',
  ' @skip(if: $byDefault)',
);

const made = new Map<string, fc.Arbitrary<string>>();

function selectionOn(root: Root, type: string, depth: number, named: boolean): fc.Arbitrary<string> {
  const key = `${root} ${type} ${depth} ${named}`;
  const known = made.get(key) ?? makeSelection(root, type, depth, named);
  made.set(key, known);
  return known;
}

/** A selection on this type: leaves with and without alias, fragments in it, and spreads of the named fragments. */
function makeSelection(root: Root, type: string, depth: number, named: boolean): fc.Arbitrary<string> {
  const types = typesWithin(root);
  const here = types.find(({ name }) => name === type);
  if (!here) throw new Error(`no type ${type}`);
  const field = fc
    .tuple(fc.constantFrom('__typename', ...here.leaves), fc.constantFrom('', '', 'a_', '__proto__', 'toString_'), include)
    .map(
      ([name, alias, directive]) =>
        `${alias === '' ? '' : `${alias}${alias.endsWith('_') ? name : ''}: `}${alias === '__proto__' ? '__typename' : name}${directive}`,
    );
  const inner =
    depth === 0
      ? []
      : here.within.map((name) =>
          fc.tuple(selectionOn(root, name, depth - 1, named), include).map(([set, directive]) => `... on ${name}${directive} { ${set} }`),
        );
  const untyped = depth === 0 ? [] : [selectionOn(root, type, depth - 1, named).map((set) => `... { ${set} }`)];
  const spreads = named
    ? [
        fc
          .tuple(fc.constantFrom(...['Base', 'Delta'].slice(0, here.within.includes('TextDelta') ? 2 : 1)), include)
          .map(([name, directive]) => `...${name}${directive}`),
      ]
    : [];
  return fc
    .array(fc.oneof({ arbitrary: field, weight: 4 }, ...[...inner, ...untyped, ...spreads].map((arbitrary) => ({ arbitrary, weight: 1 }))), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join(' '));
}

const arbitraryDocument = fc.constantFrom<Root>('conversationEvents', 'runEvents').chain((root) =>
  fc
    .tuple(
      selectionOn(root, SUBSCRIPTIONS[root], 2, true),
      selectionOn(root, 'StreamItem', 1, false),
      selectionOn(root, 'TextDelta', 0, false),
      fc.constantFrom('', 'item: '),
    )
    .map(
      ([body, base, delta, alias]) =>
        `subscription($yes: Boolean!, $no: Boolean!, $byDefault: Boolean! = true, $id: ID = "conv_1") { ${alias}${root}(id: $id) { ${body} ...Base ...Delta ... @include(if: $yes) { u: __typename } ... @skip(if: $no) { v: __typename } ... @skip(if: $byDefault) { w: __typename } } }
        fragment Base on StreamItem { ${base} } fragment Delta on TextDelta { ${delta} }`,
    ),
);

const text = fc.string({
  unit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\u2028', '\ud800', '</script>', '€', '😀'), fc.string({ minLength: 1, maxLength: 1 })),
  maxLength: 12,
});
const int = fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.constantFrom(2 ** 31, -(2 ** 31), 1.5));
const where = { runId: text, messageId: text, step: text, attempt: int };
const said = fc.oneof(
  fc.record({ type: fc.constant('TextDelta'), ...where, offset: int, text }),
  fc.record({ type: fc.constant('TextSnapshot'), ...where, text }),
  fc.record({ type: fc.constant('MessageReset'), messageId: text, runId: text, attempt: int, reason: text }),
  fc.record({ type: fc.constant('Heartbeat'), phase: fc.constantFrom('queued', 'thinking', 'using_tool', 'waiting_for_person', 'recovering', 'dancing') }),
  fc.record({
    type: fc.constant('StreamReady'),
    entry: fc.record({ status: fc.constantFrom('LIVE', 'RECOVERED', 'RESET', 'LOST'), epoch: text, replayed: int }),
  }),
  fc.record({ type: fc.constant('StreamReset'), entry: fc.record({ reason: text, epoch: text }) }),
  fc.record({
    type: fc.constant('StepFinished'),
    runId: text,
    step: text,
    path: text,
    attempt: int,
    agentId: text,
    role: fc.option(text),
    outcome: fc.constantFrom('succeeded', 'failed'),
    ms: int,
  }),
  fc.record({ type: fc.constant('ToolCalled'), runId: text, step: text, callId: text, tool: text, agentId: text, arguments: fc.jsonValue() }),
  fc.record({
    type: fc.constant('AgentChosen'),
    runId: text,
    agentId: text,
    confidence: fc.double(),
    candidates: fc.constant([]),
    reason: text,
    by: fc.constantFrom('rule', 'model'),
  }),
);
const item = fc.record({
  position: fc.oneof(text, fc.constant('e1.5')),
  sequence: int,
  at: fc.oneof(fc.constantFrom('2026-01-01T00:00:00.000Z', 'yesterday'), fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })),
  replay: fc.boolean(),
  said,
});

describe('a compiled selection', () => {
  it('says of every item what execute says, or declines', async () => {
    let compiled = 0;
    let flawless = 0;
    const property = fc.asyncProperty(arbitraryDocument, fc.array(item, { minLength: 1, maxLength: 4 }), async (query, items) => {
      const prepared = operations.prepare({ query, variables: { yes: true, no: false } });
      const payload = compileLeaves(schema, prepared);
      for (const one of items) {
        const result = await executed(prepared, one);
        const json = payload?.(one, CONTEXT) ?? null;
        if (!result.errors) flawless += 1;
        if (json === null) continue;
        compiled += 1;
        expect(result.errors).toBeUndefined();
        expect(`{"data":${json}}`).toBe(JSON.stringify(result));
      }
    });
    await fc.assert(property, { numRuns: 200 });
    // It declines only what fails, so that the property is about something.
    expect(compiled).toBe(flawless);
    expect(compiled).toBeGreaterThan(50);
  });

  const TOKEN = {
    position: 'e1.5',
    sequence: 5,
    at: '2026-01-01T00:00:00.000Z',
    replay: false,
    said: { type: 'TextDelta', runId: 'run_1', messageId: 'msg_1', step: 's', attempt: 1, offset: 0, text: 'Hi' },
  };
  const prepare = (selection: string) => operations.prepare({ query: `subscription { conversationEvents(id: "conv_1") { ${selection} } }` });
  const prepareWith = (on: unknown, selection: string) =>
    operations.prepare({ query: `subscription($on: Boolean! = false) { conversationEvents(id: "conv_1") { ${selection} } }`, variables: { on } });

  it.each([
    ['objects', '... on RunFinished { usage { inputTokens } }', 'RunFinished'],
    ['rows', '... on MessagePosted { message { id } }', 'MessagePosted'],
    ['an item of a type nobody knows', '__typename', 'Surprise'],
  ])('declines %s', (_what, selection, type) => {
    expect(compileLeaves(schema, prepare(selection))?.({ ...TOKEN, said: { type, usage: {} } }, CONTEXT)).toBeNull();
  });

  it('declines what fails, and never throws', () => {
    const payload = compileLeaves(schema, prepare('sequence ... on TextDelta { text }'));
    for (const broken of [null, 'text', {}, { said: null }, { ...TOKEN, sequence: 'many' }, { ...TOKEN, said: { type: 'TextDelta' } }]) {
      expect(payload?.(broken, CONTEXT)).toBeNull();
    }
    expect(payload?.(TOKEN, CONTEXT)).toBe('{"conversationEvents":{"sequence":5,"text":"Hi"}}');
  });

  it('reads variables with their defaults', async () => {
    const prepared = prepareWith(undefined, '... on TextDelta { text @include(if: $on) offset @skip(if: $on) }');
    expect(compileLeaves(schema, prepared)?.(TOKEN, CONTEXT)).toBe(JSON.stringify((await executed(prepared, TOKEN)).data));
    expect(compileLeaves(schema, prepareWith('perhaps', '... on TextDelta { text @include(if: $on) }'))).toBeNull();
  });

  it('is compiled once for all who ask the same, unless variables decide what is selected', () => {
    const leavesOf = createLeafPayloads(schema);
    expect(leavesOf(prepare('sequence'))).toBe(leavesOf(prepare('sequence')));
    const selective = '... on TextDelta { text @include(if: $on) offset }';
    expect(leavesOf(prepareWith(true, selective))?.(TOKEN, CONTEXT)).toBe('{"conversationEvents":{"text":"Hi","offset":0}}');
    expect(leavesOf(prepareWith(false, selective))?.(TOKEN, CONTEXT)).toBe('{"conversationEvents":{"offset":0}}');
  });

  it('costs no more than its text, however often fragments spread fragments', () => {
    const levels = Array.from({ length: 30 }, (_, level) => `fragment f${level} on StreamItem { ...f${level + 1} ...f${level + 1} }`).join(' ');
    const prepared = operations.prepare({
      query: `subscription { conversationEvents(id: "conv_1") { ...f0 } } ${levels} fragment f30 on StreamItem { sequence }`,
    });
    expect(compileLeaves(schema, prepared)?.(TOKEN, CONTEXT)).toBe('{"conversationEvents":{"sequence":5}}');
  });
});
