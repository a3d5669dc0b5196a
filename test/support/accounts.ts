/** The accounts of the desk as an instance opens them, with passwords that cost little, and the mails it would send opened. */
import { openAccounts, mailPurpose } from '../../src/credentials.ts';
import type { Clock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import type { Accounts } from '../../src/identity/account.ts';
import { createPasswords, type PasswordCost, type Passwords } from '../../src/identity/password.ts';
import { createRevocation, type Revocation } from '../../src/identity/revocation.ts';
import { createSeal } from '../../src/identity/seal.ts';
import type { Tokens } from '../../src/identity/token.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import type { SignalBus } from '../../src/jobs/signal-bus.ts';
import type { Database } from '../../src/store/database.ts';
import { createTestTokens } from './keys.ts';

export const CHEAP: PasswordCost = { memoryKiB: 64, passes: 1, lanes: 1 };

export interface TestAccounts {
  readonly accounts: Accounts;
  readonly revocation: Revocation;
  readonly tokens: Tokens;
  readonly passwords: Passwords;
  /** What was mailed to this address, newest first, with its secrets. */
  mails(recipient: string): Promise<readonly { readonly subject: string; readonly token: string | null }[]>;
  close(): Promise<void>;
}

export interface TestAccountsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly signals?: SignalBus;
  /** False: by invitation alone. */
  readonly open?: boolean;
  readonly passwordCost?: PasswordCost;
}

export function openTestAccounts({ database, clock, signals, open = true, passwordCost = CHEAP }: TestAccountsOptions): TestAccounts {
  const log = createLogger({ level: 'silent', pretty: false });
  const opened: (() => Promise<void> | void)[] = [];
  const seal = createSeal('a secret of the test, long enough for it');
  const tokens = createTestTokens(clock);
  const revocation = createRevocation({ database, signals: signals ?? createMemorySignalBus({ log }), clock, log });
  const passwords = createPasswords({ charsMin: 15, cost: passwordCost });
  const nowhere = { google: null, github: null, returnOrigins: [] };
  const config = { registrationOpen: open, passwordCharsMin: 15, leakedPasswordsUrl: null, publicUrl: null, oauth: nowhere };
  const accounts = openAccounts({ config, database, tokens, seal, revocation, clock, log, passwords }, opened);
  return {
    accounts,
    revocation,
    tokens,
    passwords,
    async mails(recipient) {
      await accounts.settled();
      const rows = await database.outboxMessage.findMany({ where: { recipient }, orderBy: { id: 'desc' } });
      return rows.map(({ id, subject, sealed }) => ({
        subject,
        token: sealed === null ? null : (JSON.parse(seal.open(sealed, mailPurpose(id))) as { token: string }).token,
      }));
    },
    async close() {
      for (const one of opened.toReversed()) await one();
      revocation.close();
    },
  };
}
