/**
 * `plan_import`: how to bring work in from another tool or a file: the way, what becomes what, what stays behind, how long it takes and
 * whether it fits the plan; or what to do about an import that went wrong. Imports nothing.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Plan } from '../store/generated/prisma/client.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { IMPORT_PROBLEMS, IMPORT_SOURCES, IMPORT_TROUBLE, readImportProblem, readSource, SOURCES } from './import-table.ts';
import { readBoards, readEntries } from './reading-entries.ts';
import { isAboutImport } from './topics-usage.ts';
import { capitalise, paragraphs, sentences, writeCount, writeList, writeNumber } from './words.ts';

const Input = z.strictObject({
  source: z.enum(IMPORT_SOURCES).optional().describe('The tool or file the work comes from; left out when the customer has not said.'),
  entries: z.number().int().min(1).max(10_000_000).optional().describe('How many tasks, cards, issues or rows, if named.'),
  boards: z.number().int().min(1).max(10_000_000).optional().describe('How many boards or projects, if named.'),
  problem: z.enum(IMPORT_PROBLEMS).optional().describe('What went wrong with an import that was made.'),
});
type Input = z.infer<typeof Input>;

/** What the plan lets in. */
interface Room {
  readonly plan: Plan;
  /** Null: without a limit. */
  readonly projectsMax: number | null;
  readonly projects: number | null;
}

export function planImport(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'plan_import',
    description:
      "Plans bringing work in from Trello, Asana, Jira, Monday, CSV, Excel and others: steps, what is mapped to what, what is lost, a time estimate for the number named, limits of files and of the customer's plan; and advice when an import failed or is incomplete.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutImport(text) ? inferInput(text) : null),
    async run(input, _grant, { customerId }) {
      const [customer, policy, projects] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }),
        readPolicy(database),
        database.usageRecord.findFirst({ where: { customerId, metric: 'projects' }, orderBy: { month: 'desc' }, select: { quantity: true } }),
      ]);
      if (!customer) throw notFound('customer');
      const room: Room = { plan: customer.plan, projectsMax: policy.plans[customer.plan].projectsMax, projects: projects?.quantity ?? null };
      const { source, problem } = input;
      const known = source ? SOURCES[source] : null;
      const minutes = known ? minutesOf(input, known.way, policy) : null;
      return {
        summary: problem
          ? trouble(problem, policy)
          : known
            ? paragraphs(planWords(known, input, minutes, policy), roomWords(input, room))
            : whichSource(policy),
        facts: {
          source: source ?? null,
          way: known?.way ?? null,
          steps: known?.steps ?? null,
          maps: known?.maps ?? null,
          notCarriedOver: known?.lost ?? null,
          minutes,
          files: known?.way === 'file' ? filesOf(input, policy) : null,
          limits: policy.imports,
          projects: room,
          problem: problem ?? null,
          advice: problem ? IMPORT_TROUBLE[problem].advice : null,
        },
      };
    },
  });
}

function inferInput(text: string): Input {
  const source = readSource(text);
  const problem = readImportProblem(text);
  const entries = readEntries(text);
  const boards = readBoards(text);
  return { ...(source ? { source } : {}), ...(problem ? { problem } : {}), ...(entries ? { entries } : {}), ...(boards ? { boards } : {}) };
}

/** Preparing, and the run itself; null when the customer named no number. */
function minutesOf({ entries }: Input, way: 'direct' | 'file', { imports }: Policy): number | null {
  if (entries === undefined) return null;
  const perThousand = way === 'direct' ? imports.directMinutesPerThousand : imports.fileMinutesPerThousand;
  return imports.prepareMinutes + Math.max(1, Math.ceil((entries * perThousand) / 1_000));
}

function filesOf({ entries }: Input, { imports }: Policy): number | null {
  return entries === undefined ? null : Math.ceil(entries / imports.rowsMax);
}

function planWords({ name, way, steps, maps, lost, note }: (typeof SOURCES)['csv'], input: Input, minutes: number | null, policy: Policy): string {
  const { rowsMax, fileMbMax, undoDays } = policy.imports;
  const files = way === 'file' ? filesOf(input, policy) : null;
  return paragraphs(
    way === 'direct' ? `You can import directly from ${name}:` : `Work from ${name} comes in as a CSV file:`,
    steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    `What becomes of it: ${maps.join('; ')}. Not carried over: ${writeList(lost)}.`,
    sentences(
      note,
      way === 'file' && `A file may have ${writeNumber(rowsMax)} rows and ${fileMbMax} MB.`,
      files !== null && files > 1 && `Your ${writeNumber(input.entries ?? 0)} entries make ${writeCount(files, 'file')}.`,
      minutes !== null && `For ${writeNumber(input.entries ?? 0)} entries expect about ${timeWords(minutes)}, preparation included.`,
      `An import can be undone for ${writeCount(undoDays, 'day')} under **Import > History**.`,
    ),
  );
}

/** Only a plan with a limit on projects has something to say here. */
function roomWords({ boards }: Input, { plan, projectsMax, projects }: Room): string {
  if (projectsMax === null) return '';
  const free = Math.max(0, projectsMax - (projects ?? 0));
  const have =
    projects === null
      ? ''
      : ` You have ${writeCount(projects, 'project')}, so ${free === 0 ? 'there is no room for another one' : `there is room for ${writeNumber(free)} more`}.`;
  const needed = boards !== undefined && boards > free ? ` Your ${writeCount(boards, 'board')} would not fit.` : '';
  return `Mind the limit of the ${capitalise(plan)} plan: ${writeCount(projectsMax, 'project')}, and each imported board or project counts as one.${have}${needed}`;
}

function trouble(problem: (typeof IMPORT_PROBLEMS)[number], { imports }: Policy): string {
  return `${IMPORT_TROUBLE[problem].advice} An import can be undone for ${writeCount(imports.undoDays, 'day')}.`;
}

function whichSource({ imports }: Policy): string {
  const names = IMPORT_SOURCES.filter((source) => SOURCES[source].way === 'direct').map((source) => SOURCES[source].name);
  return `Work can be imported directly from ${writeList(names)}, and from any other tool as a CSV file of up to ${writeNumber(imports.rowsMax)} rows. Where does your work come from, and about how many tasks are there?`;
}

function timeWords(minutes: number): string {
  if (minutes < 90) return writeCount(minutes, 'minute');
  return `${writeNumber(Math.round(minutes / 30) / 2)} hours`;
}
