/** `send_password_reset` and `unlock_account`: ways back in. The link goes to the address on file; nobody sees a password here. */
import { z } from 'zod';
import type { PerDayGrant, SignInDesk } from '../desk/sign-in.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { defineTool } from './define-tool.ts';
import { maskEmail } from './words.ts';

const Person = z.strictObject({
  person: z
    .string()
    .trim()
    .min(2)
    .max(254)
    .optional()
    .describe('Who cannot get in, as the customer wrote the name or e-mail address; left out when they speak of themselves.'),
});
const Grant = z.strictObject({ per_day_max: z.number().int().min(1).max(10) });

export function sendPasswordReset(signIns: SignInDesk): AnyTool {
  return defineTool<z.infer<typeof Person>, PerDayGrant>({
    name: 'send_password_reset',
    description:
      'Sends a link to set a new password to the address on file of one person of the account. Use it when somebody who signs in with a password has forgotten it or is locked out. It cannot go to another address.',
    input: Person,
    grant: Grant,
    effect: 'outbound',
    redact: ['person'],
    infer: () => null,
    async run({ person }, grant, context) {
      const contact = await signIns.sendReset(context, person, grant);
      return { summary: `A link to set a new password is on its way to ${maskEmail(contact.email)}.`, facts: { contactId: contact.id } };
    },
  });
}

export function unlockAccount(signIns: SignInDesk): AnyTool {
  return defineTool<z.infer<typeof Person>, PerDayGrant>({
    name: 'unlock_account',
    description:
      'Ends the lock that too many failed tries set on one person of the account, and tells that person by e-mail. Use it when the tries were their own.',
    input: Person,
    grant: Grant,
    effect: 'write',
    redact: ['person'],
    infer: () => null,
    async run({ person }, grant, context) {
      const contact = await signIns.unlock(context, person, grant);
      return {
        summary: `The lock on ${contact.name} (${maskEmail(contact.email)}) is ended; a notice to that address is on its way. They can sign in again.`,
        facts: { contactId: contact.id },
      };
    },
  });
}
