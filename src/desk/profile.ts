/**
 * The customer's own profile, corrected on their word: the account's fields at once, an e-mail address only after it was confirmed
 * from the new mailbox. Knows no other person's profile.
 */
import { AppError, badInput } from '../foundation/errors.ts';
import type { Customer } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import { actOnce, refused, refuseForPeople, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { checkFields } from './customer.ts';
import { assertAsked, type Asked } from './asked-for.ts';
import { isNamed } from './grounding.ts';
import { enqueueOutgoing } from './outbox.ts';
import { wordsOf } from './word-pattern.ts';

export const PROFILE_FIELDS = ['name', 'company', 'industry', 'country', 'timezone', 'language', 'email'] as const;
export type ProfileField = (typeof PROFILE_FIELDS)[number];

export type ProfileChange = { readonly [Field in ProfileField]?: string | undefined };

export interface ProfileGrant {
  readonly fields: readonly ProfileField[];
}

export interface ProfileDesk {
  /**
   * The account after the change. A new e-mail address is not among it: `confirming` names the one that was written to.
   * @throws AppError BAD_INPUT for values that do not fit or that the customer has not written; FORBIDDEN beyond the grant.
   */
  update(call: AgentCall, change: ProfileChange, grant: ProfileGrant): Promise<{ readonly customer: Customer; readonly confirming: string | null }>;
}

/** Written as a customer writes them; the others (a country's code, a zone's name) are derived from their words. */
const LITERAL: readonly ProfileField[] = ['name', 'company', 'email'];

export function createProfileDesk(deps: AgentActDeps): ProfileDesk {
  const { database } = deps;
  return Object.freeze<ProfileDesk>({
    async update(call, change, grant) {
      const fields = PROFILE_FIELDS.filter((field) => change[field] !== undefined);
      const { email, ...rest } = checkFields(Object.fromEntries(fields.map((field) => [field, change[field] ?? null])));
      if (fields.length === 0) throw badInput('input', 'nothing to change was named.');
      const beyond = fields.find((field) => !grant.fields.includes(field));
      if (beyond) return refuseForPeople(deps, call, `Change the ${beyond} of the account`, `The ${beyond} of the account is changed by a person of our team.`);
      const invented = fields.find((field) => LITERAL.includes(field) && !isNamed(change[field] ?? '', call));
      if (invented) throw badInput(`input.${invented}`, 'the customer has not written this. Ask how it should read.');
      assertFieldsNamed(await assertAsked(database, call, 'update_profile'), fields);
      const { signIn } = await readPolicy(database);
      const id = await actOnce(deps, call, 'profile.update', async ({ tx, customer, now }) => {
        const { customerId, conversationId } = call;
        if (Object.keys(rest).length > 0) await tx.customer.update({ where: { id: customerId }, data: rest });
        // The account is named after its primary contact, who is a member too.
        if (rest.name !== undefined) {
          await tx.contact.updateMany({ where: { customerId, primary: true }, data: { name: rest.name } });
          await tx.member.updateMany({ where: { customerId, email: customer.email }, data: { name: rest.name } });
        }
        const done = { subjectKind: 'customer', changes: { fields } };
        if (email === undefined) return { ...done, subjectId: customer.id };
        if (email === customer.email) throw refused('That is the address on file already.');
        if (await tx.customer.findFirst({ where: { email, partnerId: customer.partnerId }, select: { id: true } }))
          throw new AppError('CONFLICT', 'There is another account with this e-mail address.', { field: 'input.email' });
        const validUntil = new Date(now.getTime() + signIn.resetLinkMinutes * 60_000).toISOString();
        const payload = { customerId, validUntil };
        const sent = await enqueueOutgoing(tx, { kind: 'email', customerId, conversationId, subject: 'address_verification', recipient: email, payload }, now);
        // The old address hears of it, so that a stranger cannot move the account away in silence.
        await enqueueOutgoing(tx, { kind: 'email', customerId, conversationId, subject: 'address_change_asked', recipient: customer.email, payload }, now);
        return { ...done, subjectId: sent.id };
      });
      const customer = await database.customer.findUniqueOrThrow({ where: { id: call.customerId } });
      if (id === customer.id) return { customer, confirming: null };
      const sent = await database.outboxMessage.findUniqueOrThrow({ where: { id } });
      return { customer, confirming: sent.recipient };
    },
  });
}

/** What customers call each field; a value alone could be meant for any of them. */
const FIELD_WORDS: Readonly<Record<ProfileField, RegExp>> = {
  name: wordsOf('name*; call*; renam*; married; heiß*; nombre; llam*; nom; appel*; nome; cham*'),
  company: wordsOf('compan*; firm; organi[sz]ation; business; name*; called; renam*; firma; empresa; société; entreprise'),
  industry: wordsOf('industr*; sector; branch*; business; field; branche; rubro; secteur; setor'),
  country: wordsOf('countr*; mov*; in; from; land; país; pays'),
  timezone: wordsOf('time*; zone*; mov*; clock; utc; gmt; zeit*; hora*; huso; heure*; fuseau*; fuso*'),
  language: wordsOf('languag*; speak*; in; to; sprache; idioma; lengua; langue; língua'),
  email: wordsOf('e-?mail*; mail*; address*; (?:use|write to|reach me at) \\S+@\\S+; adresse*; correo*; dirección; courriel*; endereço*'),
};

function assertFieldsNamed({ said }: Asked, fields: readonly ProfileField[]): void {
  const unnamed = fields.find((field) => !FIELD_WORDS[field].test(said));
  if (unnamed) throw refused(`The customer has not asked for the ${unnamed} of the account to be changed. Ask what should be.`);
}
