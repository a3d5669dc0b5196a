/**
 * The command that lets the first person in: `npm start -- --invite ada@shop.example`. Nobody has an account in a new database, and only
 * somebody who may give roles can invite another. The token is printed and mailed nowhere: whoever reads the terminal may use it.
 */
import { z } from 'zod';
import { onGround, type CommandDeps } from './command.ts';
import { systemEntry } from './desk/audit.ts';
import { AppError } from './foundation/errors.ts';
import { lower } from './identity/account.ts';
import { issueOneTime } from './identity/one-time.ts';

const Email = z.email().max(200);

/** @returns What to do with it, in words. @throws AppError BAD_INPUT for what is no address, CONFLICT for one that has an account. */
export async function inviteFirst(deps: CommandDeps, address: string): Promise<string> {
  const parsed = Email.safeParse(address.trim());
  if (!parsed.success) throw new AppError('BAD_INPUT', `"${address}" is not an e-mail address.`);
  const email = lower(parsed.data);
  const token = await onGround(deps, async ({ database }) =>
    database.$transaction(async (tx) => {
      const now = deps.clock.now();
      if (await tx.user.findFirst({ where: { email, verifiedAt: { not: null } }, select: { id: true } }))
        throw new AppError('CONFLICT', `${email} has an account already. Its role is changed by setUserRole, its password by requestPasswordReset.`);
      await tx.auditEntry.create({ data: systemEntry('account.invited', 'invitation', 'first', { role: 'super_admin' }, now) });
      return issueOneTime(tx, 'invitation', { email, role: 'super_admin' }, now);
    }),
  );
  return [
    `An invitation for ${email} as super_admin, good once and for a week:`,
    '',
    `  ${token}`,
    '',
    'To make the account: mutation { register(input: { invitation: "<it>", name: "<name>", password: "<password>" }) { accepted } }',
  ].join('\n');
}
