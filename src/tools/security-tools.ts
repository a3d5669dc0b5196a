/** `find_security` and `set_security`: how safe the workspace is set up, what would make it safer by rule, and the stricter settings themselves. */
import { z } from 'zod';
import { SECURITY_FIELDS, type SecurityDesk } from '../desk/security-setting.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Contact, SignInSession, WorkspaceSetting } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { isAboutSecurity } from './topics-account.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeList, writeNumber } from './words.ts';

const Change = z.strictObject({
  twoFactorRequired: z.boolean().optional().describe('True: everybody must use a second factor.'),
  sessionTimeoutMinutes: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Minutes without use after which a session ends, as the customer named them.'),
  passwordLengthMin: z.number().int().min(1).max(1_000).optional().describe('Fewest characters of a password, as the customer named them.'),
  allowAddresses: z
    .array(z.string().trim().min(3).max(64))
    .max(20)
    .optional()
    .describe('IP addresses or networks to add to the allow-list, as the customer wrote them.'),
});
const Grant = z.strictObject({ fields: z.array(z.enum(SECURITY_FIELDS)).min(1) });

export function findSecurity(database: Database): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'find_security',
    description:
      "Looks up the security of the customer's workspace: two-factor, session timeout, password length, allow-list, single sign-on, signed-in devices abroad, failed tries, and advice by rule. Use it for security questions and after a suspected break-in.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutSecurity(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const [policy, customer, settings, contacts, sessions] = await Promise.all([
        readPolicy(database),
        database.customer.findUniqueOrThrow({ where: { id: customerId }, select: { country: true, plan: true } }),
        database.workspaceSetting.findUnique({ where: { customerId } }),
        database.contact.findMany({ where: { customerId }, orderBy: [{ primary: 'desc' }, { createdAt: 'asc' }] }),
        database.signInSession.findMany({ where: { customerId, endedAt: null }, include: { contact: true }, orderBy: { lastSeenAt: 'desc' } }),
      ]);
      const set = settings ?? { ...FIRST, passwordLengthMin: policy.security.passwordLengthMin };
      const abroad = sessions.filter((session) => session.country !== customer.country);
      const advice = adviceFor(set, contacts, abroad, policy.security.certificateWarnDays, now);
      return {
        summary: paragraphs(
          writeBullets(stateOf(set, contacts, sessions.length, abroad)),
          advice.length > 0 ? sentences('What would make it safer:', ...advice) : 'By our rules there is nothing to improve.',
        ),
        facts: {
          ...set,
          ssoCertificateUntil: set.ssoCertificateUntil?.toISOString() ?? null,
          withoutTwoFactor: without(contacts).map((contact) => contact.name),
          sessionsOpen: sessions.length,
          sessionsAbroad: abroad.map((session) => ({
            person: session.contact.name,
            device: session.device,
            country: session.country,
            lastSeenAt: session.lastSeenAt.toISOString(),
          })),
          bounds: policy.security,
          advice,
        },
      };
    },
  });
}

export function setSecurity(security: SecurityDesk): AnyTool {
  return defineTool<z.infer<typeof Change>, z.infer<typeof Grant>>({
    name: 'set_security',
    description:
      'Makes the security settings of the workspace stricter: requires two-factor, shortens the session timeout, lengthens passwords, adds addresses to the allow-list. Use it when the customer named the setting and its value. It never loosens anything.',
    input: Change,
    grant: Grant,
    effect: 'write',
    infer: () => null,
    async run(input, grant, context) {
      const set = await security.set(context, input, grant);
      return {
        summary: sentences(
          input.twoFactorRequired === true && 'Two-factor is required for everybody now; whoever has none is asked to set it up at the next sign-in.',
          input.sessionTimeoutMinutes !== undefined && `A session ends after ${writeMinutes(set.sessionTimeoutMinutes)} without use now.`,
          input.passwordLengthMin !== undefined && `New passwords need at least ${set.passwordLengthMin} characters now.`,
          input.allowAddresses !== undefined &&
            `The allow-list has ${writeCount(set.ipAllowList.length, 'entry', 'entries')} now: ${writeList(set.ipAllowList)}.`,
        ),
        facts: {
          twoFactorRequired: set.twoFactorRequired,
          sessionTimeoutMinutes: set.sessionTimeoutMinutes,
          passwordLengthMin: set.passwordLengthMin,
          ipAllowList: set.ipAllowList,
        },
      };
    },
  });
}

