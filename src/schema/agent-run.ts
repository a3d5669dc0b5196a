/** Running one agent by its id. The form of the input is checked here, all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import { SCOPE_OF_TIER } from '../desk/agent-run.ts';
import { badInput } from '../foundation/errors.ts';
import { builder } from './builder.ts';
import { agentIdOf, email, given, idOf, key, text } from './input.ts';
import { own } from './rule.ts';
import { Run } from './run.ts';

builder.relayMutationField(
  'runAgent',
  {
    description: 'Which agent, for whom, with what.',
    inputFields: (t) => ({
      agentId: t.id({ required: true, description: 'The agent: "refund_processor".' }),
      text: t.string({ required: true, description: 'What it is asked, in the words of the customer.' }),
      customerId: t.id({ description: 'For whom. A customer may leave it out; others give this or `customerEmail`.' }),
      customerEmail: t.string({ description: 'For whom, by the main address, instead of `customerId`. Nobody is created for it.' }),
      idempotencyKey: t.string({ description: 'Your own key for this start: the same key and body give the same run, another body is CONFLICT.' }),
    }),
  },
  {
    authScopes: (_root, { input }, { catalog }) => own(SCOPE_OF_TIER[catalog.get(input.agentId)?.tier ?? 'essential']),
    description:
      'Runs one agent by itself, outside any conversation: follow it with `runEvents`, its answer is `text` in the result of the run. NOT_FOUND for an agent there is not, UNAVAILABLE for one that is switched off, FORBIDDEN for a customer who asks an agent that works for the desk.',
    resolve: (_root, { input }, { viewer, desk, messageCharsMax }) => {
      const known = requireViewer(viewer);
      if (input.customerId != null && input.customerEmail != null) throw badInput('input.customerEmail', 'give the customer by id or by address, not both.');
      return desk.agentRuns.start(known, {
        agentId: agentIdOf('input.agentId', input.agentId),
        text: text('input.text', input.text, messageCharsMax),
        customerId: given(input.customerId, (id) => idOf('input.customerId', 'cus', id)) ?? null,
        customerEmail: given(input.customerEmail, (value) => email('input.customerEmail', value)) ?? null,
        idempotencyKey: given(input.idempotencyKey, (value) => key('input.idempotencyKey', value)) ?? null,
      });
    },
  },
  { outputFields: (t) => ({ run: t.field({ type: Run, description: 'The run, queued.', resolve: (payload) => payload.run }) }) },
);
