/** `list_sessions` and `end_sessions`: the signed-in devices of the account's people, and signing them out. Names no IP address. */
import { z } from 'zod';
import type { SignInDesk } from '../desk/sign-in.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Contact, SignInSession } from '../store/generated/prisma/client.ts';
import { defineTool } from './define-tool.ts';
import { isAboutSessions } from './topics-account.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeDate, writeList } from './words.ts';

const SHOWN_MAX = 8;

const Find = z.strictObject({ person: z.string().trim().min(2).max(254).optional().describe('Only the person with this name or e-mail address.') });
const End = z.strictObject({
  person: z.string().trim().min(2).max(254).optional().describe('Only the sessions of this person, as the customer wrote the name or address.'),
  country: z
    .string()
    .trim()
    .toUpperCase()
    .regex(/^[A-Z]{2}$/, 'must be a two-letter country code')
    .optional()
    .describe('Only the sessions from this country.'),
});

type Session = SignInSession & { readonly contact: Contact };

export function listSessions(database: Database): AnyTool {
  return defineTool<z.infer<typeof Find>, Record<string, never>>({
    name: 'list_sessions',
    description:
      "Lists the signed-in devices of the people on the customer's account: device, browser, country, last use. Use it for unknown devices, suspicious sign-ins and being signed out.",
    input: Find,
    grant: z.strictObject({}),
    effect: 'read',
    redact: ['person'],
    infer: ({ text }) => (isAboutSessions(text) ? {} : null),
    async run({ person }, _grant, { customerId }) {
      const [customer, all] = await Promise.all([
        database.customer.findUniqueOrThrow({ where: { id: customerId }, select: { country: true } }),
        database.signInSession.findMany({
          where: { customerId, endedAt: null },
          include: { contact: true },
          orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }],
          take: 200,
        }),
      ]);
      const wanted = person?.toLowerCase();
      const found = all.filter(({ contact }) => wanted === undefined || [contact.email, contact.name].some((one) => one.toLowerCase() === wanted));
      const abroad = found.filter((session) => session.country !== customer.country);
      const facts = { sessions: found.map(factsOf), homeCountry: customer.country, abroad: abroad.length };
      if (found.length === 0)
        return { summary: person === undefined ? 'No device is signed in to your account.' : 'This person is not signed in on any device.', facts };
      const rest = found.length - SHOWN_MAX;
      return {
        summary: paragraphs(
          `${writeCount(found.length, 'device is', 'devices are')} signed in:`,
          writeBullets(
            [...abroad, ...found.filter((session) => !abroad.includes(session))].slice(0, SHOWN_MAX).map((session) => lineOf(session, customer.country)),
          ),
          sentences(
            rest > 0 && `${writeCount(rest, 'more device is', 'more devices are')} signed in.`,
            abroad.length > 0 &&
              `${abroad.length === 1 ? 'One of them is' : `${abroad.length} of them are`} in another country than your account; if nobody is travelling, end ${abroad.length === 1 ? 'it' : 'them'} and change the password.`,
          ),
        ),
        facts,
      };
    },
  });
}

export function endSessions(signIns: SignInDesk): AnyTool {
  return defineTool<z.infer<typeof End>, Record<string, never>>({
    name: 'end_sessions',
    description:
      "Signs devices out: one person's, those from one country, or all of the account when nothing is named. Use it when the customer wants devices signed out or a sign-in was not theirs.",
    input: End,
    grant: z.strictObject({}),
    effect: 'write',
    redact: ['person'],
    infer: () => null,
    async run(input, _grant, context) {
      const ended = await signIns.endSessions(context, input);
      return {
        summary: `${writeCount(ended.length, 'session is', 'sessions are')} ended: ${writeList([...new Set(ended.map((session) => `${session.device} (${session.country})`))])}. Whoever used ${ended.length === 1 ? 'it' : 'them'} has to sign in again.`,
        facts: { ended: ended.map((session) => ({ device: session.device, country: session.country })) },
      };
    },
  });
}

function lineOf(session: Session, home: string): string {
  return `${session.contact.name}: ${session.browser} on ${session.device}, ${session.country}${session.country === home ? '' : ' (abroad)'}, last used on ${writeDate(session.lastSeenAt)}`;
}

function factsOf({ contact, device, browser, country, createdAt, lastSeenAt }: Session): unknown {
  return { person: contact.name, device, browser, country, signedInAt: createdAt.toISOString(), lastSeenAt: lastSeenAt.toISOString() };
}
