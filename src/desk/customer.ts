/** Customers as the desk keeps them: created, corrected, and annotated. Plans and money are other verbs. */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Customer, CustomerNote, Prisma } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { customersVisibleTo, requireOperator } from './access.ts';
import { auditEntry } from './audit.ts';
import { findFirstAnswer, isUniqueViolation, recordFirstAnswer } from './idempotency.ts';

export interface CustomerFields {
  readonly email?: string | null;
  readonly name?: string | null;
  readonly company?: string | null;
  readonly industry?: string | null;
  readonly country?: string | null;
  readonly timezone?: string | null;
  readonly language?: string | null;
}

export interface CustomerDesk {
  create(
    viewer: Viewer,
    input: CustomerFields & { readonly email: string; readonly name: string; readonly idempotencyKey?: string | null },
  ): Promise<{ customer: Customer }>;
  update(viewer: Viewer, input: CustomerFields & { readonly customerId: string }): Promise<{ customer: Customer }>;
  addNote(
    viewer: Viewer,
    input: { readonly customerId: string; readonly text: string; readonly kind?: Prisma.CustomerNoteCreateInput['kind'] | null },
  ): Promise<{ customer: Customer; note: CustomerNote }>;
  /** For tools: an agent leaves a note on the customer it serves. Once per `callId`. */
  addAgentNote(input: {
    readonly customerId: string;
    readonly text: string;
    readonly kind: NonNullable<Prisma.CustomerNoteCreateInput['kind']>;
    readonly agentId: string;
    readonly callId: string;
  }): Promise<CustomerNote>;
}

export interface CustomerDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
}

const NOTE_CHARS_MAX = 5_000;
const FIELD_CHARS_MAX = 200;

export function createCustomerDesk({ database, clock }: CustomerDeskDeps): CustomerDesk {
  async function visible(viewer: Viewer, customerId: string): Promise<Customer> {
    const found = await database.customer.findFirst({ where: { AND: [{ id: customerId }, customersVisibleTo(viewer)] } });
    if (!found) throw notFound('customer');
    return found;
  }

  return Object.freeze<CustomerDesk>({
    async create(viewer, { idempotencyKey, ...fields }) {
      const operator = requireOperator(viewer, 'write:customers');
      const data = checkFields(fields);
      const call = idempotencyKey ? { scope: viewerKey(viewer), verb: 'createCustomer', key: idempotencyKey, body: fields } : null;
      const before = call && (await findFirstAnswer(database, call));
      if (before) return { customer: await visible(viewer, before) };
      const now = clock.now();
      const id = newId('cus');
      try {
        const customer = await database.$transaction(async (tx) => {
          const row = await tx.customer.create({
            data: {
              ...data,
              id,
              email: data.email ?? '',
              name: data.name ?? '',
              partnerId: operator.kind === 'partner' ? operator.partnerId : null,
              createdAt: now,
            },
          });
          if (call) await recordFirstAnswer(tx, call, id, now);
          await tx.auditEntry.create({ data: auditEntry(viewer, 'customer.create', 'customer', id, { fields: Object.keys(data) }, now) });
          return row;
        });
        return { customer };
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        const winner = call && (await findFirstAnswer(database, call));
        if (winner) return { customer: await visible(viewer, winner) };
        throw new AppError('CONFLICT', 'A customer with this e-mail address exists already.', { field: 'input.email', cause: error });
      }
    },

    async update(viewer, { customerId, ...fields }) {
      requireOperator(viewer, 'write:customers');
      await visible(viewer, customerId);
      const data = checkFields(fields);
      const now = clock.now();
      try {
        const [customer] = await database.$transaction([
          database.customer.update({ where: { id: customerId }, data }),
          database.auditEntry.create({ data: auditEntry(viewer, 'customer.update', 'customer', customerId, { fields: Object.keys(data) }, now) }),
        ]);
        return { customer };
      } catch (error) {
        if (isUniqueViolation(error))
          throw new AppError('CONFLICT', 'A customer with this e-mail address exists already.', { field: 'input.email', cause: error });
        throw error;
      }
    },

    async addNote(viewer, { customerId, text, kind }) {
      requireOperator(viewer, 'write:conversations');
      const customer = await visible(viewer, customerId);
      const note = await database.customerNote.create({
        data: {
          id: newId('note'),
          customerId,
          kind: kind ?? 'general',
          text: checkNote(text),
          authorKind: viewer.kind === 'staff' ? 'user' : 'partner',
          authorId: viewerKey(viewer),
          createdAt: clock.now(),
        },
      });
      return { customer, note };
    },

    async addAgentNote({ customerId, text, kind, agentId, callId }) {
      const note = checkNote(text);
      // Without the words: another attempt of the run may put the same note differently.
      const call = { scope: `customer:${customerId}`, verb: 'addAgentNote', key: callId, body: {} };
      const before = await findFirstAnswer(database, call);
      if (before) return database.customerNote.findUniqueOrThrow({ where: { id: before } });
      const id = newId('note');
      const createdAt = clock.now();
      try {
        return await database.$transaction(async (tx) => {
          await recordFirstAnswer(tx, call, id, createdAt);
          return tx.customerNote.create({ data: { id, customerId, kind, text: note, authorKind: 'agent', authorId: agentId, createdAt } });
        });
      } catch (error) {
        const winner = isUniqueViolation(error) ? await findFirstAnswer(database, call) : null;
        if (winner) return database.customerNote.findUniqueOrThrow({ where: { id: winner } });
        throw error;
      }
    },
  });
}

type CheckedFields = Pick<Prisma.CustomerUncheckedUpdateInput, never> & {
  email?: string;
  name?: string;
  company?: string | null;
  industry?: string | null;
  country?: string;
  timezone?: string;
  language?: string;
};

/** Only what was given, trimmed and checked. A required field set to null is refused. */
export function checkFields(fields: CustomerFields): CheckedFields {
  const checked: CheckedFields = {};
  for (const [name, value] of Object.entries(fields) as [keyof CustomerFields, string | null | undefined][]) {
    if (value === undefined) continue;
    if (name === 'company' || name === 'industry') {
      checked[name] = value === null ? null : checkField(name, value);
    } else if (value === null) {
      throw badInput(`input.${name}`, 'must not be null.');
    } else {
      checked[name] = name === 'email' ? checkEmail(value) : checkField(name, value);
    }
  }
  return checked;
}

function checkField(name: keyof CustomerFields, value: string): string {
  const text = value.trim();
  if (text === '' || text.length > FIELD_CHARS_MAX || text.includes('\u0000')) throw badInput(`input.${name}`, `must have 1 to ${FIELD_CHARS_MAX} characters.`);
  if (name === 'country' && !/^[A-Z]{2}$/.test(text)) throw badInput('input.country', 'must be a two-letter ISO 3166 code such as "DE".');
  if (name === 'language' && !/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(text)) throw badInput('input.language', 'must be a BCP 47 tag such as "en" or "pt-BR".');
  if (name === 'timezone' && !isTimeZone(text)) throw badInput('input.timezone', 'must be an IANA time zone such as "Europe/Berlin".');
  return text;
}

function checkEmail(value: string): string {
  const email = value.trim().toLowerCase();
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) || email.length > 254) throw badInput('input.email', 'is not an e-mail address.');
  return email;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    // RangeError is how Intl says no.
    return false;
  }
}

function checkNote(text: string): string {
  const note = text.trim();
  if (note === '' || note.length > NOTE_CHARS_MAX || note.includes('\u0000'))
    throw badInput('input.text', `must have 1 to ${NOTE_CHARS_MAX.toLocaleString('en-US')} characters.`);
  return note;
}
