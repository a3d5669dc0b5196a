/** What can be taken out of the product in which format, and the clicks for it; and what to do about files that are not as expected. Limits are policy rows. */
import { plain } from './reading.ts';

export const EXPORT_KINDS = ['tasks', 'timesheet', 'dashboard', 'timeline', 'calendar', 'doc', 'goals', 'form_answers', 'workspace'] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];
export const EXPORT_FORMATS = ['csv', 'excel', 'json', 'pdf', 'png', 'markdown'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
export const EXPORT_PROBLEMS = ['letters', 'columns', 'missing_rows', 'grey', 'stuck', 'link', 'dates', 'print'] as const;
export type ExportProblem = (typeof EXPORT_PROBLEMS)[number];

export const FORMAT_NAMES: Readonly<Record<ExportFormat, string>> = { csv: 'CSV', excel: 'Excel', json: 'JSON', pdf: 'PDF', png: 'PNG', markdown: 'Markdown' };

interface KindWords {
  readonly name: string;
  readonly words: RegExp;
  /** A format that is missing here is not offered. */
  readonly ways: Partial<Readonly<Record<ExportFormat, readonly string[]>>>;
  readonly note?: string;
}

const EXCEL = 'Open the file in Excel with **Data > From text** and choose UTF-8; there is no own Excel file.';

function menuOf(format: string): readonly string[] {
  return [
    'Open the project and set the view and the filter as you need them.',
    `Press the three dots and choose **Export**, then **${format}**.`,
    'Choose **Visible tasks** or **All tasks** and press **Export**.',
  ];
}

function printOf(view: string, more: string): readonly string[] {
  return [`Open the ${view}.`, more, 'Press **Ctrl+P** (**Cmd+P** on a Mac) and choose **Save as PDF** in the window of the browser.'];
}

const TIMESHEET = [
  'Open **Time > Team** in the side bar; your own week is under **Time**.',
  'Choose person, project and period.',
  'Press **Export**: you get a CSV file.',
];
const CHART = ['Open the dashboard.', 'Press the three dots of the chart and choose the format. Each chart is a file of its own.'];
const WORKSPACE = (format: string): readonly string[] => [
  'Open **Settings > Workspace > Export** as the owner or an admin.',
  `Choose **${format}**; tick **Include files** if you want attachments.`,
  'Press **Start export**. A link comes by e-mail.',
];

export const EXPORTS: Readonly<Record<ExportKind, KindWords>> = {
  workspace: {
    name: 'the whole workspace',
    words: /\b(?:whole|entire|complete|full) (?:workspace|account)\b|\beverything\b|\ball (?:of )?(?:our|my|the) (?:data|projects|work|boards)\b|\bback ?up\b/,
    ways: { csv: WORKSPACE('CSV'), json: WORKSPACE('JSON'), excel: [...WORKSPACE('CSV'), EXCEL] },
    note: 'Private projects of other people are not contained: their managers export those.',
  },
  timesheet: {
    name: 'timesheets',
    words: /\btime ?sheets?\b|\bhours\b|\btime (?:report|entries|tracker|tracking|records?)\b|\bbillable\b/,
    ways: { csv: TIMESHEET, excel: [...TIMESHEET, EXCEL] },
  },
  dashboard: {
    name: 'dashboards and charts',
    words: /\bdash ?boards?\b|\bcharts?\b|\bweekly report\b|\bmonthly report\b/,
    ways: {
      png: CHART,
      csv: CHART,
      excel: [...CHART, EXCEL],
      pdf: ['Open the dashboard.', 'Press **Send regularly** and choose day, week or month: a PDF comes by e-mail.'],
    },
  },
  timeline: {
    name: 'the timeline',
    words: /\bgantt\b|\btimelines?\b|\broadmap\b/,
    ways: { pdf: printOf('timeline', 'Choose the period to print; landscape fits best.') },
  },
  calendar: {
    name: 'the calendar',
    words: /\bcalendar\b/,
    ways: { pdf: printOf('calendar', 'Choose month or week.') },
  },
  doc: {
    name: 'docs',
    words: /\bdocs?\b|\bdocuments?\b(?! (?:system|management))|\bwiki\b|\bpages\b/,
    ways: {
      pdf: ['Open the doc.', 'Press the three dots and choose **Export > PDF**.'],
      markdown: ['Open the doc.', 'Press the three dots and choose **Export > Markdown**.'],
    },
  },
  goals: {
    name: 'goals',
    words: /\bgoals?\b|\bokrs?\b/,
    ways: { json: WORKSPACE('JSON'), csv: WORKSPACE('CSV') },
    note: 'Goals have no export of their own; they are part of the export of the workspace, which the owner or an admin starts.',
  },
  form_answers: {
    name: 'answers to a form',
    words: /\bform (?:responses?|answers?|submissions?)\b|\bresponses\b|\bsubmissions\b/,
    ways: { csv: menuOf('CSV'), json: menuOf('JSON'), excel: [...menuOf('CSV'), EXCEL] },
    note: 'Each answer is a task of the project, so exporting the tasks exports the answers.',
  },
  tasks: {
    name: 'tasks of a project',
    words: /\btasks?\b|\bboards?\b|\bprojects?\b|\blists?\b|\bcards?\b|\bto-?do/,
    ways: {
      csv: menuOf('CSV'),
      json: menuOf('JSON'),
      excel: [...menuOf('CSV'), EXCEL],
      pdf: printOf('list view', 'Set filter and columns; list, calendar and timeline have a layout for printing, the board has not.'),
    },
    note: 'JSON is complete, with comments and custom fields; CSV has one row for each task.',
  },
};

interface ProblemWords {
  readonly words: RegExp;
  readonly advice: string;
}

/** Looked at in this order: the more particular first. */
export const PROBLEMS: Readonly<Record<ExportProblem, ProblemWords>> = {
  link: {
    words: /\blink\b[^.!?]{0,30}\b(?:expired?|not work|dead|invalid|gone)\b|\bexpired\b/,
    advice: 'The link of an export works for a limited time and only for the person who started it. Start the export again for a new link.',
  },
  grey: {
    words:
      /\b(?:grey|gray|greyed|grayed|missing|no|don't see|cannot see|can't see|where)\b[^.!?]{0,24}\b(?:export|download)\b|\bexport (?:button |option |menu )?(?:is )?(?:grey|gray|greyed|disabled|missing|gone)/,
    advice:
      '**Export** is grey for guests and viewers of the project, and where an admin has limited exports to managers. Ask a manager of the project to export, or an admin to change it.',
  },
  letters: {
    words: /\b(?:weird|strange|wrong|broken|garbled|funny) (?:characters?|letters?|symbols?)\b|\bumlauts?\b|\butf|\baccents?\b|ã/,
    advice: 'The file is UTF-8. Do not open it by a double click: in Excel use **Data > From text** and choose UTF-8.',
  },
  dates: {
    words: /\bdates?\b[^.!?]{0,30}\b(?:as|wrong|number|format|45\d{3})\b/,
    advice: 'Dates are written as `2026-03-31`. If Excel shows numbers, format the column as a date.',
  },
  columns: {
    words:
      /\b(?:missing|without|lacks?|no|isn't|aren't|not (?:in|there)|include[ds]?)\b[^.!?]{0,40}\b(?:columns?|fields?|comments?|subtasks?|assignees?|ids?|attachments?|hours)\b|\b(?:columns?|fields?|comments?|subtasks?|assignees?|ids?|attachments?)\b[^.!?]{0,40}\b(?:missing|isn't|aren't|not|gone|included|wrong order|cut)\b/,
    advice:
      'CSV contains the columns of the view: show them in the list view first. Comments and all custom fields are in JSON; attachments only come with the export of the workspace and **Include files**.',
  },
  missing_rows: {
    words:
      /\b(?:stops?|only|more than|limit|cut off|missing)\b[^.!?]{0,30}\b(?:rows?|tasks|lines|entries)\b|\b(?:rows?|tasks|entries)\b[^.!?]{0,24}\bmissing\b|\bincomplete\b/,
    advice:
      'With **Visible tasks** only what view and filter show is exported. Choose **All tasks**, and clear the filter; subtasks and completed tasks must be shown too.',
  },
  stuck: {
    words:
      /\b(?:fail(?:s|ed|ing)?|stuck|hangs?|preparing|never (?:came|comes|arrived|finish\w*)|error|0 bytes|empty|breaks? off|bricht|aborts?|stopp?(?:s|ed)?|nothing happens|not finish\w*)\b/,
    advice:
      'Try once more with fewer tasks, or project by project; with **"Export stopped"** try without files. If it fails twice, it is a fault that our technical team must see.',
  },
  print: {
    words: /\bprint\w*\b[^.!?]{0,40}\b(?:cuts?|cut off|one page|small|columns?|blank)\b|\bpdf\b[^.!?]{0,40}\b(?:one page|cut)\b/,
    advice: 'Choose landscape and fewer columns before printing, and for a timeline the period. The board has no layout for printing: switch to the list.',
  },
};

export function readExportKind(text: string): ExportKind | undefined {
  const said = plain(text);
  return EXPORT_ORDER.find((kind) => EXPORTS[kind].words.test(said));
}

/** `tasks` last: nearly every sentence has a project or a task in it. */
const EXPORT_ORDER: readonly ExportKind[] = ['form_answers', 'timesheet', 'dashboard', 'timeline', 'calendar', 'goals', 'doc', 'workspace', 'tasks'];

export function readFormat(text: string): ExportFormat | undefined {
  const said = plain(text);
  const named: readonly (readonly [ExportFormat, RegExp])[] = [
    ['excel', /\bexcel\b|\bxlsx?\b|\bspreadsheets?\b|\bsheet\b/],
    ['csv', /\bcsv\b/],
    ['json', /\bjson\b|\bmachine-readable\b/],
    ['pdf', /\bpdfs?\b|\bprint\w*\b|\bpaper\b/],
    ['png', /\bpng\b|\bpictures?\b|\bimages?\b/],
    ['markdown', /\bmarkdown\b/],
  ];
  const found = named.filter(([, pattern]) => pattern.test(said));
  const [only] = found;
  return only && (found.length === 1 || (found.length === 2 && only[0] === 'excel')) ? only[0] : undefined;
}

export function readExportProblem(text: string): ExportProblem | undefined {
  const said = plain(text);
  return EXPORT_PROBLEMS_ORDER.find((problem) => PROBLEMS[problem].words.test(said));
}

const EXPORT_PROBLEMS_ORDER: readonly ExportProblem[] = ['link', 'grey', 'print', 'letters', 'dates', 'missing_rows', 'columns', 'stuck'];
