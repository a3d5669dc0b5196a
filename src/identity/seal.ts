/**
 * Encryption of the few secrets that have to stand in rows: private signing keys, and links on their way into a mail. AES-256-GCM under
 * a key derived from JWT_SECRET, bound to what it is for, so that a sealed text cannot be moved to another row. Whoever has the
 * database alone reads nothing.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export interface Seal {
  /** @param purpose What it is for and where it stands; the same is needed to open it. */
  close(text: string, purpose: string): string;
  /** @throws Error when it was sealed with another secret, for another purpose, or changed. */
  open(sealed: string, purpose: string): string;
}

const VERSION = 'v1.';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes in UTF-8. */
const SECRET_BYTES_MIN = 32;

/** @param secret At least 32 bytes. */
export function createSeal(secret: string): Seal {
  if (Buffer.byteLength(secret) < SECRET_BYTES_MIN) throw new RangeError('the secret that seals keys needs at least 32 bytes');
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'parley sealed rows', KEY_BYTES));
  return Object.freeze<Seal>({
    close(text, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return VERSION + Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url');
      if (!sealed.startsWith(VERSION) || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('this is no sealed text');
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
    },
  });
}
