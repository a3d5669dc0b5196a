/**
 * What the product is called inside: the menus that exist, and names it no longer has. An article that sends people to a menu that is
 * gone is worse than none. Whoever renames a menu changes this list, and the next round names every article to mend.
 */

/** Second level of the menus, by the first. Deeper levels belong to their article. */
export const MENUS: Readonly<Record<string, readonly string[]>> = {
  Settings: [
    'Automations',
    'Billing',
    'Calendar feeds',
    'Custom fields',
    'Developer',
    'General',
    'Integrations',
    'Legal',
    'Members',
    'Notifications',
    'Privacy',
    'Profile',
    'Roles',
    'Security',
    'Teams',
    'Templates',
    'Time tracking',
    'Workspace',
  ],
};

/** Browsers and systems have settings of their own: a line that names one speaks of theirs. */
const OTHER_PROGRAMS = /\b(?:android|browser|chrome|chromebook|edge|firefox|ios|ipad|iphone|linux|mac|macos|opera|phone|safari|vivaldi|windows)\b/i;

/** Hosts that articles may send people to. */
export const HOSTS: readonly string[] = [
  'app.loomwork.example',
  'api.loomwork.example',
  'status.loomwork.example',
  'loomwork.example',
  'localhost',
  '127.0.0.1',
];

/** Names of earlier versions, and what they are called now. */
export const RETIRED_NAMES: readonly (readonly [retired: string, now: string])[] = [
  ['Gantt view', 'timeline view'],
  ['Kanban view', 'board view'],
  ['Settings > Users', 'Settings > Members'],
  ['Settings > API', 'Settings > Developer'],
  ['Settings > Subscription', 'Settings > Billing'],
  ['Settings > Account', 'Settings > Profile'],
];

export interface DeadName {
  readonly name: string;
  /** From 1, within the text. */
  readonly line: number;
  /** What to write instead; null when nobody knows. */
  readonly now: string | null;
}

/** Menus, hosts and names in an article that the product does not have. */
export function findDeadNames({ title, body }: { readonly title: string; readonly body: string }): readonly DeadName[] {
  const dead: DeadName[] = [];
  const elsewhere = OTHER_PROGRAMS.test(title);
  for (const [index, text] of body.split('\n').entries()) {
    const line = index + 1;
    for (const [retired, now] of RETIRED_NAMES) if (text.toLowerCase().includes(retired.toLowerCase())) dead.push({ name: retired, line, now });
    const own = elsewhere || OTHER_PROGRAMS.test(text) ? '' : text;
    for (const [path, menu = '', entry = ''] of own.matchAll(/\b(Settings) > ([A-Z][\w-]*(?: [a-z][\w-]*)*)/g)) {
      const known = MENUS[menu] ?? [];
      const retired = RETIRED_NAMES.some(([name]) => name === path);
      // In running text a menu may be followed by words ("Settings > Billing and then"), so its beginning decides.
      if (!retired && !known.some((name) => entry === name || entry.startsWith(`${name} `))) dead.push({ name: path, line, now: null });
    }
    for (const [, host = ''] of text.matchAll(/https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)*)/gi)) {
      if (/(?:^|\.)loomwork\./i.test(host) && !HOSTS.includes(host.toLowerCase())) dead.push({ name: host, line, now: null });
    }
  }
  return dead;
}
