/**
 * Getting people back in and strangers out: a reset link to the address on file, a lock ended by its rule, sessions ended. Never sees
 * a password, and sends nothing to an address that was not on file before.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import type { Contact, SignInSession } from '../store/generated/prisma/client.ts';
import { DAY_MS } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { actOnce, countSince, refused, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { orAsk } from './beyond-grant.ts';
import { asksForAll, assertAsked, type Asked } from './asked-for.ts';
import { enqueueOutgoing } from './outbox.ts';
import { peopleNamed, personMeant } from './person-meant.ts';
import { foldWords } from './word-pattern.ts';

/** The order to the product names what was ended. */
const Ended = z.object({ sessionIds: z.array(z.string()) });

export interface PerDayGrant {
  readonly per_day_max: number;
}

/** Whose sessions end: one person's, those from one country, or everybody's. */
export interface SessionsMeant {
  readonly person?: string | undefined;
  /** Two letters; the customer's own country is never meant by "abroad". */
  readonly country?: string | undefined;
}

export interface SignInDesk {
  /** To the person's address on file. Without a person: whoever is in trouble if that is one, else the primary contact. */
  sendReset(call: AgentCall, person: string | undefined, grant: PerDayGrant): Promise<Contact>;
  /** @throws AppError CONFLICT for somebody who is neither locked nor has failed tries. */
  unlock(call: AgentCall, person: string | undefined, grant: PerDayGrant): Promise<Contact>;
  /** The sessions this call ended, none when none was open. */
  endSessions(call: AgentCall, meant: SessionsMeant): Promise<readonly SignInSession[]>;
}

export function createSignInDesk(deps: AgentActDeps): SignInDesk {
  const { database } = deps;
  const contactOf = (id: string) => database.contact.findUniqueOrThrow({ where: { id } });

  return Object.freeze<SignInDesk>({
    async sendReset(call, person, grant) {
      const { signIn } = await readPolicy(database);
      const ask = { title: 'Reset links: more than a day allows', description: 'Somebody asks for another link to set a new password.' };
      const reset = () =>
        actOnce(deps, call, 'sign_in.reset', async (scope) => {
          await assertAsked(scope.tx, call, 'reset_password');
          const contact = choose(await contactsOf(scope), person, call);
          if (contact.signInMethod !== 'password')
            throw refused(
              `This person signs in with ${contact.signInMethod === 'google' ? 'Google' : 'single sign-on'}; there is no Loomwork password to reset.`,
            );
          await assertToday(scope, 'sign_in.reset', contact, grant);
          const validUntil = new Date(scope.now.getTime() + signIn.resetLinkMinutes * 60_000).toISOString();
          await mail(scope, call, 'password_reset', contact, { contactId: contact.id, validUntil });
          return { subjectId: contact.id, subjectKind: 'contact', changes: { fields: [] } };
        });
      return contactOf(await orAsk(deps, call, ask, reset));
    },

    async unlock(call, person, grant) {
      const policy = await readPolicy(database);
      const ask = { title: 'Locked out again', description: 'Somebody was unlocked today and is locked out once more.' };
      const unlock = () =>
        actOnce(deps, call, 'sign_in.unlock', async (scope) => {
          await assertAsked(scope.tx, call, 'unlock');
          const contact = chooseLocked(await contactsOf(scope), person, call);
          if (!isLocked(contact, policy, scope.now) && contact.failedSignIns === 0) throw refused('This person is not locked out, so there is no lock to end.');
          await assertToday(scope, 'sign_in.unlock', contact, grant);
          await scope.tx.contact.update({ where: { id: contact.id }, data: { lockedAt: null, failedSignIns: 0 } });
          const { customerId, conversationId } = call;
          await enqueueOutgoing(scope.tx, { kind: 'product', customerId, conversationId, subject: 'unlock', payload: { contactId: contact.id } }, scope.now);
          // Whoever owns the address learns of it: an unlock they did not ask for is a warning.
          await mail(scope, call, 'account_unlocked', contact, { contactId: contact.id });
          return { subjectId: contact.id, subjectKind: 'contact', changes: { fields: ['lockedAt', 'failedSignIns'] } };
        });
      return contactOf(await orAsk(deps, call, ask, unlock));
    },

    async endSessions(call, { person, country }) {
      const id = await actOnce(deps, call, 'sessions.end', async (scope) => {
        const asked = await assertAsked(scope.tx, call, 'end_sessions');
        const contacts = await contactsOf(scope);
        const contact = person === undefined ? null : personMeant(contacts, person, call);
        const all = await scope.tx.signInSession.findMany({ where: { customerId: call.customerId, endedAt: null } });
        assertMeant(asked, all, scope.customer.country, { country, named: peopleNamed(contacts, call), person: contact });
        const open = all.filter((one) => (!contact || one.contactId === contact.id) && (!country || one.country === country));
        if (open.length === 0) throw refused('There is no such open session.');
        await scope.tx.signInSession.updateMany({ where: { id: { in: open.map((one) => one.id) } }, data: { endedAt: scope.now } });
        const { customerId, conversationId } = call;
        const sessionIds = open.map((one) => one.id);
        const order = await enqueueOutgoing(
          scope.tx,
          { kind: 'product', customerId, conversationId, subject: 'end_sessions', payload: { sessionIds } },
          scope.now,
        );
        return { subjectId: order.id, subjectKind: 'outbox_message', changes: { fields: ['endedAt'], sessions: open.length } };
      });
      const order = await database.outboxMessage.findUniqueOrThrow({ where: { id } });
      const { sessionIds } = Ended.parse(order.payload);
      return database.signInSession.findMany({
        where: { customerId: call.customerId, id: { in: sessionIds } },
        orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }],
      });
    },
  });
}

