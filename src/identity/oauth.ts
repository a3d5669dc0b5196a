/**
 * Google and GitHub as ways to learn who somebody is: authorization code with PKCE, by openid-client. Google is OpenID Connect: its ID
 * token is verified by signature, issuer, audience and nonce. GitHub has none, so its API is asked. Keeps nothing and knows no accounts.
 */
import * as oidc from 'openid-client';
import { z } from 'zod';

/** What a provider said, after everything that can be verified was. */
export interface ExternalProfile {
  readonly subject: string;
  /** Null when the provider gave none that it has verified. */
  readonly verifiedEmail: string | null;
}

/** What has to stay with the browser's attempt between leaving and coming back. */
export interface AttemptSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface OAuthProvider {
  readonly name: string;
  /** Where the browser is sent. */
  authorizationUrl(secrets: AttemptSecrets): Promise<URL>;
  /** @param query What the provider added to our callback. Rejects for anything but a genuine answer to this attempt. */
  profile(query: URLSearchParams, secrets: AttemptSecrets): Promise<ExternalProfile>;
}

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Our own address that the provider sends browsers back to. */
  readonly callbackUrl: string;
}

const TIMEOUT_S = 10;

export function newAttemptSecrets(): AttemptSecrets {
  return { state: oidc.randomState(), nonce: oidc.randomNonce(), codeVerifier: oidc.randomPKCECodeVerifier() };
}

const IdClaims = z.object({ sub: z.string().min(1).max(255), email: z.email().max(254).optional(), email_verified: z.boolean().optional() });

/** @param issuer `https://accounts.google.com`. */
export function createGoogle(issuer: string, client: OAuthClient): OAuthProvider {
  let found: Promise<oidc.Configuration> | null = null;

  /** Looked up at the first use, so that a start needs no network; after a failure again. */
  function discover(): Promise<oidc.Configuration> {
    found ??= oidc
      .discovery(new URL(issuer), client.clientId, { client_secret: client.clientSecret }, oidc.ClientSecretPost(client.clientSecret), {
        // Without it the library trusts the connection and does not look at the token's signature.
        execute: [oidc.enableNonRepudiationChecks, ...insecureOnLoopback(issuer)],
        timeout: TIMEOUT_S,
      })
      .catch((error: unknown) => {
        found = null;
        throw error;
      });
    return found;
  }

  return Object.freeze<OAuthProvider>({
    name: 'google',
    authorizationUrl: async (secrets) => authorizationUrl(await discover(), client, 'openid email', secrets, { nonce: secrets.nonce }),
    async profile(query, { state, nonce, codeVerifier }) {
      const tokens = await oidc.authorizationCodeGrant(await discover(), returned(client, query), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      const { sub, email, email_verified: verified } = IdClaims.parse(tokens.claims());
      return { subject: sub, verifiedEmail: verified === true && email !== undefined ? email : null };
    },
  });
}

const GitHubUser = z.object({ id: z.number().int().positive() });
const GitHubEmails = z.array(z.object({ email: z.email().max(254), primary: z.boolean(), verified: z.boolean() }));

/** @param at `https://github.com` and `https://api.github.com`. */
export function createGitHub(at: { readonly url: string; readonly apiUrl: string }, client: OAuthClient): OAuthProvider {
  const server = { issuer: at.url, authorization_endpoint: `${at.url}/login/oauth/authorize`, token_endpoint: `${at.url}/login/oauth/access_token` };
  const config = new oidc.Configuration(server, client.clientId, { client_secret: client.clientSecret }, oidc.ClientSecretPost(client.clientSecret));
  config.timeout = TIMEOUT_S;
  for (const allow of insecureOnLoopback(at.url)) allow(config);

  async function read(accessToken: string, path: string): Promise<unknown> {
    const headers = new Headers({ accept: 'application/vnd.github+json', 'user-agent': 'parley' });
    const response = await oidc.fetchProtectedResource(config, accessToken, new URL(`${at.apiUrl}${path}`), 'GET', null, headers);
    if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${path}`);
    return response.json();
  }

  return Object.freeze<OAuthProvider>({
    name: 'github',
    authorizationUrl: async (secrets) => authorizationUrl(config, client, 'user:email', secrets, {}),
    async profile(query, { state, codeVerifier }) {
      const { access_token: token } = await oidc.authorizationCodeGrant(config, returned(client, query), {
        expectedState: state,
        pkceCodeVerifier: codeVerifier,
      });
      const [user, emails] = await Promise.all([read(token, '/user'), read(token, '/user/emails')]);
      const primary = GitHubEmails.parse(emails).find((one) => one.primary && one.verified);
      return { subject: String(GitHubUser.parse(user).id), verifiedEmail: primary?.email ?? null };
    },
  });
}

async function authorizationUrl(
  config: oidc.Configuration,
  { callbackUrl }: OAuthClient,
  scope: string,
  { state, codeVerifier }: AttemptSecrets,
  more: Readonly<Record<string, string>>,
): Promise<URL> {
  const challenge = await oidc.calculatePKCECodeChallenge(codeVerifier);
  return oidc.buildAuthorizationUrl(config, { redirect_uri: callbackUrl, scope, state, code_challenge: challenge, code_challenge_method: 'S256', ...more });
}

/** Our callback as the provider knows it, whatever a proxy made of its address. */
function returned({ callbackUrl }: OAuthClient, query: URLSearchParams): URL {
  const url = new URL(callbackUrl);
  url.search = query.toString();
  return url;
}

/** The library insists on https. A server on this very machine, as in tests, needs none. */
function insecureOnLoopback(url: string): ((config: oidc.Configuration) => void)[] {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname) ? [oidc.allowInsecureRequests] : [];
}
