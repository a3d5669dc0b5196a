/**
 * Google and GitHub in one local server: it redirects browsers, checks the client, the redirect address and PKCE, gives each code once, and
 * signs ID tokens with a key of its own. Who is signed in there, and what is wrong with its answers, is set by the test.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';

export interface ElsewhereAccount {
  readonly subject: string;
  readonly email: string;
  readonly verified: boolean;
}

export interface IdentityServer {
  readonly url: string;
  /** Who is signed in there; null refuses what is asked. */
  account: ElsewhereAccount | null;
  /** Changes the claims of ID tokens before they are signed. */
  claims: (claims: JWTPayload) => JWTPayload;
  /** Changes ID tokens after they were signed. */
  tamper: (token: string) => string;
  /** What browsers were sent here with. */
  readonly asked: URLSearchParams[];
  environment(): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

interface Grant {
  readonly account: ElsewhereAccount;
  readonly query: URLSearchParams;
}

const CLIENT = { id: 'parley-at-elsewhere', secret: 'the secret of the client' };

export async function startIdentityServer(): Promise<IdentityServer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  const grants = new Map<string, Grant>();
  const accessTokens = new Map<string, ElsewhereAccount>();
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const made: IdentityServer = {
    url,
    account: null,
    claims: (claims) => claims,
    tamper: (token) => token,
    asked: [],
    environment: () => ({
      OAUTH_GOOGLE_CLIENT_ID: CLIENT.id,
      OAUTH_GOOGLE_CLIENT_SECRET: CLIENT.secret,
      OAUTH_GOOGLE_ISSUER: url,
      OAUTH_GITHUB_CLIENT_ID: CLIENT.id,
      OAUTH_GITHUB_CLIENT_SECRET: CLIENT.secret,
      OAUTH_GITHUB_URL: url,
      OAUTH_GITHUB_API_URL: `${url}/api`,
    }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    made.asked.push(query);
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', query.get('state') ?? '');
    if (made.account === null) back.searchParams.set('error', 'access_denied');
    else {
      const code = randomBytes(16).toString('hex');
      grants.set(code, { account: made.account, query });
      back.searchParams.set('code', code);
    }
    response.writeHead(302, { location: back.href }).end();
  }

  async function giveTokens(body: URLSearchParams, response: ServerResponse, openId: boolean): Promise<void> {
    const code = body.get('code') ?? '';
    const grant = grants.get(code);
    grants.delete(code);
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    const genuine =
      grant !== undefined &&
      body.get('client_id') === CLIENT.id &&
      body.get('client_secret') === CLIENT.secret &&
      body.get('redirect_uri') === grant.query.get('redirect_uri') &&
      grant.query.get('code_challenge_method') === 'S256' &&
      grant.query.get('code_challenge') === challenge;
    if (!genuine) return json(response, 400, { error: 'invalid_grant' });
    const accessToken = randomBytes(16).toString('hex');
    accessTokens.set(accessToken, grant.account);
    const granted = { access_token: accessToken, token_type: 'bearer', expires_in: 60 };
    if (!openId) return json(response, 200, granted);
    const { subject, email, verified } = grant.account;
    const nowS = Math.floor(Date.now() / 1_000);
    const claims = { iss: url, aud: CLIENT.id, sub: subject, iat: nowS, exp: nowS + 60, nonce: grant.query.get('nonce'), email, email_verified: verified };
    const signed = await new SignJWT(made.claims(claims)).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey);
    json(response, 200, { ...granted, id_token: made.tamper(signed) });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const account = accessTokens.get(/^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return json(response, 200, {
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      case '/keys':
        return json(response, 200, { keys: [jwk] });
      case '/authorize':
      case '/login/oauth/authorize':
        return authorize(searchParams, response);
      case '/token':
      case '/login/oauth/access_token':
        return giveTokens(await bodyOf(request), response, pathname === '/token');
      case '/api/user':
        return account ? json(response, 200, { id: Number(account.subject), login: 'somebody' }) : json(response, 401, {});
      case '/api/user/emails':
        if (!account) return json(response, 401, {});
        return json(response, 200, [
          { email: 'another@elsewhere.test', primary: false, verified: true },
          { email: account.email, primary: true, verified: account.verified },
        ]);
      default:
        return json(response, 404, {});
    }
  }
  return made;
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return new URLSearchParams(text);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
