/** Tokens for the front-ends of customers. The form of the input is checked here, all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import { TTL_S } from '../desk/customer-token.ts';
import { builder } from './builder.ts';
import { given, idOf, wholeNumber } from './input.ts';
import { CUSTOMER_TOKENS } from './rule.ts';

builder.relayMutationField(
  'createCustomerToken',
  {
    description: 'For whom, and for how long.',
    inputFields: (t) => ({
      customerId: t.id({ required: true, description: 'The customer whose front-end gets it.' }),
      ttlS: t.int({ description: `For how many seconds it works: ${TTL_S.least} to ${TTL_S.most}, ${TTL_S.preset} when left out.` }),
    }),
  },
  {
    authScopes: CUSTOMER_TOKENS,
    description:
      'Makes a token for the front-end of one customer: your back end calls this with its API key and hands the token on. It opens what is this customer’s own, and nothing else. It ends with its time, and at once when the key is revoked or the customer erased; with a key that ends sooner, sooner. Takes the scope `write:conversations` of a key, and `write:customers` of the staff. NOT_FOUND for a customer that is not yours.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.customerTokens.create(requireViewer(viewer), {
        customerId: idOf('input.customerId', 'cus', input.customerId),
        ttlS: given(input.ttlS, (value) => wholeNumber('input.ttlS', value, TTL_S.least, TTL_S.most)),
      }),
  },
  {
    outputFields: (t) => ({
      token: t.string({ description: 'Send it as "Authorization: Bearer <token>". Shown this once.', resolve: (payload) => payload.token }),
      expiresAt: t.field({ type: 'DateTime', description: 'When it ends: get the next one before.', resolve: (payload) => payload.expiresAt }),
    }),
  },
);
