/**
 * The fields that hold personal data, and how each is shown to whoever may not see it. The list is the one place: the fields
 * themselves know nothing of it, and a test fails for a field of text that is neither here nor known to hold none.
 */
import { isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { maskAddress, maskName, maskPhone, maskText, maskValue, seesPersonalData } from '../desk/personal-data.ts';
import type { Viewer } from '../store/viewer.ts';
import type { Context } from './builder.ts';

type Kind =
  | 'address'
  /** Of a person. */
  | 'name'
  /** Of a customer, an organisation: it stays, unless it is made of its address. */
  | 'customer name'
  | 'phone'
  | 'card'
  /** Words in which addresses and numbers may stand; also lists of them, and values that contain some. */
  | 'words'
  /** Words of a conversation. They go through the front end of the customer's partner, who therefore reads them whole. */
  | 'said';

export const PERSONAL_FIELDS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  AgentChosen: { reason: 'words' },
  Approval: { arguments: 'words', summary: 'words' },
  ApprovalDecision: { note: 'words' },
  ArticleSuggestion: { draft: 'words', questions: 'words', reason: 'words', title: 'words' },
  Contact: { email: 'address', name: 'name', phone: 'phone' },
  Conversation: { ratingComment: 'said', subject: 'said' },
  Credit: { reason: 'words' },
  Customer: { email: 'address', name: 'customer name' },
  CustomerNote: { text: 'words' },
  Escalation: { reason: 'words', snapshot: 'words', summary: 'words' },
  EscalationDecided: { reason: 'words' },
  HandedOver: { reason: 'words' },
  Job: { result: 'said' },
  Message: { text: 'said' },
  Participant: { name: 'words' },
  Payment: { cardLast4: 'card', failureReason: 'words' },
  RouteCorrection: { note: 'words', text: 'said' },
  Run: { result: 'said' },
  RunStep: { output: 'words' },
  Schedule: { input: 'words' },
  StepFinished: { output: 'words' },
  TextDelta: { text: 'said' },
  TextSnapshot: { text: 'said' },
  ToolCalled: { arguments: 'words' },
  ToolReturned: { summary: 'words' },
};

/** The same schema, with these fields masked for whoever may not see what they hold. @throws Error for a field there is not. */
export function withPersonalDataMasked(schema: GraphQLSchema): GraphQLSchema {
  for (const [typeName, fields] of Object.entries(PERSONAL_FIELDS)) {
    const type = schema.getType(typeName);
    for (const [name, kind] of Object.entries(fields)) {
      const field = isObjectType(type) ? type.getFields()[name] : undefined;
      if (!field) throw new Error(`${typeName}.${name} holds personal data, and is not in the schema`);
      field.resolve = masked(field.resolve ?? ((parent) => readProperty(parent, name)), kind);
    }
  }
  return schema;
}

function masked(resolve: GraphQLFieldResolver<unknown, Context>, kind: Kind): GraphQLFieldResolver<unknown, Context> {
  return (parent, args, context, info) => {
    const value: unknown = resolve(parent, args, context, info);
    if (!context.viewer || shows(kind, context.viewer)) return value;
    return value instanceof Promise ? value.then((resolved: unknown) => mask(resolved, kind, parent)) : mask(value, kind, parent);
  };
}

function shows(kind: Kind, viewer: Viewer): boolean {
  return seesPersonalData(viewer) || (kind === 'said' && viewer.kind === 'partner');
}

function mask(value: unknown, kind: Kind, parent: unknown): unknown {
  if (typeof value !== 'string') return maskValue(value);
  switch (kind) {
    case 'address':
      return maskAddress(value);
    case 'name':
      return maskName(value);
    case 'customer name':
      return isLocalPart(value, parent) ? maskName(value) : maskText(value);
    case 'phone':
      return maskPhone(value);
    case 'card':
      return '****';
    case 'words':
    case 'said':
      return maskText(value);
  }
}

function readProperty(parent: unknown, name: string): unknown {
  return typeof parent === 'object' && parent !== null ? (parent as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** A customer who is known by an address alone is named after what stands before its @. */
function isLocalPart(name: string, parent: unknown): boolean {
  const email = typeof parent === 'object' && parent !== null && 'email' in parent ? parent.email : null;
  return typeof email === 'string' && email.toLowerCase().startsWith(`${name.toLowerCase()}@`);
}
