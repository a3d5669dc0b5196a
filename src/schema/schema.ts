/** The schema, whole: every noun is imported for what it adds to the builder. Importing it opens nothing and reads no setting. */
import { builder } from './builder.ts';
import './scalars.ts';
import './viewer.ts';
import './agent.ts';
import './customer.ts';
import './contact.ts';
import './note.ts';
import './billing.ts';
import './billing-lists.ts';
import './usage.ts';
import './conversation.ts';
import './message.ts';
import './run.ts';
import './run-lists.ts';
import './conversation-verbs.ts';
import './knowledge.ts';
import './article-upkeep.ts';
import './route.ts';
import './route-correction.ts';
import './agent-run.ts';
import './node.ts';
import './stream-item.ts';
import './message-items.ts';
import './run-items.ts';
import './presence.ts';
import './subscription.ts';

export const schema = builder.toSchema();
