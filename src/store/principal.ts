/** Who stands behind a credential, in one word, and what a verb says when it changes what they may do. Implemented by identity/revocation.ts. */
import type { Prisma } from './generated/prisma/client.ts';

export type Principal = `${'user' | 'session' | 'key' | 'customer' | 'signer'}:${string}`;

export interface PrincipalChanges {
  /** In the transaction of a change of what they may do. After the commit: `tell`. */
  note(tx: Prisma.TransactionClient, principals: readonly Principal[]): Promise<void>;
  /** The same, and ends every token that was issued to them before now. */
  end(tx: Prisma.TransactionClient, principals: readonly Principal[]): Promise<void>;
  /** Tells all instances that these are to be checked again. Never rejects. */
  tell(principals: readonly Principal[]): Promise<void>;
}