/** True while the lock of too many failed tries is in force. */
export function isLocked(contact: Pick<Contact, 'lockedAt'>, { signIn }: Pick<Policy, 'signIn'>, now: Date): boolean {
  return contact.lockedAt !== null && contact.lockedAt.getTime() + signIn.lockMinutes * 60_000 > now.getTime();
}

function contactsOf({ tx, customer }: ActScope): Promise<Contact[]> {
  return tx.contact.findMany({ where: { customerId: customer.id }, orderBy: [{ primary: 'desc' }, { createdAt: 'asc' }, { id: 'asc' }] });
}

function choose(contacts: readonly Contact[], person: string | undefined, call: AgentCall): Contact {
  if (person !== undefined) return personMeant(contacts, person, call);
  const named = peopleNamed(contacts, call);
  if (named.length > 1) throw refused('Several people are named. Ask who is meant.');
  if (named[0]) return named[0];
  const stuck = contacts.filter((one) => one.lockedAt !== null || one.failedSignIns > 0);
  const [only] = stuck.length === 1 ? stuck : contacts;
  if (!only) throw refused('There is nobody registered on this account.');
  return only;
}

function chooseLocked(contacts: readonly Contact[], person: string | undefined, call: AgentCall): Contact {
  if (person !== undefined) return personMeant(contacts, person, call);
  const named = peopleNamed(contacts, call);
  const [only, ...others] = named.length > 0 ? named : contacts.filter((one) => one.lockedAt !== null || one.failedSignIns > 0);
  if (!only) throw refused('Nobody on this account is locked out.');
  if (others.length > 0) throw refused('Several people have trouble signing in. Ask who is meant.');
  return only;
}

interface SessionScope {
  readonly country: string | undefined;
  /** Whom the customer named, and whose sessions alone would end. */
  readonly named: readonly Contact[];
  readonly person: Contact | null;
}

/** Nobody else's, no other country's, of no device that is not there, and everybody's only in words for all of them. */
function assertMeant(asked: Asked, open: readonly SignInSession[], home: string, { country, named, person }: SessionScope): void {
  const device = DEVICES.find((word) => asked.said.includes(word));
  const there = (one: SignInSession): boolean => device === undefined || foldWords(`${one.device} ${one.browser}`).includes(device);
  if (open.length > 0 && !open.some(there)) throw refused(`No device of this kind (${device}) is signed in on this account, so nothing was done.`);
  if (country !== undefined && !namesCountry(asked.said, country) && (country === home || !ABROAD.test(asked.said)))
    throw refused('The customer has not named this country. Ask which sessions are meant.');
  if (person !== null || country !== undefined) return;
  if (named.length > 0) throw refused('The customer named a person, and this would sign out everybody. Name the person whose sessions end.');
  if (open.length > 1 && (!asksForAll(asked) || device !== undefined))
    throw refused('The customer has not asked for all sessions to end. Ask whose, or whether all of them are meant.');
}

const DEVICES = [
  'iphone',
  'ipad',
  'android',
  'pixel',
  'galaxy',
  'macbook',
  'chromebook',
  'thinkpad',
  'linux',
  'windows',
  'firefox',
  'safari',
  'chrome',
  'edge',
];
const ABROAD =
  /(?<!\p{L})(?:abroad|foreign|overseas|other countr\p{L}*|another country|unknown|strange|suspicious|not (?:mine|ours|me)|ausland|fremd\p{L}*|extranjer\p{L}*|étranger|estrangeir\p{L}*)(?!\p{L})/u;

/** The country's name in one of the languages customers write in, or its first letters as in "Romanian". */
function namesCountry(said: string, country: string): boolean {
  const names = ['en', 'de', 'es', 'fr', 'pt'].map((language) => foldWords(new Intl.DisplayNames([language], { type: 'region' }).of(country) ?? country));
  return (
    names.some((name) => said.includes(name.length > 6 ? name.slice(0, 5) : name)) || new RegExp(`(?<![a-z])(?:${country.toLowerCase()})(?![a-z])`).test(said)
  );
}

async function assertToday(scope: ActScope, action: string, contact: Contact, { per_day_max: most }: PerDayGrant): Promise<void> {
  const done = await countSince(scope, action, contact.id, new Date(scope.now.getTime() - DAY_MS));
  if (done >= most)
    throw new AppError('FORBIDDEN', `This was done for the person as often as it may be in one day (${most}). A person of our team has to look at it.`);
}

async function mail(
  { tx, now }: ActScope,
  { customerId, conversationId }: AgentCall,
  subject: string,
  to: Contact,
  payload: { readonly [key: string]: string },
): Promise<void> {
  await enqueueOutgoing(tx, { kind: 'email', customerId, conversationId, subject, recipient: to.email, payload }, now);
}
