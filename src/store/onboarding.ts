/** The steps of getting started, in the order in which they help most, and the words by which a customer names one. Knows no rows. */

export const ONBOARDING_STEPS = [
  'workspace_profile',
  'first_project',
  'first_tasks',
  'invite_team',
  'notifications',
  'import_work',
  'saved_view',
  'first_template',
  'first_automation',
  'first_dashboard',
] as const;

export type OnboardingStepName = (typeof ONBOARDING_STEPS)[number];

export interface StepWords {
  /** As the customer sees it: completes "The next step is to ...". */
  readonly title: string;
  /** Where it is done. */
  readonly how: string;
  /** The help article that shows it. */
  readonly article: string;
  /** What a customer's own words must contain for the step to be named. */
  readonly named: RegExp;
}

export const STEP_WORDS: Readonly<Record<OnboardingStepName, StepWords>> = {
  workspace_profile: {
    title: 'name the workspace and set its time zone',
    how: 'Open **Settings > Workspace**, enter the name and choose the time zone.',
    article: 'first-project',
    named: /\b(?:workspace|company) (?:name|profile|logo|settings?)\b|\b(?:name|logo|time ?zone)\b[^.!?]{0,30}\bworkspace\b|\btime ?zone\b/i,
  },
  first_project: {
    title: 'create the first project',
    how: 'Press **+ New** at the top left, choose **Project**, then a template or **Blank project**.',
    article: 'first-project',
    named: /\bprojects?\b|\bboards?\b/i,
  },
  first_tasks: {
    title: 'add the first tasks with an assignee and a due date',
    how: 'Press **N** in the project, type one title per line, then choose assignee and due date.',
    article: 'tasks-and-subtasks',
    named: /\btasks?\b|\bto-?dos?\b|\bcards?\b/i,
  },
  invite_team: {
    title: 'invite the team',
    how: 'Open **Settings > Members**, press **Invite** and enter the e-mail addresses.',
    article: 'invite-and-remove-members',
    named: /\binvit\w+|\b(?:added|add)\b[^.!?]{0,30}\b(?:team|colleagues?|members?|people|everybody|everyone)\b/i,
  },
  notifications: {
    title: 'choose which notifications to get',
    how: 'Open **Settings > Notifications** and tick what should reach you, and by which channel.',
    article: 'notification-settings',
    named: /\bnotif\w+|\balerts?\b/i,
  },
  import_work: {
    title: 'bring existing work in',
    how: 'Open **Settings > Workspace > Import**, or the three dots of a project and **Import > CSV**.',
    article: 'import-csv',
    named: /\bimport\w*|\bmigrat\w+|\b(?:brought|moved|bring)\b[^.!?]{0,40}\b(?:over|in|from)\b/i,
  },
  saved_view: {
    title: 'save a view that everybody uses',
    how: 'Set filter, sorting and grouping, press **Save view** and choose **Everybody**.',
    article: 'project-views',
    named: /\bviews?\b/i,
  },
  first_template: {
    title: 'save a project as a template',
    how: 'Open the project, press the three dots beside its name and choose **Save as template**.',
    article: 'templates',
    named: /\btemplates?\b/i,
  },
  first_automation: {
    title: 'switch on a first automation',
    how: 'Open the project, press **Automations > + New rule**, choose a trigger and an action, then **Switch on**.',
    article: 'automations',
    named: /\bautomat\w+|\brules?\b/i,
  },
  first_dashboard: {
    title: 'make a dashboard',
    how: 'Open the project, press **Dashboard**, then **+ Chart**, and **Save**.',
    article: 'dashboards',
    named: /\bdashboards?\b|\breports?\b|\bcharts?\b/i,
  },
};
