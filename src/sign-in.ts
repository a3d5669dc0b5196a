/** Where else the people of the desk may have an account to sign in with, as the configuration names it. */
import type { Config } from './config.ts';
import { createGitHub, createGoogle, type OAuthProvider } from './identity/oauth.ts';

export type SignInConfig = Pick<Config, 'oauth' | 'publicUrl'>;

export function signInProviders({ oauth: { google, github }, publicUrl }: SignInConfig): OAuthProvider[] {
  // The configuration asks for PUBLIC_URL as soon as there is a provider.
  const callback = (name: string) => `${(publicUrl ?? '').replace(/\/$/, '')}/auth/${name}/callback`;
  return [
    ...(google ? [createGoogle(google.issuer, { ...google, callbackUrl: callback('google') })] : []),
    ...(github ? [createGitHub(github, { ...github, callbackUrl: callback('github') })] : []),
  ];
}
