/**
 * The workspace's security settings, made stricter on the customer's word and within bounds. Making them looser is left to the owner,
 * whose password the product asks for; single sign-on is set up there too.
 */
import { isIP } from 'node:net';
import { AppError, badInput } from '../foundation/errors.ts';
import type { WorkspaceSetting } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { actOnce, refused, refuseForPeople, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked, type Asked } from './asked-for.ts';
import { isNamed, ownWords } from './grounding.ts';
import { enqueueOutgoing } from './outbox.ts';
import { wordsOf } from './word-pattern.ts';

export const SECURITY_FIELDS = ['two_factor_required', 'session_timeout', 'password_length', 'ip_allow_list'] as const;
export type SecurityField = (typeof SECURITY_FIELDS)[number];

export interface SecurityChange {
  readonly twoFactorRequired?: boolean | undefined;
  readonly sessionTimeoutMinutes?: number | undefined;
  readonly passwordLengthMin?: number | undefined;
  /** Addresses or networks (CIDR) that are added to those that may sign in. */
  readonly allowAddresses?: readonly string[] | undefined;
}

export interface SecurityGrant {
  readonly fields: readonly SecurityField[];
}

export interface SecurityDesk {
  /** @throws AppError BAD_INPUT out of bounds or not in the customer's words; FORBIDDEN for what would make the workspace less safe. */
  set(call: AgentCall, change: SecurityChange, grant: SecurityGrant): Promise<WorkspaceSetting>;
}

export function createSecurityDesk(deps: AgentActDeps): SecurityDesk {
  const { database } = deps;
  return Object.freeze<SecurityDesk>({
    async set(call, change, grant) {
      const { security } = await readPolicy(database);
      const fields = fieldsOf(change);
      if (fields.length === 0) throw badInput('input', 'nothing to change was named.');
      const beyond = fields.find((field) => !grant.fields.includes(field));
      if (beyond)
        return refuseForPeople(
          deps,
          call,
          `Change a security setting: ${beyond}`,
          `The setting ${beyond.replaceAll('_', ' ')} is changed only by an owner of the workspace.`,
        );
      assertBounds(change, security);
      assertNamed(change, call);
      await actOnce(deps, call, 'security.set', async ({ tx, customer, now }) => {
        const asked = await assertAsked(tx, call, 'set_security');
        assertTwoFactor(asked, change);
        const { customerId, conversationId } = call;
        const before = await tx.workspaceSetting.upsert({
          where: { customerId },
          create: { customerId, ipAllowList: [], passwordLengthMin: security.passwordLengthMin },
          update: {},
        });
        if ((change.allowAddresses ?? []).length > 0 && !security.allowListPlans.includes(customer.plan))
          throw refused(`The ${customer.plan} plan has no IP allow-list; it comes with ${security.allowListPlans.join(' and ')}.`);
        assertStricter(before, change);
        const added = (change.allowAddresses ?? []).filter((address) => !before.ipAllowList.includes(address));
        if (before.ipAllowList.length + added.length > security.allowListMax) throw refused(`The allow-list holds at most ${security.allowListMax} entries.`);
        const data = {
          ...(change.twoFactorRequired === undefined ? {} : { twoFactorRequired: change.twoFactorRequired }),
          ...(change.sessionTimeoutMinutes === undefined ? {} : { sessionTimeoutMinutes: change.sessionTimeoutMinutes }),
          ...(change.passwordLengthMin === undefined ? {} : { passwordLengthMin: change.passwordLengthMin }),
          ...(added.length === 0 ? {} : { ipAllowList: [...before.ipAllowList, ...added] }),
        };
        await tx.workspaceSetting.update({ where: { customerId }, data });
        await enqueueOutgoing(tx, { kind: 'product', customerId, conversationId, subject: 'set_security', payload: data }, now);
        return { subjectId: customer.id, subjectKind: 'workspace_setting', changes: { fields: Object.keys(data) } };
      });
      return database.workspaceSetting.findUniqueOrThrow({ where: { customerId: call.customerId } });
    },
  });
}

function fieldsOf(change: SecurityChange): SecurityField[] {
  return [
    ...(change.twoFactorRequired === undefined ? [] : ['two_factor_required' as const]),
    ...(change.sessionTimeoutMinutes === undefined ? [] : ['session_timeout' as const]),
    ...(change.passwordLengthMin === undefined ? [] : ['password_length' as const]),
    ...(change.allowAddresses === undefined || change.allowAddresses.length === 0 ? [] : ['ip_allow_list' as const]),
  ];
}

