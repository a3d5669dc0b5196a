/** The faults of the product that are on record: one incident that runs, one that is over, and bugs in all states. The same for everybody. */
import type { KnownIssueStatus, Prisma, Severity } from '../generated/prisma/client.ts';
import { addDays } from '../period.ts';
import { createRandom } from './random.ts';

interface IssueDraft {
  readonly title: string;
  readonly area: 'web' | 'mobile' | 'desktop' | 'api' | 'webhooks' | 'sync' | 'billing' | 'sign_in';
  readonly status: KnownIssueStatus;
  readonly severity: Severity;
  readonly symptoms: readonly string[];
  readonly workaround: string | null;
  readonly startedDaysAgo: number;
  readonly incident?: boolean;
  readonly fixedIn?: string;
  readonly fixedDaysAgo?: number;
}

const ISSUES: readonly IssueDraft[] = [
  {
    title: 'Push notifications on Android arrive late',
    area: 'mobile',
    status: 'identified',
    severity: 'medium',
    incident: true,
    symptoms: ['push notifications android', 'android notification late', 'notifications phone delayed', 'push delayed', 'push late'],
    workaround: 'open the app once an hour; what waits is shown at once.',
    startedDaysAgo: 0.3,
  },
  {
    title: 'API and webhooks answered slowly in Europe',
    area: 'api',
    status: 'fixed',
    severity: 'high',
    incident: true,
    symptoms: ['api slow', 'api timeout', 'api timing out', 'webhooks late', 'webhook delay', '504 api'],
    workaround: null,
    startedDaysAgo: 6.4,
    fixedDaysAgo: 6.3,
  },
  {
    title: 'The timeline freezes when a dependency is dragged',
    area: 'web',
    status: 'identified',
    severity: 'high',
    symptoms: [
      'timeline freezes',
      'timeline froze',
      'timeline crash',
      'timeline hangs',
      'timeline hang',
      'timeline not responding',
      'dependency freezes',
      'dependency crash',
    ],
    workaround: 'set the dependency in the panel of the task instead of dragging it.',
    startedDaysAgo: 4.2,
  },
  {
    title: 'The desktop app for Windows closes itself after waking from sleep',
    area: 'desktop',
    status: 'identified',
    severity: 'high',
    symptoms: [
      'desktop app crash',
      'desktop app closes',
      'windows app crash',
      'windows app closes',
      'app closes itself',
      'desktop sleep',
      'laptop sleep crash',
      'blue screen',
    ],
    workaround: 'switch off "Keep running in the background" in the app\'s settings, or use the browser.',
    startedDaysAgo: 9.1,
  },
  {
    title: 'The app for iPhone crashes when a photo is attached',
    area: 'mobile',
    status: 'fixed',
    severity: 'high',
    symptoms: ['iphone crash', 'ios crash', 'ios app closes', 'crash photo', 'crash attach', 'app crashes picture'],
    workaround: 'attach the photo in the browser of the phone.',
    startedDaysAgo: 21.5,
    fixedIn: '8.14.2',
    fixedDaysAgo: 12,
  },
  {
    title: 'The app for Android crashes at the start when a project was deleted',
    area: 'mobile',
    status: 'investigating',
    severity: 'high',
    symptoms: ['android crash', 'android app closes', 'app crashes start', 'app crashes open', 'samsung crash', 'pixel crash'],
    workaround: "clear the app's cache in the phone's settings, not its data, and start it again.",
    startedDaysAgo: 2.7,
  },
  {
    title: 'Boards with many swimlanes scroll slowly',
    area: 'web',
    status: 'identified',
    severity: 'medium',
    symptoms: ['board slow', 'board lags', 'board scroll', 'swimlanes slow', 'scrolling lag', 'kanban slow', 'board forever', 'board ages'],
    workaround: 'fold the swimlanes you do not need; folded ones are not drawn.',
    startedDaysAgo: 14.6,
  },
  {
    title: 'Dashboards show the numbers of the day before',
    area: 'web',
    status: 'identified',
    severity: 'medium',
    symptoms: [
      'dashboard wrong numbers',
      'dashboard wrong',
      'dashboard old numbers',
      'dashboard not updating',
      'report wrong numbers',
      'wrong totals dashboard',
      'chart wrong',
    ],
    workaround: 'press Refresh in the menu of the widget; it counts anew.',
    startedDaysAgo: 3.4,
  },
  {
    title: 'A white page after an update until the cache is emptied',
    area: 'web',
    status: 'fixed',
    severity: 'medium',
    symptoms: ['white page', 'white screen', 'blank page', 'blank screen', 'page empty', 'blank since update'],
    workaround: 'reload with Ctrl+Shift+R (Cmd+Shift+R on a Mac).',
    startedDaysAgo: 18.2,
    fixedIn: '2026.11.1',
    fixedDaysAgo: 8,
  },
  {
    title: 'Uploads of files over 100 MB stop at 99 percent in Safari',
    area: 'web',
    status: 'investigating',
    severity: 'medium',
    symptoms: ['upload stuck', 'upload fails safari', 'upload stops', 'upload 99', 'safari upload'],
    workaround: 'upload the file in Chrome or Firefox, or put a link to it.',
    startedDaysAgo: 5.8,
  },
  {
    title: 'Google Calendar shows moved events twice',
    area: 'sync',
    status: 'identified',
    severity: 'medium',
    symptoms: ['calendar twice', 'calendar duplicate', 'calendar doubled', 'duplicate events', 'events twice', 'google calendar sync'],
    workaround: 'delete the older of the two in Google Calendar; it does not come back.',
    startedDaysAgo: 11.3,
  },
  {
    title: 'Comments in Slack threads arrive with a delay of up to an hour',
    area: 'sync',
    status: 'investigating',
    severity: 'low',
    symptoms: ['slack delayed', 'slack late', 'slack comments missing', 'slack messages late', 'slack sync'],
    workaround: 'mention the task in the channel itself; only threads are late.',
    startedDaysAgo: 1.9,
  },
  {
    title: 'Changes made offline on a tablet are sent twice',
    area: 'sync',
    status: 'fixed',
    severity: 'medium',
    symptoms: ['offline changes twice', 'offline duplicate', 'tablet duplicate', 'ipad duplicate tasks', 'offline changes lost'],
    workaround: null,
    startedDaysAgo: 27.4,
    fixedIn: '8.14.0',
    fixedDaysAgo: 16,
  },
  {
    title: 'Webhooks of imports are sent without the project',
    area: 'webhooks',
    status: 'identified',
    severity: 'low',
    symptoms: ['webhook import', 'payload project missing', 'webhook project null', 'payload without project'],
    workaround: 'read the task from the API by the id in the payload.',
    startedDaysAgo: 19.7,
  },
  {
    title: 'The e-mail editor loses formatting that was pasted from Word',
    area: 'web',
    status: 'investigating',
    severity: 'low',
    symptoms: ['paste word', 'formatting lost', 'pasted formatting', 'copy word formatting', 'email not rendered'],
    workaround: 'paste with Ctrl+Shift+V and format anew.',
    startedDaysAgo: 24.1,
  },
  {
    title: 'Sign-in with Google asks twice in Firefox with strict protection',
    area: 'sign_in',
    status: 'identified',
    severity: 'low',
    symptoms: ['google sign firefox', 'google login twice', 'firefox login loop', 'google login loop'],
    workaround: 'click the shield in the address bar and make an exception for app.loomwork.example.',
    startedDaysAgo: 30.2,
  },
];

export function knownIssueRows(today: Date): Prisma.KnownIssueCreateManyInput[] {
  const random = createRandom('known faults of the product');
  return ISSUES.map(({ startedDaysAgo, fixedDaysAgo, fixedIn, incident, symptoms, ...issue }) => {
    const startedAt = addDays(today, -startedDaysAgo);
    return {
      ...issue,
      id: random.id('iss', startedAt),
      incident: incident === true,
      symptoms: [...symptoms],
      fixedIn: fixedIn ?? null,
      startedAt,
      fixedAt: fixedDaysAgo === undefined ? null : addDays(today, -fixedDaysAgo),
    };
  });
}
