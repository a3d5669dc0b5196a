/** What each answer of the API with an error means and what helps: general knowledge about it, no customer's data. */

export const API_ERRORS = [
  'bad_request',
  'invalid_token',
  'insufficient_scope',
  'plan_required',
  'not_found',
  'method_not_allowed',
  'version_conflict',
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
  'rate_limited',
  'server_error',
  'unavailable',
] as const;
export type ApiError = (typeof API_ERRORS)[number];

export interface ApiFault {
  readonly status: number;
  /** Fits after "means that". */
  readonly means: string;
  readonly fixes: readonly string[];
  /** Whether the same request may be sent again unchanged. */
  readonly repeat: string;
}

export const API_FAULTS: Readonly<Record<ApiError, ApiFault>> = {
  bad_request: {
    status: 400,
    means: 'the JSON or a parameter could not be read',
    fixes: ['Send "Content-Type: application/json" and check the body with a JSON parser.', 'Encode parameters of the address; dates are ISO 8601.'],
    repeat: 'Repeating it unchanged does not help.',
  },
  invalid_token: {
    status: 401,
    means: 'the token is missing, wrong, has ended or was revoked',
    fixes: [
      'Send it as "Authorization: Bearer $LOOMWORK_TOKEN"; a line break read from a file spoils it.',
      'Look under Settings > Developer > API tokens whether it has ended or was revoked, and create a new one.',
      'Tokens end when their person leaves the workspace.',
    ],
    repeat: 'Do not repeat it with the same token.',
  },
  insufficient_scope: {
    status: 403,
    means: 'the token is valid, but lacks a scope this endpoint needs',
    fixes: ["Read the missing scope from error.message and create a new token with it: a token's scopes cannot be changed."],
    repeat: 'Repeating it does not help.',
  },
  plan_required: {
    status: 403,
    means: "the workspace's plan does not include the API",
    fixes: ['The API belongs to Premium and Enterprise; a workspace that was moved to another plan loses it at once.'],
    repeat: 'Repeating it does not help.',
  },
  not_found: {
    status: 404,
    means: "the thing does not exist, or the token's person may not see it",
    fixes: [
      'Check the id and the path, with /v1 in it.',
      'Add the person of the token to the project if it is private.',
      'Deleted things answer 404 as well: look in the trash.',
    ],
    repeat: 'Repeating it does not help.',
  },
  method_not_allowed: {
    status: 405,
    means: 'this address knows no such method',
    fixes: ['Use PATCH to change a part, PUT to replace, POST on the list to create.'],
    repeat: 'Repeating it does not help.',
  },
  version_conflict: {
    status: 409,
    means: 'somebody changed the thing after you read it',
    fixes: ['Read it again, apply your change to what you get, and send its version along.', 'Leave out fields you do not mean to change.'],
    repeat: 'Repeat only after reading again.',
  },
  payload_too_large: {
    status: 413,
    means: 'the body is larger than the endpoint takes',
    fixes: ['Split batches, and upload files through the attachment endpoint instead of inside JSON.'],
    repeat: 'Repeating it does not help.',
  },
  unsupported_media_type: {
    status: 415,
    means: 'the body came in another format than JSON',
    fixes: ['Send "Content-Type: application/json"; many clients send forms unless told otherwise.'],
    repeat: 'Repeating it does not help.',
  },
  validation_failed: {
    status: 422,
    means: 'the body was read, but fields in it are not valid',
    fixes: [
      'error.details names each field and what is wrong with it.',
      'Custom fields need the id of an option, not its name; people need their id, not their address.',
    ],
    repeat: 'Repeating it unchanged does not help.',
  },
  rate_limited: {
    status: 429,
    means: 'the workspace made more requests in a minute than its plan allows',
    fixes: [
      'Wait as many seconds as Retry-After says; nothing of the request was carried out.',
      'Spread the calls, use pages of 100 and batches, and webhooks instead of polling.',
    ],
    repeat: 'Repeat it after the time in Retry-After.',
  },
  server_error: {
    status: 500,
    means: 'something went wrong on our side',
    fixes: [
      'Repeat with growing pauses, five times at most; POST and PATCH only with an Idempotency-Key.',
      'If it stays, give us the request_id and the time.',
    ],
    repeat: 'It may be repeated.',
  },
  unavailable: {
    status: 503,
    means: 'the service is busy, in maintenance or did not answer in time',
    fixes: ['Look at the status page and repeat with growing pauses.', 'If only one large request fails, ask for less at once.'],
    repeat: 'It may be repeated.',
  },
};
