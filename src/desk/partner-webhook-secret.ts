/**
 * The secrets of partners' webhooks: made here, shown once, kept sealed (AES-256-GCM, bound to the webhook they belong to) because
 * signing needs them again, and the signatures they make, as Standard Webhooks 1.0 writes them. Knows no rows.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

export interface SecretSeal {
  /** @param webhookId A text sealed for one webhook opens for no other. */
  seal(webhookId: string, secret: string): string;
  /** @throws Error when none of the keys opens it. */
  open(webhookId: string, sealed: string): string;
}

export interface Signable {
  readonly id: string;
  readonly at: Date;
  readonly body: string;
}

const SECRET_BYTES = 32;
const PREFIX = 'whsec_';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of the form in which sealed texts are kept. */
const VERSION = 'v1';

export function newWebhookSecret(): string {
  return `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** @param texts The first seals; all of them open, so that a key can be replaced while both are set. */
export function createSecretSeal(texts: readonly string[]): SecretSeal {
  const keys = texts.map((text) => Buffer.from(hkdfSync('sha256', text, '', 'parley partner webhooks', KEY_BYTES)));
  const [first] = keys;
  if (!first) throw new RangeError('sealing needs a key');
  return Object.freeze<SecretSeal>({
    seal(webhookId, secret) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, first, nonce).setAAD(Buffer.from(webhookId));
      const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
    },
    open(webhookId, text) {
      const bytes = Buffer.from(text.slice(VERSION.length + 1), 'base64url');
      for (const key of keys) {
        const opened = text.startsWith(`${VERSION}.`) ? tryOpen(key, webhookId, bytes) : null;
        if (opened !== null) return opened;
      }
      throw new Error('the secret of a webhook was sealed with another key');
    },
  });
}

function tryOpen(key: Buffer, webhookId: string, bytes: Buffer): string | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(webhookId)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    // Another key, another webhook, or changed: the caller tries the next.
    return null;
  }
}

/** The three headers. @param secrets One signature each: two while the old one is still valid. */
export function signedHeaders({ id, at, body }: Signable, secrets: readonly string[]): Readonly<Record<string, string>> {
  const timestamp = Math.floor(at.getTime() / 1_000);
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') };
}
