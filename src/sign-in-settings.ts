/** Settings of the ways to sign in with an account elsewhere. */
import { z } from 'zod';
import { areOrigins, httpUrl, listOf } from './setting-forms.ts';

export const SIGN_IN_SETTINGS = {
  OAUTH_GOOGLE_CLIENT_ID: z.string().min(1).optional(),
  OAUTH_GOOGLE_CLIENT_SECRET: z.string().min(1).optional(),
  OAUTH_GOOGLE_ISSUER: httpUrl.default('https://accounts.google.com'),
  OAUTH_GITHUB_CLIENT_ID: z.string().min(1).optional(),
  OAUTH_GITHUB_CLIENT_SECRET: z.string().min(1).optional(),
  OAUTH_GITHUB_URL: httpUrl.default('https://github.com'),
  OAUTH_GITHUB_API_URL: httpUrl.default('https://api.github.com'),
  OAUTH_REDIRECT_ORIGINS: z.string().default('').refine(areOrigins, 'must be origins such as https://chat.example.com, separated by commas'),
};

type Set = z.infer<z.ZodObject<typeof SIGN_IN_SETTINGS>> & { readonly PUBLIC_URL?: string | undefined };

/** What is set; null: not this way. */
export function signInOf(set: Set) {
  const { OAUTH_GOOGLE_CLIENT_ID: googleId, OAUTH_GOOGLE_CLIENT_SECRET: googleSecret } = set;
  const { OAUTH_GITHUB_CLIENT_ID: githubId, OAUTH_GITHUB_CLIENT_SECRET: githubSecret } = set;
  return {
    google: googleId && googleSecret ? { clientId: googleId, clientSecret: googleSecret, issuer: set.OAUTH_GOOGLE_ISSUER } : null,
    github: githubId && githubSecret ? { clientId: githubId, clientSecret: githubSecret, url: set.OAUTH_GITHUB_URL, apiUrl: set.OAUTH_GITHUB_API_URL } : null,
    /** Where browsers may be sent with a code: our own origin and these. */
    returnOrigins: [...(set.PUBLIC_URL ? [set.PUBLIC_URL] : []), ...listOf(set.OAUTH_REDIRECT_ORIGINS)].flatMap((url) => URL.parse(url)?.origin ?? []),
  };
}

/** The problems of settings that go together. */
export function unusableSignIn(set: Set): string[] {
  const problems: string[] = [];
  for (const name of ['GOOGLE', 'GITHUB'] as const) {
    const [id, secret] = [set[`OAUTH_${name}_CLIENT_ID`], set[`OAUTH_${name}_CLIENT_SECRET`]];
    if ((id === undefined) !== (secret === undefined)) problems.push(`OAUTH_${name}_CLIENT_ID: goes with OAUTH_${name}_CLIENT_SECRET, and neither works alone`);
    if (id !== undefined && set.PUBLIC_URL === undefined) problems.push(`OAUTH_${name}_CLIENT_ID: needs PUBLIC_URL, to which browsers come back`);
  }
  return problems;
}
