/** Signatures of webhooks, against the reference library of Standard Webhooks: it takes ours, and ours takes its own. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { verifyWebhook, WebhookError, type WebhookHeaders } from '../../src/client/verify-webhook.ts';
import { createSecretSeal, newWebhookSecret, signedHeaders } from '../../src/desk/partner-webhook-secret.ts';

const BODY = JSON.stringify({
  type: 'MessageFinished',
  timestamp: '2026-03-01T09:30:00.000Z',
  conversationId: 'conv_1',
  runId: null,
  position: 'e1.7',
  sequence: 7,
  data: { text: 'Grüße, 東京 👩‍👩‍👧 \u2028' },
});
const ID = 'dlv_01';

function faultOf(body: string | Uint8Array, headers: WebhookHeaders, secret: string | readonly string[], now?: Date): string {
  try {
    verifyWebhook(body, headers, secret, now ? { now } : {});
    return 'none';
  } catch (error) {
    if (error instanceof WebhookError) return error.fault;
    throw error;
  }
}

describe('a signed webhook', () => {
  it('is taken by the reference library, whatever it says and whatever its secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array({ minLength: 24, maxLength: 64 }), (text, bytes) => {
        const secret = `whsec_${Buffer.from(bytes).toString('base64')}`;
        const body = JSON.stringify({ text });
        expect(new Webhook(secret).verify(body, { ...signedHeaders({ id: ID, at: new Date(), body }, [secret]) })).toEqual({ text });
      }),
      { numRuns: 100 },
    );
  });

  it('of the reference library is taken by ours, as bytes and as text, with headers of every kind', () => {
    const secret = newWebhookSecret();
    const now = new Date();
    const timestamp = String(Math.floor(now.getTime() / 1_000));
    const signature = new Webhook(secret).sign(ID, now, BODY);
    const plain = { 'Webhook-Id': ID, 'webhook-timestamp': timestamp, 'WEBHOOK-SIGNATURE': signature };
    for (const headers of [plain, new Headers(plain)]) {
      for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)]) {
        expect(verifyWebhook(body, headers, secret)).toMatchObject({ id: ID, event: { type: 'MessageFinished', position: 'e1.7', sequence: 7 } });
      }
    }
  });

  it('is refused once anything of it was changed', () => {
    const secret = newWebhookSecret();
    const headers = signedHeaders({ id: ID, at: new Date(), body: BODY }, [secret]);
    expect(faultOf(BODY, headers, secret)).toBe('none');
    expect(faultOf(`${BODY} `, headers, secret)).toBe('WRONG_SIGNATURE');
    expect(faultOf(BODY, { ...headers, 'webhook-id': 'dlv_02' }, secret)).toBe('WRONG_SIGNATURE');
    expect(faultOf(BODY, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) }, secret)).toBe('WRONG_SIGNATURE');
    expect(faultOf(BODY, headers, newWebhookSecret())).toBe('WRONG_SIGNATURE');
    for (const signature of [
      'v1,',
      'v1',
      'v2,abc',
      String(headers['webhook-signature']).slice(0, -1),
      String(headers['webhook-signature']).replace('v1', 'v1a'),
    ]) {
      expect(faultOf(BODY, { ...headers, 'webhook-signature': signature }, secret)).toBe('WRONG_SIGNATURE');
    }
    for (const name of Object.keys(headers)) {
      expect(faultOf(BODY, { ...headers, [name]: undefined }, secret)).toBe('MISSING_HEADER');
      expect(faultOf(BODY, { ...headers, [name]: ['a', 'b'] }, secret)).toBe('MISSING_HEADER');
    }
    for (const time of ['soon', '-1', '1e9', '1.5', '9'.repeat(20)])
      expect(faultOf(BODY, { ...headers, 'webhook-timestamp': time }, secret)).toBe('BAD_TIMESTAMP');
  });

  it('is refused when it is not of now: kept and sent again, or by a clock that is wrong', () => {
    const secret = newWebhookSecret();
    const at = new Date('2026-03-01T12:00:00.000Z');
    const headers = signedHeaders({ id: ID, at, body: BODY }, [secret]);
    const after = (seconds: number) => faultOf(BODY, headers, secret, new Date(at.getTime() + seconds * 1_000));
    expect([after(-301), after(-300), after(0), after(300), after(301)]).toEqual(['TOO_NEW', 'none', 'none', 'none', 'TOO_OLD']);
  });

  it('is taken with the old and with the new secret while both sign, and by who holds both', () => {
    const [old, fresh] = [newWebhookSecret(), newWebhookSecret()];
    const both = signedHeaders({ id: ID, at: new Date(), body: BODY }, [fresh, old]);
    expect(both['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    for (const secret of [old, fresh, [old, fresh]]) expect(faultOf(BODY, both, secret)).toBe('none');
    for (const secret of [old, fresh]) expect(new Webhook(secret).verify(BODY, { ...both })).toMatchObject({ position: 'e1.7' });
    expect(faultOf(BODY, signedHeaders({ id: ID, at: new Date(), body: BODY }, [fresh]), old)).toBe('WRONG_SIGNATURE');
  });

  it('is checked with no secret that anybody could guess', () => {
    const headers = signedHeaders({ id: ID, at: new Date(), body: BODY }, ['whsec_']);
    for (const secret of ['', 'whsec_', 'whsec_c2hvcnQ=']) expect(() => verifyWebhook(BODY, headers, secret)).toThrow(TypeError);
    expect(() => verifyWebhook(BODY, headers, [])).toThrow(WebhookError);
  });

  it('whose body is no event is told apart', () => {
    const secret = newWebhookSecret();
    for (const body of ['no JSON', '[]', 'null', '{}'])
      expect(faultOf(body, signedHeaders({ id: ID, at: new Date(), body }, [secret]), secret)).toBe('BAD_BODY');
  });
});

describe('a secret', () => {
  it('is new each time, and of the form of the standard', () => {
    const made = new Set(Array.from({ length: 100 }, newWebhookSecret));
    expect(made.size).toBe(100);
    for (const secret of made) expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
  });

  it('is kept sealed for one webhook, and opens with the key that sealed it, also when that is no longer the first', () => {
    const secret = newWebhookSecret();
    const seal = createSecretSeal(['the first key of this test, long enough']);
    const sealed = seal.seal('hook_1', secret);
    expect(sealed).not.toContain(secret.slice(6, 20));
    expect(seal.seal('hook_1', secret)).not.toBe(sealed);
    expect(seal.open('hook_1', sealed)).toBe(secret);
    expect(() => seal.open('hook_2', sealed)).toThrow('another key');
    expect(createSecretSeal(['the second key', 'the first key of this test, long enough']).open('hook_1', sealed)).toBe(secret);
    expect(() => createSecretSeal(['the second key']).open('hook_1', sealed)).toThrow('another key');
    const bytes = Buffer.from(sealed.slice(3), 'base64url');
    for (const at of [0, 15, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => seal.open('hook_1', `v1.${changed.toString('base64url')}`)).toThrow('another key');
    }
    for (const text of ['', 'v1.', 'v2.abc', randomBytes(60).toString('base64url')]) expect(() => seal.open('hook_1', text)).toThrow('another key');
  });
});
