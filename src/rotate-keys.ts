/**
 * The command that makes the next signing key: `npm start -- --rotate-keys`, or `--revoke-keys` when a key may have been stolen, which ends
 * every token there is. Works beside running instances: they read the new key within seconds, and hear through Redis what was revoked.
 */
import { onGround, type CommandDeps } from './command.ts';
import { createKeySet } from './identity/key-set.ts';
import { createRevocation } from './identity/revocation.ts';

/** Answers what was done, as a sentence. */
export async function rotateKeys(deps: CommandDeps, revoke: boolean): Promise<string> {
  const { clock, log } = deps;
  return onGround(deps, async ({ database, signals, seal }) => {
    const { kid, revoked } = await createKeySet({ database, seal, clock, log }).rotate({ revoke });
    // The rows say so already; this is for the sockets that are open.
    const revocation = createRevocation({ database, signals, clock, log });
    for (const one of revoked) await revocation.revoke(`signer:${one}`);
    revocation.close();
    return revoke
      ? `The key ${kid} signs now. ${revoked.length} others were revoked: everybody signs in again.`
      : `The key ${kid} was made and signs in ten minutes.`;
  });
}
