/** People of the desk who sign in with Google or GitHub, against a local server that really redirects and signs; and those who try to be somebody else. */
import { createHash } from 'node:crypto';
import { SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { staffViewer } from '../../src/store/viewer.ts';
import { openApp, type Answer, type App } from '../support/app.ts';
import { startIdentityServer, type IdentityServer } from '../support/identity-server.ts';

const PUBLIC = 'http://parley.example';
const THEIRS = 'plum tractor sings at noon';
const CHAT = 'https://desk.example.com';
const VERIFIER = 'the-verifier-of-the-front-end-which-it-says-to-nobody';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const EXCHANGE =
  'mutation($code: String!, $codeVerifier: String!) { exchangeSignInCode(input: { code: $code, codeVerifier: $codeVerifier }) { tokens { accessToken refreshToken sessionId } } }';

let elsewhere: IdentityServer;
let app: App;
beforeAll(async () => {
  elsewhere = await startIdentityServer();
  app = await openApp({ ...elsewhere.environment(), OAUTH_REDIRECT_ORIGINS: CHAT, REGISTRATION: 'open' });
});
afterAll(async () => {
  await app.close();
  await elsewhere.close();
});
beforeEach(() => {
  elsewhere.claims = (claims) => claims;
  elsewhere.tamper = (token) => token;
});

/** A browser: it keeps our cookies, and stops before it would leave for a front-end. */
function openBrowser() {
  const jar = new Map<string, string>();
  async function go(address: string): Promise<Response> {
    const ours = address.startsWith(PUBLIC);
    const response = await fetch(ours ? address.replace(PUBLIC, app.parley.url) : address, {
      redirect: 'manual',
      headers: ours ? { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } : {},
      signal: AbortSignal.timeout(20_000),
    });
    for (const cookie of ours ? response.headers.getSetCookie() : []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (cookie.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }
  const locationOf = async (address: string) => (await go(address)).headers.get('location') ?? '';
  return {
    jar,
    go,
    /** Up to the address of our callback, which it has not visited yet. */
    leave: async (provider: string) => locationOf(await locationOf(`${PUBLIC}/auth/${provider}?code_challenge=${CHALLENGE}&return_to=${CHAT}/desk?tab=1`)),
    /** All the way; answers where it ends. */
    signIn: async (provider: string) =>
      new URL(await locationOf(await locationOf(await locationOf(`${PUBLIC}/auth/${provider}?code_challenge=${CHALLENGE}&return_to=${CHAT}/desk`)))),
  };
}

/** A log-in that the stranger came by somehow. */
async function strangersSession(userId: string): Promise<string> {
  const sessionId = newId('login');
  const now = new Date();
  await app.database.staffSession.create({ data: { id: sessionId, userId, createdAt: now, lastUsedAt: now, expiresAt: new Date(now.getTime() + 3_600_000) } });
  const token = await app.token(staffViewer({ userId, name: 'Mallory', role: 'readonly', sessionId }));
  expect((await app.frontEnd(token).http('{ viewer { id } }')).data).toEqual({ viewer: { id: userId } });
  return token;
}

let people = 0;
async function person(facts: { readonly active?: boolean; readonly email?: string; readonly verified?: boolean; readonly passwordHash?: string } = {}) {
  people += 1;
  const email = facts.email ?? `person${people}@loomwork.test`;
  const user = await app.database.user.create({
    data: {
      id: newId('usr'),
      name: 'Ruth',
      role: 'user',
      verifiedAt: facts.verified === false ? null : new Date(),
      passwordHash: facts.passwordHash ?? null,
      active: facts.active ?? true,
      email,
    },
  });
  return { id: user.id, email, subject: String(1_000_000 + people) };
}
const codeOf = (end: URL) => new URLSearchParams(end.hash.slice(1)).get('code') ?? '';
const errorOf = (end: URL) => new URLSearchParams(end.hash.slice(1)).get('error');
const exchange = (code: string, codeVerifier = VERIFIER): Promise<Answer> => app.frontEnd(null).http(EXCHANGE, { code, codeVerifier });
async function signedIn(end: URL): Promise<unknown> {
  const { data } = await exchange(codeOf(end));
  const { accessToken } = (data as { exchangeSignInCode: { tokens: { accessToken: string } } }).exchangeSignInCode.tokens;
  return (await app.frontEnd(accessToken).http('{ viewer { kind id } }')).data;
}

describe.each(['google', 'github'])('signing in with %s', (provider) => {
  it('leads to the person with that verified address, and from then on by the account elsewhere, whatever its address becomes', async () => {
    const me = await person();
    elsewhere.account = { subject: me.subject, email: me.email.toUpperCase(), verified: true };
    const end = await openBrowser().signIn(provider);
    expect(`${end.origin}${end.pathname}${end.search}`).toBe(`${CHAT}/desk`);
    expect(await signedIn(end)).toEqual({ viewer: { kind: 'STAFF', id: me.id } });
    elsewhere.account = { subject: me.subject, email: 'moved@elsewhere.test', verified: false };
    expect(await signedIn(await openBrowser().signIn(provider))).toEqual({ viewer: { kind: 'STAFF', id: me.id } });
    const entries = await app.database.auditEntry.findMany({ where: { subjectId: me.id }, orderBy: { at: 'asc' } });
    expect(entries.map(({ action }) => action)).toEqual(['account.identity_linked', 'account.logged_in', 'account.logged_in']);
  });

  it('makes void what a stranger set who registered with the address first: their password, their log-ins, their way in', async () => {
    const email = `hijacked.${provider}@loomwork.test`;
    const http = app.frontEnd(null).http;
    const logIn = () => http('mutation($input: LogInInput!) { logIn(input: $input) { tokens { accessToken } } }', { input: { email, password: THEIRS } });
    await http('mutation($input: RegisterInput!) { register(input: $input) { accepted } }', { input: { email, name: 'Mallory', password: THEIRS } });
    await expect.poll(() => app.database.user.count({ where: { email } })).toBe(1);
    // The right password: the address is what is missing.
    expect((await logIn()).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const { id, verifiedAt } = await app.database.user.findUniqueOrThrow({ where: { email } });
    expect(verifiedAt).toBeNull();
    const session = await strangersSession(id);
    elsewhere.account = { subject: provider === 'google' ? '5000001' : '5000002', email, verified: true };
    expect(await signedIn(await openBrowser().signIn(provider))).toEqual({ viewer: { kind: 'STAFF', id } });
    expect((await logIn()).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect((await app.frontEnd(session).http('{ viewer { id } }')).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    const user = await app.database.user.findUniqueOrThrow({ where: { id } });
    expect([user.passwordHash, user.verifiedAt === null, user.role]).toEqual([null, false, 'readonly']);
    const entries = await app.database.auditEntry.findMany({ where: { subjectId: id }, orderBy: { id: 'asc' } });
    expect(entries.map(({ action }) => action)).toEqual(['account.registered', 'account.identity_linked', 'account.verified', 'account.logged_in']);
  });

  it('leaves the password alone of an account whose address was confirmed', async () => {
    const me = await person({ passwordHash: 'a hash' });
    elsewhere.account = { subject: me.subject, email: me.email, verified: true };
    await openBrowser().signIn(provider);
    expect((await app.database.user.findUniqueOrThrow({ where: { id: me.id } })).passwordHash).toBe('a hash');
  });

  it('asks with PKCE, a state and our own address, and says no secret in an address', async () => {
    elsewhere.account = null;
    await openBrowser().leave(provider);
    const asked = elsewhere.asked.at(-1);
    expect(asked?.get('code_challenge_method')).toBe('S256');
    expect(asked?.get('state')).toMatch(/^[\w-]{40,}$/);
    expect(asked?.get('redirect_uri')).toBe(`${PUBLIC}/auth/${provider}/callback`);
    expect([asked?.has('client_secret'), asked?.has('code_verifier')]).toEqual([false, false]);
    expect(asked?.has('nonce')).toBe(provider === 'google');
    const rows = await app.database.signInAttempt.findMany();
    expect(JSON.stringify(rows)).not.toContain(asked?.get('state'));
  });

  it('links nobody by an address that is not verified', async () => {
    const victim = await person();
    elsewhere.account = { subject: victim.subject, email: victim.email, verified: false };
    expect(errorOf(await openBrowser().signIn(provider))).toBe('unverified_email');
    expect(await app.database.externalIdentity.count({ where: { userId: victim.id } })).toBe(0);
  });

  it('makes no account: whoever is not of the desk, or no more, is sent back without a code', async () => {
    const before = await app.database.user.count();
    elsewhere.account = { subject: '77', email: 'stranger@elsewhere.test', verified: true };
    expect(errorOf(await openBrowser().signIn(provider))).toBe('unknown_account');
    expect(await app.database.user.count()).toBe(before);
    // To the database, "_" would stand for any letter.
    const ruth = await person({ email: `ruth_b.${provider}@loomwork.test` });
    elsewhere.account = { subject: '78', email: ruth.email.replace('ruth_', '_uth_'), verified: true };
    expect(errorOf(await openBrowser().signIn(provider))).toBe('unknown_account');
    elsewhere.account = { subject: ruth.subject, email: ruth.email, verified: true };
    expect(await signedIn(await openBrowser().signIn(provider))).toEqual({ viewer: { kind: 'STAFF', id: ruth.id } });
    const left = await person({ active: false });
    elsewhere.account = { subject: left.subject, email: left.email, verified: true };
    expect(errorOf(await openBrowser().signIn(provider))).toBe('inactive_account');
    elsewhere.account = null;
    expect(errorOf(await openBrowser().signIn(provider))).toBe('denied');
  });

  it('works once per state: a callback that is visited again is refused', async () => {
    const me = await person();
    elsewhere.account = { subject: me.subject, email: me.email, verified: true };
    const browser = openBrowser();
    const callback = await browser.leave(provider);
    const cookies = new Map(browser.jar);
    expect((await browser.go(callback)).status).toBe(302);
    for (const [name, value] of cookies) browser.jar.set(name, value);
    const again = await browser.go(callback);
    expect([again.status, again.headers.get('location')]).toEqual([400, null]);
  });

  it('ends in the browser that began it: an attacker’s callback signs nobody else in, and spoils nothing', async () => {
    const attacker = await person();
    elsewhere.account = { subject: attacker.subject, email: attacker.email, verified: true };
    const [theirs, mine] = [openBrowser(), openBrowser()];
    const callback = await theirs.leave(provider);
    // A browser that began nothing, one that began its own, and one with the cookie planted beside its own.
    expect((await openBrowser().go(callback)).status).toBe(400);
    await mine.leave(provider);
    expect((await mine.go(callback)).status).toBe(400);
    for (const [name, value] of theirs.jar) mine.jar.set(` ${name}`, value);
    expect((await mine.go(callback)).status).toBe(400);
    const other = provider === 'google' ? 'github' : 'google';
    expect((await theirs.go(callback.replace(`/auth/${provider}/`, `/auth/${other}/`))).status).toBe(400);
    expect((await theirs.go(callback)).status).toBe(302);
  });

  it('refuses a code of another attempt: what was stolen elsewhere does not fit', async () => {
    const me = await person();
    elsewhere.account = { subject: me.subject, email: me.email, verified: true };
    const [thief, victim] = [openBrowser(), openBrowser()];
    const stolen = new URL(await victim.leave(provider)).searchParams.get('code') ?? '';
    const callback = new URL(await thief.leave(provider));
    callback.searchParams.set('code', stolen);
    const end = new URL((await thief.go(callback.href)).headers.get('location') ?? '');
    expect([errorOf(end), codeOf(end)]).toEqual(['failed', '']);
  });
});

describe('an ID token', () => {
  const forged = async (claims: (good: JWTPayload) => Promise<string>) => {
    const me = await person();
    elsewhere.account = { subject: me.subject, email: me.email, verified: true };
    let good: JWTPayload = {};
    elsewhere.claims = (given) => (good = given);
    const tokens = new Map<string, string>();
    elsewhere.tamper = (token) => tokens.get('forged') ?? token;
    const browser = openBrowser();
    const callback = await browser.leave('google');
    const nonce = elsewhere.asked.at(-1)?.get('nonce');
    const nowS = Math.floor(Date.now() / 1_000);
    good = { iss: elsewhere.url, aud: 'parley-at-elsewhere', sub: me.subject, iat: nowS, exp: nowS + 60, nonce, email: me.email, email_verified: true };
    tokens.set('forged', await claims(good));
    return errorOf(new URL((await browser.go(callback)).headers.get('location') ?? ''));
  };

  it('that nobody signed, or somebody with another key, is refused', async () => {
    const secret = new TextEncoder().encode('the secret of the client');
    expect(await forged(async (claims) => new UnsecuredJWT(claims).encode())).toBe('failed');
    expect(await forged((claims) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret))).toBe('failed');
  });

  it('that was changed after it was signed is refused', async () => {
    const me = await person();
    const victim = await person();
    elsewhere.account = { subject: me.subject, email: me.email, verified: true };
    elsewhere.tamper = (token) => {
      const [head = '', body = '', signature = ''] = token.split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
      return [head, Buffer.from(JSON.stringify({ ...claims, sub: victim.subject, email: victim.email })).toString('base64url'), signature].join('.');
    };
    expect(errorOf(await openBrowser().signIn('google'))).toBe('failed');
    expect(await app.database.externalIdentity.count({ where: { userId: victim.id } })).toBe(0);
  });

  it.each<[string, (claims: JWTPayload) => JWTPayload]>([
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://accounts.google.com' })],
    ['for another client', (claims) => ({ ...claims, aud: 'somebody-else' })],
    ['of another attempt', (claims) => ({ ...claims, nonce: 'of another attempt' })],
    ['without a nonce', (claims) => ({ ...claims, nonce: undefined })],
    ['that has expired', (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1_000) - 600 })],
    ['whose address is verified in words alone', (claims) => ({ ...claims, email_verified: 'true' })],
  ])('%s is refused', async (_what, claims) => {
    const me = await person();
    elsewhere.account = { subject: me.subject, email: me.email, verified: true };
    elsewhere.claims = claims;
    expect(errorOf(await openBrowser().signIn('google'))).toBe('failed');
  });
});

describe('the way back', () => {
  it.each([
    'https://evil.example',
    `${CHAT}.evil.example/`,
    `https://desk.example.com@evil.example/`,
    `https://user:secret@desk.example.com/`,
    'http://desk.example.com/',
    '//evil.example',
    '/desk',
    'javascript:alert(1)',
    `${CHAT}:8443/`,
    'nonsense',
  ])('leads to no place that is not known here: %s', async (place) => {
    const before = await app.database.signInAttempt.count();
    const response = await openBrowser().go(`${PUBLIC}/auth/google?code_challenge=${CHALLENGE}&return_to=${encodeURIComponent(place)}`);
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    expect(await app.database.signInAttempt.count()).toBe(before);
  });

  it('leads to our own origin when none is named', async () => {
    elsewhere.account = null;
    const browser = openBrowser();
    const start = await browser.go(`${PUBLIC}/auth/google?code_challenge=${CHALLENGE}`);
    expect(start.headers.get('cache-control')).toBe('no-store');
    expect(start.headers.getSetCookie()).toEqual([expect.stringMatching(/^parley-sign-in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)]);
    const callback = (await browser.go(start.headers.get('location') ?? '')).headers.get('location') ?? '';
    expect((await browser.go(callback)).headers.get('location')).toBe(`${PUBLIC}/#error=denied`);
    expect(browser.jar.size).toBe(0);
  });

  it('does not begin where there is no such way', async () => {
    expect((await openBrowser().go(`${PUBLIC}/auth/facebook`)).status).toBe(404);
    expect((await openBrowser().go(`${PUBLIC}/auth/google/`)).status).toBe(404);
    expect((await fetch(`${app.parley.url}/auth/google`, { method: 'POST', redirect: 'manual' })).status).toBe(404);
  });
});

describe('a code', () => {
  async function freshCode(): Promise<{ readonly code: string; readonly userId: string }> {
    const me = await person();
    elsewhere.account = { subject: me.subject, email: me.email, verified: true };
    return { code: codeOf(await openBrowser().signIn('google')), userId: me.id };
  }
  const REFUSED = [{ message: 'This code is not valid. Sign in again.', extensions: { code: 'UNAUTHENTICATED' } }];

  it('begins one session, however many bring it at once', async () => {
    const { code, userId } = await freshCode();
    const answers = await Promise.all(Array.from({ length: 6 }, () => exchange(code)));
    const began = answers.filter(({ errors }) => errors === undefined);
    expect(began).toHaveLength(1);
    for (const one of answers) if (one !== began[0]) expect(one.errors).toMatchObject(REFUSED);
    expect(await app.database.auditEntry.count({ where: { subjectId: userId, action: 'account.logged_in' } })).toBe(1);
  });

  it('is worth nothing to a front-end that did not ask for it: nobody is logged in as somebody else by an address they were sent', async () => {
    const { code } = await freshCode();
    expect((await exchange(code, 'the-verifier-of-the-front-end-of-the-victim-itself')).errors).toMatchObject(REFUSED);
    expect((await exchange(code, CHALLENGE)).errors).toMatchObject(REFUSED);
    expect((await exchange(code)).errors).toBeUndefined();
    const before = await app.database.signInAttempt.count();
    for (const challenge of ['', '&code_challenge=', '&code_challenge=plain', `&code_challenge=${CHALLENGE}=`]) {
      const response = await openBrowser().go(`${PUBLIC}/auth/google?return_to=${CHAT}/desk${challenge}`);
      expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    }
    expect(await app.database.signInAttempt.count()).toBe(before);
  });

  it('is kept as a hash, ends within a minute, and with the person', async () => {
    const { code } = await freshCode();
    expect(JSON.stringify(await app.database.signInCode.findMany())).not.toContain(code);
    const hash = createHash('sha256').update(code).digest('hex');
    const { expiresAt } = await app.database.signInCode.findUniqueOrThrow({ where: { hash } });
    expect(expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(60_000);
    await app.database.signInCode.update({ where: { hash }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect((await exchange(code)).errors).toMatchObject(REFUSED);
    const other = await freshCode();
    await app.database.user.update({ where: { id: other.userId }, data: { active: false } });
    expect((await exchange(other.code)).errors).toMatchObject(REFUSED);
    expect((await exchange('nonsense')).errors).toMatchObject(REFUSED);
  });
});

it('over https the cookie is bound to the very host', async () => {
  const secure = await openApp({ ...elsewhere.environment(), PUBLIC_URL: 'https://parley.example' }, { shareDatabaseWith: app });
  try {
    const { headers } = await fetch(`${secure.parley.url}/auth/google?code_challenge=${CHALLENGE}`, { redirect: 'manual' });
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-parley-sign-in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/)]);
  } finally {
    await secure.close();
  }
});

it('beginning and trying states out count as nobody’s operations: whoever goes on is told to wait, and nobody signed in is disturbed', async () => {
  const limited = await openApp({ ...elsewhere.environment(), RATE_LIMITS: 'on' }, { shareDatabaseWith: app });
  try {
    const begin = () => fetch(`${limited.parley.url}/auth/google?code_challenge=${CHALLENGE}`, { redirect: 'manual' });
    const tryOut = () => fetch(`${limited.parley.url}/auth/google/callback?state=guess&code=guess`, { redirect: 'manual' });
    for (let at = 0; at < 5; at += 1) expect([(await begin()).status, (await tryOut()).status]).toEqual([302, 400]);
    for (const answer of [await begin(), await tryOut()]) {
      expect([answer.status, answer.headers.get('x-ratelimit-remaining')]).toEqual([429, '0']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const me = await person();
    const token = await app.token(staffViewer({ userId: me.id, name: 'Ruth', role: 'user' }));
    expect((await limited.frontEnd(token).http('{ viewer { id } }')).data).toEqual({ viewer: { id: me.id } });
  } finally {
    await limited.close();
  }
});