function assertBounds(change: SecurityChange, security: Policy['security']): void {
  const { sessionTimeoutMinutes: minutes, passwordLengthMin: length } = change;
  if (minutes !== undefined && (minutes < security.timeoutMinutesMin || minutes > security.timeoutMinutesMax))
    throw badInput('input.sessionTimeoutMinutes', `must be from ${security.timeoutMinutesMin} to ${security.timeoutMinutesMax} minutes.`);
  if (length !== undefined && (length < security.passwordLengthMin || length > security.passwordLengthMax))
    throw badInput('input.passwordLengthMin', `must be from ${security.passwordLengthMin} to ${security.passwordLengthMax} characters.`);
  const wrong = change.allowAddresses?.find((address) => !isAddress(address));
  if (wrong !== undefined) throw badInput('input.allowAddresses', 'must be IP addresses or networks such as 203.0.113.0/24, and not the whole internet.');
}

/** Numbers and addresses must be the customer's own: a text they pasted or an article cannot set them. */
function assertNamed(change: SecurityChange, call: AgentCall): void {
  const missing = (field: string) => badInput(`input.${field}`, 'the customer has not named this value. Ask for it.');
  const { sessionTimeoutMinutes: minutes, passwordLengthMin: length } = change;
  if (minutes !== undefined && ![minutes, minutes / 60, minutes / 1_440].some((value) => isNumberNamed(value, call))) throw missing('sessionTimeoutMinutes');
  if (length !== undefined && !isNumberNamed(length, call)) throw missing('passwordLengthMin');
  if (change.allowAddresses?.some((address) => !isAddressNamed(address, call))) throw missing('allowAddresses');
}

const TWO_FACTOR = wordsOf(
  'two-?factor; two factor; two-?step; 2fa; mfa; second factor; zwei-?faktor*; 2-?faktor*; (?:doble|dos) (?:factor|pasos)*; (?:double|deux) (?:authentification|facteur)*; (?:dois|duplo) (?:fator|passos)*',
);
const TWO_FACTOR_OFF = wordsOf('off; without; disable*; remov*; no; not; stop; aus; ohne; abschalt*; desactiv*; sin; désactiv*; sans; desativ*; sem');

/** A switch has no value of its own to be named, so the words must say which way. */
function assertTwoFactor({ said }: Asked, { twoFactorRequired }: SecurityChange): void {
  if (twoFactorRequired === undefined) return;
  if (!TWO_FACTOR.test(said) || TWO_FACTOR_OFF.test(said) === twoFactorRequired)
    throw refused(`The customer has not asked for two-factor to be ${twoFactorRequired ? 'required' : 'optional'}. Ask what they want.`);
}

const WORDS = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
];

function isNumberNamed(value: number, call: AgentCall): boolean {
  if (!Number.isInteger(value)) return false;
  const word = WORDS[value] ?? (value === 20 ? 'twenty' : value === 30 ? 'thirty' : value === 60 ? 'sixty' : undefined);
  const own = [call.said, ...call.earlier].map(ownWords).join('\n');
  if (value === 1 && /\b(?:an?|per) (?:hour|day)\b/i.test(own)) return true;
  return new RegExp(`(?<![\\d.,])${value}(?![\\d]|[.,]\\d)`).test(own) || (word !== undefined && isNamed(word, call));
}

function isAddressNamed(address: string, call: AgentCall): boolean {
  const own = [call.said, ...call.earlier].map(ownWords).join('\n').toLowerCase();
  const at = own.indexOf(address.toLowerCase());
  return at >= 0 && !/[\w.:]/.test(own.charAt(at - 1)) && !/^(?:[\w/:]|\.\d)/.test(own.slice(at + address.length));
}

function isAddress(address: string): boolean {
  const [ip = '', bits, ...rest] = address.split('/');
  const kind = isIP(ip);
  if (kind === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  // A network this wide would let everybody in.
  return /^\d{1,3}$/.test(bits) && Number(bits) >= (kind === 4 ? 8 : 16) && Number(bits) <= (kind === 4 ? 32 : 128);
}

function assertStricter(before: WorkspaceSetting, change: SecurityChange): void {
  const looser =
    (before.twoFactorRequired && change.twoFactorRequired === false) ||
    (change.sessionTimeoutMinutes !== undefined && change.sessionTimeoutMinutes > before.sessionTimeoutMinutes) ||
    (change.passwordLengthMin !== undefined && change.passwordLengthMin < before.passwordLengthMin);
  if (looser)
    throw new AppError('FORBIDDEN', 'That would make the workspace less safe. Only the owner can do it, with their password, under Settings > Security.');
  const allowed = change.allowAddresses ?? [];
  // The first entry shuts everybody else out at once, so nobody but the owner makes it.
  if (allowed.length > 0 && before.ipAllowList.length === 0)
    throw new AppError(
      'FORBIDDEN',
      'The first entry of the allow-list shuts out everybody who is elsewhere. Only the owner can switch the list on, under Settings > Security.',
    );
}
