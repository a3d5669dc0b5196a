/** Where work can be brought in from, what becomes of it, and what to do when an import goes wrong. Limits and times are policy rows. */
import { plain } from './reading.ts';

export const IMPORT_SOURCES = [
  'trello',
  'asana',
  'jira',
  'monday',
  'clickup',
  'notion',
  'todoist',
  'wrike',
  'basecamp',
  'smartsheet',
  'airtable',
  'ms_project',
  'excel',
  'csv',
  'other',
] as const;
export type ImportSource = (typeof IMPORT_SOURCES)[number];
export const IMPORT_PROBLEMS = [
  'dates',
  'assignees',
  'letters',
  'separator',
  'file_type',
  'header',
  'twice',
  'stopped',
  'missing',
  'attachments',
  'subtasks',
] as const;
export type ImportProblem = (typeof IMPORT_PROBLEMS)[number];

export interface SourceWords {
  readonly name: string;
  /** `direct`: the product signs in there and reads; `file`: the customer makes a CSV file there. */
  readonly way: 'direct' | 'file';
  readonly words: RegExp;
  readonly steps: readonly string[];
  /** What becomes what. */
  readonly maps: readonly string[];
  /** What does not come along. */
  readonly lost: readonly string[];
  readonly note?: string;
}

const CSV_STEPS = [
  'Save the sheet as **CSV (UTF-8)**, the names of the columns in the first row.',
  'Open the project, press the three dots and choose **Import > CSV**.',
  'Upload the file and connect each column: title, description, assignee (e-mail address), due date, section, tags or a custom field.',
  'Check the preview of the first rows, choose the format of dates, and press **Import**.',
] as const;
const CSV_MAPS = ['a row becomes a task', 'columns become title, description, assignee, due date, section, tags or custom fields'] as const;
const CSV_LOST = ['comments', 'attachments', 'subtasks below their tasks', 'links between entries', 'rules'] as const;

function direct(name: string, words: RegExp, how: string, maps: readonly string[], lost: readonly string[], note?: string): SourceWords {
  const steps = [
    `Open **Settings > Workspace > Import** as an admin and choose **${name}**.`,
    how,
    'Choose what to bring, connect people by e-mail address, check the mapping and press **Start**.',
    'A report with counts comes by e-mail.',
  ];
  return { name, way: 'direct', words, steps, maps, lost, ...(note ? { note } : {}) };
}

/** No direct import: the other tool writes a file, which comes in as CSV. */
function byFile(name: string, words: RegExp): SourceWords {
  return { name, way: 'file', words, steps: [`Export your lists from ${name} as CSV or as an Excel sheet.`, ...CSV_STEPS], maps: CSV_MAPS, lost: CSV_LOST };
}

export const SOURCES: Readonly<Record<ImportSource, SourceWords>> = {
  trello: direct(
    'Trello',
    /\btrello\b/,
    'Press **Connect** and allow read access at Trello; where you may not, upload the JSON file of the board instead.',
    [
      'a board becomes a project',
      'lists become sections',
      'cards become tasks with description, date, members, comments and attachments',
      'checklists become subtasks',
      'labels become a multiple-choice field',
    ],
    ['Butler rules', 'Power-Ups', 'archived cards unless you tick them'],
    'Invite people first: members who are not in your workspace are left off the cards.',
  ),
  asana: direct(
    'Asana',
    /\basana\b/,
    'Sign in at Asana and allow access: the import sees the projects that this account sees.',
    [
      'sections, tasks, dates, assignees, followers and tags come as they are',
      'subtasks come up to three levels',
      'custom fields, dependencies, comments and attachments come along',
    ],
    ['portfolios', 'goals', 'rules', 'forms', 'tasks in private projects of other people'],
    'Subtasks deeper than three levels are moved up to the third.',
  ),
  jira: direct(
    'Jira',
    /\bjira\b/,
    'Sign in at Atlassian and allow read access; you need administration rights in the Jira project.',
    [
      'an epic becomes a task with subtasks',
      'story, task and bug become tasks with the field _Type_',
      'the status becomes the section',
      'priority, labels and story points become custom fields',
      '"blocks" becomes a dependency',
      'a sprint becomes a field',
      'comments and attachments come with author and date',
    ],
    ['workflows', 'permissions', 'dashboards', 'issues hidden by a security level'],
    'This is for Jira Cloud. From Jira Server or Data Center export to CSV and use the CSV import.',
  ),
  monday: byFile(
    'monday.com',
    /\bmonday\.com\b|\b(?:from|off|leaving|leave|our|the) monday(?:\.com)?(?= (?:board|to|into|account|workspace|items|export|with|next)|$|[.,!?])|\bmonday (?:boards?|items?|import|export)\b/,
  ),
  clickup: byFile('ClickUp', /\bclick ?up\b/),
  notion: byFile('Notion', /\bnotion\b/),
  todoist: byFile('Todoist', /\btodoist\b/),
  wrike: byFile('Wrike', /\bwrike\b/),
  basecamp: byFile('Basecamp', /\bbasecamp\b/),
  smartsheet: byFile('Smartsheet', /\bsmart ?sheets?\b/),
  airtable: byFile('Airtable', /\bairtable\b/),
  ms_project: byFile('Microsoft Project', /\b(?:ms|microsoft) project\b|\bmpp\b/),
  excel: {
    name: 'Excel or another spreadsheet',
    way: 'file',
    words: /\bexcel\b|\bxlsx?\b|\bspreadsheets?\b|\bgoogle sheets?\b|\bsheets?\b/,
    steps: CSV_STEPS,
    maps: CSV_MAPS,
    lost: ['formulas', 'colours', 'several sheets in one file', ...CSV_LOST.slice(1, 3)],
    note: 'The file itself must be CSV: an Excel file is not taken as it is.',
  },
  csv: { name: 'a CSV file', way: 'file', words: /\bcsv\b/, steps: CSV_STEPS, maps: CSV_MAPS, lost: CSV_LOST },
  other: {
    name: 'another tool',
    way: 'file',
    words: /(?!)/,
    steps: ['Export your lists there as CSV or as an Excel sheet.', ...CSV_STEPS],
    maps: CSV_MAPS,
    lost: CSV_LOST,
  },
};