/** "30 days", "8 hours", "45 minutes". */
export function writeMinutes(minutes: number): string {
  if (minutes % 1_440 === 0) return writeCount(minutes / 1_440, 'day');
  return minutes % 60 === 0 ? writeCount(minutes / 60, 'hour') : writeCount(minutes, 'minute');
}

/** A password this long resists guessing; shorter ones get the advice. */
const LONG_ENOUGH = 14;

type Settings = Pick<
  WorkspaceSetting,
  'twoFactorRequired' | 'sessionTimeoutMinutes' | 'passwordLengthMin' | 'ipAllowList' | 'ssoProvider' | 'ssoEnforced' | 'ssoCertificateUntil'
>;

/** What holds in a workspace where nobody has changed anything; the shortest password is the policy's. */
const FIRST: Omit<Settings, 'passwordLengthMin'> = {
  twoFactorRequired: false,
  sessionTimeoutMinutes: 43_200,
  ipAllowList: [],
  ssoProvider: null,
  ssoEnforced: false,
  ssoCertificateUntil: null,
};

type Abroad = SignInSession & { readonly contact: Contact };

function stateOf(set: Settings, contacts: readonly Contact[], open: number, abroad: readonly Abroad[]): string[] {
  const [first] = abroad;
  return [
    `Two-factor: ${set.twoFactorRequired ? 'required for everybody' : 'not required'}; ${writeCount(contacts.filter((contact) => contact.twoFactor).length, 'of your contacts uses it', 'of your contacts use it')}`,
    `Sessions end after ${writeMinutes(set.sessionTimeoutMinutes)} without use`,
    `Passwords have at least ${writeNumber(set.passwordLengthMin)} characters`,
    set.ipAllowList.length === 0 ? 'There is no IP allow-list' : `IP allow-list: ${writeList(set.ipAllowList)}`,
    ...(set.ssoProvider ? [`Single sign-on with ${set.ssoProvider}, ${set.ssoEnforced ? 'required' : 'not required'}`] : []),
    `${writeCount(open, 'signed-in device')}${first ? `, ${abroad.length} of them abroad: ${writeList(abroad.slice(0, 3).map((session) => `${session.contact.name} on ${session.device} (${session.country})`))}` : ', none of them abroad'}`,
  ];
}

/** In the order of urgency. */
function adviceFor(set: Settings, contacts: readonly Contact[], abroad: readonly Abroad[], warnDays: number, now: Date): string[] {
  const bare = without(contacts);
  const tried = contacts.filter((contact) => contact.failedSignIns > 0);
  const ends = set.ssoCertificateUntil;
  return [
    ...(abroad.length > 0
      ? [
          `Check whether the ${abroad.length === 1 ? 'device' : 'devices'} abroad ${abroad.length === 1 ? 'is' : 'are'} yours; if not, end the sessions and change the password.`,
        ]
      : []),
    ...(tried.length > 0 ? [`Ask ${writeList(tried.map((contact) => contact.name))} whether the failed tries to sign in were their own.`] : []),
    ...(!set.twoFactorRequired && !set.ssoEnforced
      ? [
          `Require two-factor for everybody${bare.length > 0 ? `; ${writeList(bare.slice(0, 4).map((contact) => contact.name))} ${bare.length === 1 ? 'has' : 'have'} none` : ''}.`,
        ]
      : []),
    ...(set.sessionTimeoutMinutes > 7 * 1_440 ? ['Shorten the session timeout, above all for shared computers.'] : []),
    ...(set.passwordLengthMin < LONG_ENOUGH ? ['Ask for longer passwords.'] : []),
    ...(ends && ends.getTime() - now.getTime() < warnDays * 86_400_000 ? ['Renew the certificate of single sign-on, which ends soon.'] : []),
  ];
}

/** People who sign in with a password alone. */
function without(contacts: readonly Contact[]): readonly Contact[] {
  return contacts.filter((contact) => contact.signInMethod === 'password' && !contact.twoFactor);
}
