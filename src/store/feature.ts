/** The features a workspace can use, by the name under which their use is counted. What each is for and who has it stand elsewhere. */

export const FEATURES = [
  'views',
  'subtasks',
  'recurring_tasks',
  'docs',
  'custom_fields',
  'templates',
  'timeline',
  'dependencies',
  'bulk_edit',
  'time_tracking',
  'forms',
  'guests',
  'dashboards',
  'integrations',
  'automations',
  'goals',
  'portfolio_dashboards',
  'api',
] as const;

export type Feature = (typeof FEATURES)[number];