/** The order in which they are looked for. */
export const IMPORT_TROUBLE: Readonly<Record<ImportProblem, { readonly words: RegExp; readonly advice: string }>> = {
  twice: {
    words: /\b(?:twice|two times|duplicat\w+|double|again by mistake)\b/,
    advice: 'An import adds and never updates. Undo the second one under **Import > History > Undo**; its tasks go to the trash.',
  },
  file_type: {
    words: /\b(?:unsupported|wrong) (?:file|format)\b|\bfile type\b|\bnot (?:a )?supported\b/,
    advice: 'The import takes CSV files. In Excel choose **Save as > CSV (UTF-8)** and upload that file.',
  },
  separator: {
    words: /\b(?:separator|semicolons?|delimiter|one column|in the title|single column)\b/,
    advice: 'Everything in one column means that the file separates by semicolons: choose the semicolon as the separator before you connect the columns.',
  },
  header: {
    words: /\bheaders?\b|\bcolumn names?\b/,
    advice: 'The first row must hold the names of the columns, each of them once and none of them empty. A column named for the title is all that is needed.',
  },
  letters: {
    words: /\bumlaut\w*|\b(?:strange|weird|wrong|broken|garbled) (?:letters|characters)\b|\butf\b|\baccents?\b/,
    advice: 'Strange letters mean that the file is not UTF-8. Save it again as **CSV (UTF-8)** and import it again.',
  },
  dates: {
    words:
      /\bdates?\b[^.!?]{0,40}\b(?:wrong|not recogni[sz]ed|mapped|format|became|swapped|missing|invalid)\b|\bdate (?:column|format|not)\b|\bparse\b[^.!?]{0,20}\bdate/,
    advice: 'Undo the import, then choose the format that fits your file in the preview, or write dates as `2026-03-31`.',
  },
  assignees: {
    words: /\b(?:assignees?|unassigned|members?|people|users?)\b[^.!?]{0,40}\b(?:match\w*|missing|unassigned|unknown|not|gone|left off)\b|\bunknown assignee\b/,
    advice:
      'People are found by their e-mail address among the members. Invite who is missing first, undo the import and repeat it; otherwise their tasks stay unassigned.',
  },
  attachments: {
    words: /\b(?:attachments?|files?|images?)\b[^.!?]{0,30}\b(?:missing|skipped|not|gone|lost)\b/,
    advice: '"Attachment skipped" means that a file is only a link, or larger than your plan allows for one file. The report lists them; add those by hand.',
  },
  subtasks: {
    words: /\bsub-?tasks?\b[^.!?]{0,30}\b(?:flat|missing|lost|not|gone|levels?)\b/,
    advice: 'Subtasks come along up to three levels from a direct import; deeper ones move up. A CSV file knows no subtasks: each row becomes a task.',
  },
  missing: {
    words:
      /\b(?:only|half|partial\w*|missing|0 of|some|not all|rest|solo)\b[^.!?]{0,40}\b(?:rows?|cards?|tasks?|issues?|came|imported|entraron|across|of)\b|\b(?:rows?|cards?|tasks?|issues?)\b[^.!?]{0,24}\b(?:missing|left out|skipped)\b/,
    advice:
      'Open **Import > History**: rows with errors were left out and are offered there as a file. Correct that file and import only it. What the account that signed in could not see is missing as well.',
  },
  stopped: {
    words: /\b(?:stuck|hangs?|halts?|stopp?(?:s|ed)?|fail(?:s|ed|ing)?|error|abort\w*|refused|could not parse|won't (?:start|finish))\b/,
    advice:
      'Open **Import > History** and read the message of the run. If it says that the other tool refused access, connect again and press **Continue**: nothing is imported twice. With a CSV file the message names the row.',
  },
};

const TROUBLE_ORDER: readonly ImportProblem[] = [
  'twice',
  'file_type',
  'separator',
  'header',
  'letters',
  'dates',
  'attachments',
  'assignees',
  'subtasks',
  'missing',
  'stopped',
];

export function readSource(text: string): ImportSource | undefined {
  const said = plain(text);
  return IMPORT_SOURCES.find((source) => SOURCES[source].words.test(said));
}

export function readImportProblem(text: string): ImportProblem | undefined {
  const said = plain(text);
  return TROUBLE_ORDER.find((problem) => IMPORT_TROUBLE[problem].words.test(said));
}
