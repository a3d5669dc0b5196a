/** Past conversations about using the product: usage against the plan, how-to, the API. Limits and figures are the customer's own. */
import { answer, ask, count, month, talk, title, type Facts, type Script } from './script.ts';

export const USAGE_SCRIPTS: readonly Script[] = [nearLimits, whoIsActive, automationsRun];
export const FEATURE_SCRIPTS: readonly Script[] = [howTo];
export const API_SCRIPTS: readonly Script[] = [rateLimited, invalidToken, webhooksMissing, apiOnThisPlan];

function nearLimits(facts: Facts) {
  const { random, plan, policy, usage, usageMonth } = facts;
  const projects = usage.get('projects');
  const storage = usage.get('storage_mb');
  const members = usage.get('members');
  if (usageMonth === null || projects === undefined || storage === undefined || members === undefined) return null;
  const terms = policy.plans[plan];
  return talk(
    'usage_agent',
    ask(facts, random.pick(['How much of our plan are we using?', 'Are we close to any limit?', 'How much storage do we have left?'])),
    answer(
      facts,
      `At the end of ${month(usageMonth)} you had ${projects.toLocaleString('en-US')}${ofMax(terms.projectsMax)} projects, ${members.toLocaleString('en-US')}${ofMax(terms.membersMax)} members and ${storage.toLocaleString('en-US')} MB${ofMax(terms.storageMb, ' MB')} of storage.`,
    ),
    ...random.pick([
      ['What happens when we reach a limit?', 'Nothing is deleted: you only cannot add more until something is removed or the plan is changed.'],
      [
        'What is the easiest way to free some space?',
        'Large attachments of finished projects are what takes most. Deleting them frees the space the same day.',
      ],
    ]),
  );
}

function ofMax(max: number | null, unit = ''): string {
  return max === null ? '' : ` of ${max.toLocaleString('en-US')}${unit}`;
}

function whoIsActive(facts: Facts) {
  const { random, usage, usageMonth, seats } = facts;
  const active = usage.get('active_members');
  const tasks = usage.get('tasks_created');
  if (usageMonth === null || active === undefined || tasks === undefined || facts.plan === 'free') return null;
  const idle = Math.max(0, seats - active);
  return talk(
    'usage_agent',
    ask(
      facts,
      random.pick(['How many of our people really use Loomwork?', 'Do we pay for seats nobody uses?', 'Can you tell me how active our team was last month?']),
    ),
    answer(
      facts,
      `In ${month(usageMonth)}, ${count(active, 'member')} were active and created ${count(tasks, 'task')}. You have ${count(seats, 'seat')}${idle > 0 ? `, so ${idle} were not used that month` : ', so all of them were in use'}.`,
    ),
    ...random.pick([
      ['Where can I see that myself?', 'The list with the last sign-in of each person is under Settings > Members.'],
      ['Can we pay for fewer seats?', 'Yes, an admin can lower the seats under Settings > Billing. What you paid for the rest of the period becomes a credit.'],
    ]),
  );
}

function automationsRun(facts: Facts) {
  const { random, usage, usageMonth } = facts;
  const runs = usage.get('automations_run');
  if (usageMonth === null || runs === undefined) return null;
  return talk(
    'usage_agent',
    ask(facts, random.pick(['How often did our automations run last month?', 'Are our automations still running?'])),
    answer(facts, `In ${month(usageMonth)} your automations ran ${count(runs, 'time')}. Each automation shows its own last runs, including those that failed.`),
  );
}

type HowTo = readonly [question: string, steps: string, again: string, more: string];
const HOW_TO: readonly [HowTo, ...HowTo[]] = [
  [
    'How do I make one task wait for another?',
    'Open the task that has to wait and add the other one under Dependencies. On the timeline the two are joined by a line.',
    'And if the first one slips?',
    'The line turns red when dates collide, and you can let the later task move along with it.',
  ],
  [
    'Can I use the same project setup again?',
    'Yes: open the project menu and save it as a template. Tasks, custom fields and automations come along, people and dates do not.',
    'Who can see the template?',
    'Everyone in the workspace who may create projects.',
  ],
  [
    'How can I track time on tasks?',
    'Start the timer inside a task or enter the hours by hand. Dashboards add them up by person and project.',
    'Can we export that?',
    'Yes, time entries are part of the CSV export.',
  ],
  [
    'Is there a calendar view?',
    'Every project has list, board, timeline and calendar. Switch at the top of the project; each person can have a favourite.',
    'Does it show tasks without a date?',
    'Tasks without a due date wait in the side list and can be dragged onto a day.',
  ],
  [
    'How do I invite a client without giving them everything?',
    'Invite them as a guest: guests see only the projects you share with them.',
    'Can a guest create tasks?',
    'Yes, if you allow it for that project; otherwise they can comment only.',
  ],
  [
    'Can a form create tasks by itself?',
    'Yes. Add a form to a project: every answer becomes a task with its fields filled in.',
    'Can people outside our team fill it in?',
    'Anyone with the link can, unless you limit it to members.',
  ],
  [
    'How do I add our own fields to tasks?',
    'Choose "Add field" in the list view: text, number, date, choice and person are available. The field then exists for every task of the project.',
    'Can we sort by it?',
    'Yes, sort, group and filter work with custom fields.',
  ],
  [
    'How do I assign new tasks automatically?',
    'Create an automation with the trigger "task is added" and the action "assign to". You can limit it to a section or to the value of a field.',
    'Does it apply to old tasks?',
    'No, only to what happens after it was switched on.',
  ],
  [
    'How do I get all our data out?',
    'An export as CSV or JSON is available per project and for the whole workspace.',
    'Are attachments included?',
    'The export contains links to them, valid for people of your workspace.',
  ],
  [
    'What are goals good for?',
    'A goal collects tasks and projects and shows the progress of all of them as one figure. It suits quarterly plans.',
    'Can a goal belong to a team?',
    'Yes, it can have one owner and any number of contributors.',
  ],
];

