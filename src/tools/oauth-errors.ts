/** What each error word of OAuth means and what helps (RFC 6749, 6750 and 7636): general knowledge, no customer's data. */

export const OAUTH_ERRORS = [
  'redirect_uri_mismatch',
  'invalid_grant',
  'invalid_client',
  'invalid_scope',
  'invalid_request',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'invalid_token',
  'insufficient_scope',
  'invalid_state',
  'pkce_required',
  'pkce_mismatch',
] as const;
export type OAuthError = (typeof OAUTH_ERRORS)[number];

export interface OAuthFault {
  /** Fits after "means that". */
  readonly means: string;
  readonly fixes: readonly string[];
  readonly source: string;
}

export const OAUTH_FAULTS: Readonly<Record<OAuthError, OAuthFault>> = {
  redirect_uri_mismatch: {
    means: 'the redirect URI of the request is not one of those registered for the app',
    fixes: [
      'Compare both character by character: scheme, port, path and the last slash count.',
      'Send the same redirect_uri again when the code is exchanged.',
      'Register the missing one under Settings > Developer > OAuth apps.',
    ],
    source: 'RFC 6749, section 3.1.2.3',
  },
  invalid_grant: {
    means: 'the authorization code or refresh token was used before, has run out, was withdrawn, or belongs to another app or redirect URI',
    fixes: [
      'Exchange a code once and at once; never repeat the exchange after a time-out without asking for a new code.',
      'Store the new refresh token that each refresh returns: the old one has ended.',
      'With PKCE, send the code_verifier that belongs to the code_challenge.',
      'If none of this fits, send the person through the consent page again.',
    ],
    source: 'RFC 6749, section 5.2',
  },
  invalid_client: {
    means: 'the app could not be recognised: client id or secret is wrong, or it was sent in the wrong place',
    fixes: [
      'Send id and secret as HTTP Basic, each form-encoded, or both in the body, but not twice.',
      'If the secret was renewed, deploy the new one.',
      'Look for a space or line break at the end of the stored secret.',
    ],
    source: 'RFC 6749, section 5.2',
  },
  invalid_scope: {
    means: 'a scope is unknown, written wrongly, or more than the app may ask for',
    fixes: [
      'Separate scopes by single spaces, encoded as %20.',
      'Ask only for scopes ticked for the app under Settings > Developer > OAuth apps.',
      'A refresh may ask for fewer scopes than were granted, never for more.',
    ],
    source: 'RFC 6749, section 3.3',
  },
  invalid_request: {
    means: 'a parameter is missing, given twice or malformed',
    fixes: [
      'Send the token request as application/x-www-form-urlencoded, not as JSON.',
      'Check grant_type, code, redirect_uri, client_id and code_verifier one by one.',
    ],
    source: 'RFC 6749, section 5.2',
  },
  unauthorized_client: {
    means: 'this app may not use this way of getting a token',
    fixes: [
      'Use the authorization code flow: it is the one apps are registered for.',
      'Make sure that the client id is that of the right app and environment.',
    ],
    source: 'RFC 6749, section 5.2',
  },
  unsupported_grant_type: {
    means: 'the grant_type is not offered',
    fixes: ['Use authorization_code or refresh_token, written exactly so.', 'For scripts without a person, an API token is the simpler way.'],
    source: 'RFC 6749, section 5.2',
  },
  unsupported_response_type: {
    means: 'the response_type is not offered',
    fixes: ['Send response_type=code; the implicit flow is not offered.'],
    source: 'RFC 6749, section 4.1.2.1',
  },
  access_denied: {
    means: 'the person pressed Cancel, or an admin of their workspace does not allow the app',
    fixes: ['Show the person a way to try again.', 'Ask an admin of that workspace to allow the app.'],
    source: 'RFC 6749, section 4.1.2.1',
  },
  server_error: {
    means: 'something went wrong on our side',
    fixes: ['Try again with growing pauses.', 'If it lasts, look at the status page and give us the request_id.'],
    source: 'RFC 6749, section 4.1.2.1',
  },
  temporarily_unavailable: {
    means: 'the service is busy or in maintenance',
    fixes: ['Try again with growing pauses, and look at the status page.'],
    source: 'RFC 6749, section 4.1.2.1',
  },
  invalid_token: {
    means: 'the access token has run out, was withdrawn or is malformed',
    fixes: [
      'Refresh it once with the refresh token and repeat the request.',
      'Send it as "Authorization: Bearer <token>", without quotes or a line break.',
      'If the refresh fails too, send the person through the consent page again.',
    ],
    source: 'RFC 6750, section 3.1',
  },
  insufficient_scope: {
    means: 'the token is valid, but lacks a scope this request needs',
    fixes: [
      'Read the missing scope from the answer.',
      'Add it to the app and send the person through the consent page again: an existing token does not grow.',
    ],
    source: 'RFC 6750, section 3.1',
  },
  invalid_state: {
    means: 'the state that came back is not the one your app sent',
    fixes: ['Keep the state in the session of the same browser and compare it once.', 'Treat a difference as an attack: do not exchange the code.'],
    source: 'RFC 6749, section 10.12',
  },
  pkce_required: {
    means: 'the request came without a code_challenge',
    fixes: ['Make a random verifier of 43 to 128 characters, send its SHA-256 as code_challenge with code_challenge_method=S256.'],
    source: 'RFC 7636, section 4.4.1',
  },
  pkce_mismatch: {
    means: 'the code_verifier does not belong to the code_challenge',
    fixes: [
      'Encode the SHA-256 of the verifier as base64url without padding.',
      'Keep the verifier of each attempt apart: a second tab must not overwrite it.',
      'The token endpoint reports this as invalid_grant.',
    ],
    source: 'RFC 7636, section 4.6',
  },
};
