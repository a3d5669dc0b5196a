/** What each feature is for, how hard it is, the smallest thing to try, and the article that teaches it. Which plan has it is a policy row. */
import { FEATURES, type Feature } from '../store/feature.ts';
import { plain } from './reading.ts';

export const LEVELS = ['beginner', 'intermediate', 'advanced'] as const;
export type Level = (typeof LEVELS)[number];

export interface FeatureWords {
  readonly name: string;
  readonly level: Level;
  /** Completes "<name> are there to ...". */
  readonly purpose: string;
  /** The smallest thing to try, one sentence. */
  readonly first: string;
  /** The slug of the article that teaches it. */
  readonly article: string;
  /** How customers call it. */
  readonly words: RegExp;
}

export const FEATURE_WORDS: Readonly<Record<Feature, FeatureWords>> = {
  views: {
    name: 'Views',
    level: 'beginner',
    purpose: 'look at the same tasks as a list, a board or a calendar',
    first: 'Open a project and press **1** to **4** to switch between its views.',
    article: 'project-views',
    words: /\b(?:saved )?views?\b|\bboards?\b|\bkanban\b|\bcalendar\b|\blist view\b/,
  },
  subtasks: {
    name: 'Tasks and subtasks',
    level: 'beginner',
    purpose: 'break work into steps that different people own',
    first: 'Open a task, press **+ Subtask**, and give it its own assignee and date.',
    article: 'tasks-and-subtasks',
    words: /\bsub-?tasks?\b|\bchecklists?\b|\btasks?\b/,
  },
  recurring_tasks: {
    name: 'Recurring tasks',
    level: 'beginner',
    purpose: 'have a task come back by itself',
    first: 'Click the due date of a task that comes back, and choose **Repeat**.',
    article: 'recurring-tasks',
    words: /\brecurring\b|\brepeat\w*\b|\brecurrence\b/,
  },
  docs: {
    name: 'Docs',
    level: 'beginner',
    purpose: 'write notes, briefs and handbooks beside the tasks',
    first: 'Press **+ New > Doc**, write a line, select it and press **Create task**.',
    article: 'docs',
    words: /\bdocs?\b|\bwikis?\b|\bmeeting notes\b/,
  },
  custom_fields: {
    name: 'Custom fields',
    level: 'intermediate',
    purpose: 'keep your own information with each task, such as a budget or a customer',
    first: 'In the list view press **+** at the right of the column headings and add one single-choice field.',
    article: 'custom-fields',
    words: /\bcustom fields?\b|\bown fields?\b|\bformulas?\b|\bstory points?\b/,
  },
  templates: {
    name: 'Templates',
    level: 'intermediate',
    purpose: 'start the same kind of project again with its tasks, fields and relative dates',
    first: 'Open a finished project, press the three dots beside its name and choose **Save as template**.',
    article: 'templates',
    words: /\btemplates?\b/,
  },
  timeline: {
    name: 'Timeline',
    level: 'intermediate',
    purpose: 'see work as bars over time, as in a Gantt chart',
    first: 'Open a project whose tasks have dates, choose **Timeline** and drag the end of a bar.',
    article: 'project-views',
    words: /\btimelines?\b|\bgantt\b|\broadmaps?\b|\bmilestones?\b/,
  },
  dependencies: {
    name: 'Dependencies',
    level: 'intermediate',
    purpose: 'say which task waits for which, so that dates move together',
    first: 'Open the task that waits, press **Dependencies > Blocked by** and pick the other one.',
    article: 'dependencies',
    words: /\bdependenc\w+|\bblocked by\b|\bblockers?\b|\bcritical path\b|\bpredecessors?\b/,
  },
  bulk_edit: {
    name: 'Bulk edit',
    level: 'intermediate',
    purpose: 'change many tasks in one step',
    first: 'Filter the list view, select tasks with the boxes at the left and use the bar at the foot.',
    article: 'bulk-edit',
    words: /\bbulk\b|\bmany tasks at once\b|\bmass (?:edit|update)\b/,
  },
  time_tracking: {
    name: 'Time tracking',
    level: 'intermediate',
    purpose: 'record the time spent and compare it with an estimate',
    first: 'Open a task, press **Start timer**, and **Stop** when you are done.',
    article: 'time-tracking',
    words: /\btime[ -]?track\w*|\btime ?sheets?\b|\btimers?\b|\btrack(?:ing)? (?:of )?time\b|\bestimat\w+/,
  },
  forms: {
    name: 'Forms',
    level: 'intermediate',
    purpose: 'turn what people send in into tasks',
    first: 'Open the project, press **Forms > + New form**, connect two questions with fields and press **Publish**.',
    article: 'forms',
    words: /\bforms?\b|\bintake\b|\bsurveys?\b/,
  },
  guests: {
    name: 'Guests',
    level: 'intermediate',
    purpose: 'let clients and freelancers into single projects',
    first: 'Press **Share** in a project, enter an address outside your team and choose **Commenter**.',
    article: 'guests',
    words: /\bguests?\b/,
  },
  dashboards: {
    name: 'Dashboards',
    level: 'intermediate',
    purpose: 'show numbers and charts about a project, always current',
    first: 'Open a project, press **Dashboard**, then **+ Chart**, choose a ring of tasks by status and press **Save**.',
    article: 'dashboards',
    words: /\bdash ?boards?\b|\breporting\b|\breports?\b|\bcharts?\b/,
  },
  integrations: {
    name: 'Integrations',
    level: 'intermediate',
    purpose: 'connect Slack, Google Calendar and others with your projects',
    first: 'Open **Settings > Integrations**, choose **Slack** and connect one channel with one project.',
    article: 'slack',
    words: /\bintegrations\b/,
  },
  automations: {
    name: 'Automations',
    level: 'advanced',
    purpose: 'do something by itself when something happens: when a task moves to Review, assign it to Ana',
    first: 'Open the project, press **Automations > + New rule**, choose "task moved" and "assign", then **Switch on**.',
    article: 'automations',
    words: /\bautomati?on?s?\b|\bautomate\w*|\brules\b|\btriggers?\b/,
  },
  goals: {
    name: 'Goals',
    level: 'advanced',
    purpose: 'connect what the team does with what it wants to reach',
    first: 'Open **Goals**, press **+ Goal**, and add one key result measured by tasks completed.',
    article: 'goals',
    words: /\bgoals?\b|\bokrs?\b|\bkey results?\b/,
  },
  portfolio_dashboards: {
    name: 'Dashboards across projects',
    level: 'advanced',
    purpose: 'see several projects, the workload of people and trends over time in one place',
    first: 'Press **Dashboards > + New** in the side bar and choose the projects to count.',
    article: 'dashboards',
    words: /\bworkload\b|\b(?:dashboards?|reports?) (?:across\b|(?:over|of|for) (?:all|several|many|multiple)\b)|\bportfolios?\b|\badvanced analytics\b/,
  },
  api: {
    name: 'API and webhooks',
    level: 'advanced',
    purpose: 'read and write tasks from your own programs',
    first: 'Create a token under **Settings > Developer > API tokens** and read your projects with it.',
    article: 'api-quick-start',
    words: /\bapi\b|\bwebhooks?\b/,
  },
};

/** The feature the text names; the more particular one when it names several, undefined when it names none. */
export function readFeature(text: string): Feature | undefined {
  const said = plain(text);
  return FEATURES.toReversed().find((feature) => FEATURE_WORDS[feature].words.test(said));
}