function howTo(facts: Facts) {
  const { random } = facts;
  const [question, steps, again, more] = random.pick(HOW_TO);
  const first = [ask(facts, question), answer(facts, steps)];
  return random.chance(0.65) ? talk('feature_teacher', ...first, again, more) : talk('feature_teacher', ...first);
}

function rateLimited(facts: Facts) {
  const { random, plan, policy } = facts;
  const limit = policy.plans[plan].apiRequestsPerMinute;
  if (!policy.plans[plan].api || limit === null) return null;
  return talk(
    'api_agent',
    ask(
      facts,
      random.pick([
        'Our sync gets 429 rate_limited all the time.',
        'How many API requests per minute are we allowed?',
        'We receive status 429 from the API during the nightly job.',
      ]),
    ),
    answer(
      facts,
      `On ${title(plan)} the API takes ${count(limit, 'request')} a minute. A 429 carries a Retry-After header with the seconds to wait; after that the request succeeds.`,
    ),
    ...random.pick([
      ['What happens to the calls in between?', 'They are refused and change nothing, so they can be sent again safely after the wait.'],
      [
        'What is the best way to stay under it?',
        'Queue the calls, wait for Retry-After when it comes, and let webhooks tell you about changes instead of polling.',
      ],
    ]),
  );
}

function invalidToken(facts: Facts) {
  const { random, plan, policy } = facts;
  if (!policy.plans[plan].api) return null;
  return talk(
    'api_agent',
    ask(
      facts,
      random.pick([
        'Every API call returns 401 invalid_token.',
        'Our integration stopped working with a 401.',
        'I get 403 insufficient_scope when I create tasks by API.',
      ]),
    ),
    answer(
      facts,
      'Please look at the token under Settings > Developer > API tokens: has it been revoked, and does it have the scope for what you call? It is sent as "Authorization: Bearer" followed by the token.',
    ),
    ...random.pick([
      [
        'The person who made it has left the company.',
        'That explains it. Create a new one with an admin account that stays, and replace it in your integration.',
      ],
      ['It only had read access.', 'Then create a token with the scope you need and replace the old one in your integration.'],
      ['There was a line break at the end of the token.', 'That is enough to make it invalid. Without the line break it will work; no new token is needed.'],
    ]),
  );
}

function webhooksMissing(facts: Facts) {
  const { random, plan, policy } = facts;
  if (!policy.plans[plan].api) return null;
  const { attemptsMax, retryHours } = policy.webhook;
  return talk(
    'api_agent',
    ask(
      facts,
      random.pick([
        'Our webhook endpoint was down for an hour. Are the events lost?',
        'Webhooks arrive twice sometimes. Is that normal?',
        'How do I check that a webhook is really from you?',
      ]),
    ),
    answer(
      facts,
      `A delivery that fails is repeated up to ${attemptsMax} times over ${retryHours} hours, so a short outage loses nothing, and an event may arrive more than once. Each carries a Loomwork-Signature header: an HMAC-SHA256 of the body with your secret.`,
    ),
  );
}

function apiOnThisPlan(facts: Facts) {
  const { random, plan, policy } = facts;
  if (policy.plans[plan].api) return null;
  return talk(
    'api_agent',
    ask(facts, random.pick(['The API answers 403 plan_required. What does that mean?', 'How do we get an API token?', 'Can we connect our own tool by API?'])),
    answer(
      facts,
      `API access starts with the Premium plan; you are on ${title(plan)}. Until then, CSV import and export and automations cover many of the same cases.`,
    ),
  );
}
