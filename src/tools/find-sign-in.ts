/**
 * `find_sign_in`: how the people of this account sign in and what keeps them out. Shows only this customer's contacts, e-mail
 * addresses masked; unlocks nobody and resets nothing.
 */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Contact, SignInMethod } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { isAboutSignIn } from './topics.ts';
import { maskEmail, paragraphs, sentences, writeBullets, writeCount, writeDate, writeTime } from './words.ts';

const CONTACTS_MAX = 100;
const SHOWN_MAX = 5;

const Input = z.strictObject({
  email: z.string().trim().min(3).max(254).optional().describe('Only the person with this e-mail address; everybody of the account when left out.'),
});
type Input = z.infer<typeof Input>;

const METHODS: Readonly<Record<SignInMethod, string>> = { password: 'a password', google: 'Google', sso: 'single sign-on' };

export function findSignIn(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'find_sign_in',
    description:
      "Looks up the sign-in state of the people on the customer's account: method (password, Google, SSO), locked until when, failed tries, two-factor, last sign-in. Use it for trouble with signing in, locked accounts, passwords or two-factor.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    redact: ['email'],
    infer: ({ text }) => (isAboutSignIn(text) ? inferInput(text) : null),
    async run({ email }, _grant, { customerId, now }) {
      const [policy, contacts] = await Promise.all([
        readPolicy(database),
        database.contact.findMany({ where: { customerId }, orderBy: [{ primary: 'desc' }, { createdAt: 'asc' }, { id: 'asc' }], take: CONTACTS_MAX }),
      ]);
      const people = contacts
        .filter((contact) => email === undefined || contact.email.toLowerCase() === email.toLowerCase())
        .map((contact) => stateOf(contact, policy, now));
      const facts = {
        lockMinutes: policy.signIn.lockMinutes,
        failuresMax: policy.signIn.failuresMax,
        resetLinkMinutes: policy.signIn.resetLinkMinutes,
        people: people.map(factsOf),
      };
      const [only] = people;
      if (!only)
        return {
          summary:
            email === undefined
              ? 'There are no people registered on your account yet.'
              : 'Nobody with that e-mail address is registered on your account; please check the spelling, or ask an admin of your account to invite it.',
          facts,
        };
      return { summary: people.length === 1 ? onePerson(only, policy) : manyPeople(people, policy), facts };
    },
  });
}

function inferInput(text: string): Input {
  const email = /[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,180}\.[a-z]{2,24}/i.exec(text)?.[0];
  return email ? { email } : {};
}

interface SignInState {
  readonly name: string;
  readonly email: string;
  readonly method: SignInMethod;
  readonly twoFactor: boolean;
  readonly failedSignIns: number;
  /** Null when not locked now. */
  readonly lockedUntil: Date | null;
  readonly lastSignInAt: Date | null;
}

function stateOf(contact: Contact, { signIn }: Policy, now: Date): SignInState {
  const until = contact.lockedAt === null ? null : new Date(contact.lockedAt.getTime() + signIn.lockMinutes * 60_000);
  return {
    name: contact.name,
    email: maskEmail(contact.email),
    method: contact.signInMethod,
    twoFactor: contact.twoFactor,
    failedSignIns: contact.failedSignIns,
    lockedUntil: until !== null && until > now ? until : null,
    lastSignInAt: contact.lastSignInAt,
  };
}

function onePerson(person: SignInState, policy: Policy): string {
  return sentences(
    person.lockedUntil ? locked(person, person.lockedUntil) : `${person.name} (${person.email}) is not locked out.`,
    `${person.name} signs in with ${METHODS[person.method]}${person.twoFactor ? ' and two-factor' : ', without two-factor'}.`,
    person.lastSignInAt && `The last sign-in was on ${writeDate(person.lastSignInAt)}.`,
    advice(person, policy),
  );
}

function manyPeople(people: readonly SignInState[], policy: Policy): string {
  const out = people.filter((person) => person.lockedUntil !== null);
  const struggling = people.filter((person) => person.lockedUntil === null && person.failedSignIns > 0);
  if (out.length + struggling.length === 0) {
    return sentences(
      `None of the ${writeCount(people.length, 'person', 'people')} on your account is locked out, and none has failed tries.`,
      methodsOf(people),
    );
  }
  const lines = [
    ...out.flatMap((person) => (person.lockedUntil ? [locked(person, person.lockedUntil)] : [])),
    ...struggling.map(
      (person) =>
        `${person.name} (${person.email}) is not locked out, but has ${writeCount(person.failedSignIns, 'failed try', 'failed tries')}; ${policy.signIn.failuresMax} lock the account.`,
    ),
  ];
  const rest = lines.length - SHOWN_MAX;
  return paragraphs(
    writeBullets(lines.slice(0, SHOWN_MAX)),
    sentences(
      rest > 0 && `${writeCount(rest, 'more person has', 'more people have')} trouble signing in.`,
      out.length > 0
        ? `A lock opens by itself after ${policy.signIn.lockMinutes} minutes. Nobody else on your account is locked out.`
        : 'Nobody on your account is locked out.',
    ),
  );
}

function locked(person: SignInState, until: Date): string {
  return `${person.name} (${person.email}) is locked out after ${writeCount(person.failedSignIns, 'failed try', 'failed tries')}, until ${writeTime(until)} on ${writeDate(until)}.`;
}

function advice(person: SignInState, { signIn }: Policy): string {
  if (person.method === 'google') return 'There is no Loomwork password to reset: use "Continue with Google".';
  if (person.method === 'sso') return "There is no Loomwork password to reset: use your company's single sign-on.";
  if (person.lockedUntil) return 'The lock opens by itself at that time; more tries before it do not help.';
  return `A reset link sent by e-mail is valid for ${signIn.resetLinkMinutes} minutes.`;
}

function methodsOf(people: readonly SignInState[]): string {
  const counts = (['password', 'google', 'sso'] as const).flatMap((method) => {
    const count = people.filter((person) => person.method === method).length;
    return count === 0 ? [] : [`${count} with ${METHODS[method]}`];
  });
  const twoFactor = people.filter((person) => person.twoFactor).length;
  return `They sign in as follows: ${counts.join(', ')}; ${twoFactor === 0 ? 'nobody uses' : twoFactor === 1 ? '1 uses' : `${twoFactor} use`} two-factor.`;
}

function factsOf(person: SignInState): unknown {
  return { ...person, lockedUntil: person.lockedUntil?.toISOString() ?? null, lastSignInAt: person.lastSignInAt?.toISOString() ?? null };
}
