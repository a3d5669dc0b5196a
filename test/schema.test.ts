/** The schema as clients may rely on it: printed, described, shaped by Relay's rules, and selectable in one document. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isLeafType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  parse,
  printSchema,
  specifiedRules,
  validate,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../src/gateway/graphiql-examples.ts';
import { ParleyEvent } from '../src/events/event.ts';
import { ID_PREFIXES } from '../src/foundation/ids.ts';
import { schema } from '../src/schema/schema.ts';

/** Names of workflows, the planned ones included: none may be the name of an agent. */
const WORKFLOWS = ['reply', 'sequential', 'parallel', 'debate', 'verification', 'expert_panel'];

const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));
const objects = types.filter(isObjectType);

function objectNamed(name: string): GraphQLObjectType {
  const found = objects.find((type) => type.name === name);
  if (!found) throw new Error(`no object type ${name}`);
  return found;
}

function undescribed(type: GraphQLNamedType): string[] {
  const missing = type.description ? [] : [type.name];
  if (isEnumType(type)) missing.push(...type.getValues().flatMap((value) => (value.description ? [] : [`${type.name}.${value.name}`])));
  if (isInputObjectType(type)) missing.push(...Object.values(type.getFields()).flatMap((field) => (field.description ? [] : [`${type.name}.${field.name}`])));
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      if (!field.description) missing.push(`${type.name}.${field.name}`);
      missing.push(...field.args.flatMap((argument) => (argument.description ? [] : [`${type.name}.${field.name}(${argument.name})`])));
    }
  }
  return missing;
}

