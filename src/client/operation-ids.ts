/**
 * By which ids the server knows the operations of this client: the SHA-256 of each, as its manifest (operations.json) has them, which
 * a test compares. The short ones go as they are: their ids would cost more to load than they save. A server of another release may
 * not know an id: then it is sent the documents, from that moment on. Operations of the application's own are always sent as they are.
 */
import { FOLLOW, LOAD, POST, START, STOP } from './operations.ts';

const IDS: ReadonlyMap<string, string> = new Map<string, string>([
  [LOAD, '3f6ef41c0e442c608c83092034dab5a2b7d34ccb4ea0b795f9642a7679eeb7d9'],
  [START, 'ab09e01861febdc7da37f5838044f4cf5d24aabefdd9544e914ceba825f1719b'],
  [POST, '881247f2fa51ad97684d807dbe23e894ff6b239e124c82a5b397be81857937d0'],
  [STOP, 'ee3cec749a864feb890dca3b5101fd58e7294d03fabb0048d76d6c5cd480f99e'],
  [FOLLOW, '91539e8319a0fb90cd499468ae8bd63dfbeff53a3d1f772e71a623a69d166e49'],
]);

/** What stands in a request for an operation. */
export type SentOperation = { readonly query: string; readonly documentId?: string };

export interface OperationIds {
  /** An empty query and an id, or the document. */
  sent(operation: string): SentOperation;
  /** The server knows no such id. @returns True when the same is worth sending again: it goes as a document then. */
  missed(sent: SentOperation): boolean;
}

export function createOperationIds(): OperationIds {
  let known = true;
  return {
    sent(operation) {
      const hash = known ? IDS.get(operation) : undefined;
      return hash === undefined ? { query: operation } : { query: '', documentId: `sha256:${hash}` };
    },
    missed({ documentId }) {
      known = false;
      return documentId !== undefined;
    },
  };
}