describe('the schema', () => {
  it('is printed in schema.graphql (npm run schema)', () => {
    const printed = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8');
    expect(printed).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
  });

  it('describes every type, field, argument and value', () => {
    expect(types.length).toBeGreaterThan(80);
    expect(types.flatMap(undescribed)).toEqual([]);
  });

  it('has the operations that clients were promised', () => {
    const named = (type: GraphQLObjectType | null | undefined) => Object.keys(type?.getFields() ?? {});
    expect(named(schema.getQueryType())).toEqual(
      expect.arrayContaining([
        'viewer',
        'node',
        'agents',
        'agent',
        'routePreview',
        'customers',
        'customer',
        'conversations',
        'conversation',
        'runs',
        'run',
        'knowledge',
        'usage',
        'exportCustomer',
        'escalations',
        'escalation',
      ]),
    );
    expect(named(schema.getMutationType())).toEqual(
      expect.arrayContaining([
        'startConversation',
        'postMessage',
        'resolveConversation',
        'reopenConversation',
        'rateConversation',
        'stopRun',
        'createCustomer',
        'updateCustomer',
        'addCustomerNote',
        'eraseCustomer',
        'setAgentEnabled',
        'raiseEscalation',
        'claimEscalation',
        'releaseEscalation',
        'resolveEscalation',
        'decideApproval',
      ]),
    );
    expect(named(schema.getSubscriptionType())).toEqual(expect.arrayContaining(['conversationEvents', 'runEvents', 'escalationEvents']));
  });

  it('keeps root fields nullable, so that one refusal empties one field', () => {
    const roots = [schema.getQueryType(), schema.getMutationType()].flatMap((type) => Object.values(type?.getFields() ?? {}));
    expect(roots.filter((field) => isNonNullType(field.type)).map((field) => field.name)).toEqual([]);
  });

  it('gives every verb one input and one payload of its own name', () => {
    for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      const verb = `${field.name[0]?.toUpperCase()}${field.name.slice(1)}`;
      expect(field.args.map((argument) => `${argument.name}: ${String(argument.type)}`)).toEqual([`input: ${verb}Input!`]);
      expect(String(field.type)).toBe(`${verb}Payload`);
    }
  });

  it('shapes every list of its own as a Relay connection', () => {
    const connections = objects.filter((type) => type.name.endsWith('Connection'));
    expect(connections.length).toBeGreaterThan(8);
    for (const connection of connections) {
      const name = connection.name.slice(0, -'Connection'.length);
      const fields = connection.getFields();
      expect(String(fields['pageInfo']?.type)).toBe('PageInfo!');
      expect(String(fields['edges']?.type)).toBe(`[${name}Edge!]!`);
      const edge = objectNamed(`${name}Edge`).getFields();
      expect([String(edge['node']?.type), String(edge['cursor']?.type)]).toEqual([`${name}!`, 'String!']);
    }
    const lists = objects.flatMap((type) => Object.values(type.getFields())).filter((field) => getNamedType(field.type).name.endsWith('Connection'));
    for (const field of lists) {
      const given = Object.fromEntries(field.args.map((argument) => [argument.name, String(argument.type)]));
      expect(given).toMatchObject({ first: 'Int', last: 'Int', after: 'String', before: 'String' });
    }
  });

  it('names every event of the log as an item of the subscriptions in which it is told', () => {
    const escalation = ['Raised', 'Queued', 'Claimed', 'Released', 'Resolved'].map((what) => `Escalation${what}`);
    const clocks = ['EscalationSlaWarning', 'EscalationSlaBreached'];
    const approvals = ['ApprovalRequested', 'ApprovalExpiring', 'ApprovalDecided'];
    const aside = ['ConversationChanged', 'PresenceChanged', 'TypingChanged', ...escalation, ...clocks];
    const events = ParleyEvent.options.map((option) => option.shape.type.value);
    const of = (name: string) => schema.getPossibleTypes(asInterface(name)).map((type) => type.name);
    expect(of('ConversationStreamItem').toSorted()).toEqual([...events.filter((type) => !clocks.includes(type)), 'StreamReady', 'StreamReset'].toSorted());
    expect(of('EscalationStreamItem').toSorted()).toEqual([...escalation, ...clocks, ...approvals, 'MessagePosted', 'StreamReady', 'StreamReset'].toSorted());
    expect(of('RunStreamItem').toSorted()).toEqual([...events.filter((type) => !aside.includes(type)), 'StreamReady', 'StreamReset'].toSorted());
  });

  it.each([
    ['ConversationStreamItem', 'conversationEvents(id: "conv")'],
    ['EscalationStreamItem', 'escalationEvents'],
  ])('lets one document select every field of every %s without an alias', (name, root) => {
    const fragments = schema.getPossibleTypes(asInterface(name)).map((type) => {
      const fields = Object.values(type.getFields()).map((field) => (isLeafType(getNamedType(field.type)) ? field.name : `${field.name} { __typename }`));
      return `... on ${type.name} { ${fields.join(' ')} }`;
    });
    const document = parse(`subscription { ${root} { ${fragments.join('\n')} } }`);
    expect(validate(schema, document, specifiedRules).map(({ message }) => message)).toEqual([]);
  });

  it('answers every example of GraphiQL', () => {
    for (const { query } of EXAMPLES) expect(validate(schema, parse(query)).map(({ message }) => message)).toEqual([]);
  });

  it('has no agent that is named like a workflow or like the ids of rows', async () => {
    const files = await readdir(new URL('../agents', import.meta.url), { recursive: true });
    const ids = files.filter((file) => file.endsWith('.md') && !basename(file).startsWith('_')).map((file) => basename(file, '.md'));
    expect(ids.length).toBeGreaterThanOrEqual(10);
    expect(ids.filter((id) => WORKFLOWS.includes(id))).toEqual([]);
    expect(ids.filter((id) => ID_PREFIXES.some((prefix) => id.startsWith(`${prefix}_`) && id.length === prefix.length + 27))).toEqual([]);
  });
});

function asInterface(name: string) {
  const type = schema.getType(name);
  if (!isInterfaceType(type)) throw new Error(`${name} is no interface`);
  return type;
}
