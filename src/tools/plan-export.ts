/** `plan_export`: how to take one kind of work out in one format: the steps, the limits, and what to do when the file is not as expected. Exports nothing. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import {
  EXPORT_FORMATS,
  EXPORT_KINDS,
  EXPORT_PROBLEMS,
  EXPORTS,
  FORMAT_NAMES,
  PROBLEMS,
  readExportKind,
  readExportProblem,
  readFormat,
  type ExportFormat,
  type ExportKind,
} from './export-table.ts';
import { hasFeature } from './list-features.ts';
import { readEntries } from './reading-entries.ts';
import { isAboutExport } from './topics-usage.ts';
import { capitalise, paragraphs, sentences, writeCount, writeList, writeNumber } from './words.ts';

const Input = z.strictObject({
  kind: z.enum(EXPORT_KINDS).optional().describe('What is to be taken out; left out when the customer has not said.'),
  format: z.enum(EXPORT_FORMATS).optional().describe('The format they want; left out when they have not said.'),
  entries: z.number().int().min(1).max(10_000_000).optional().describe('How many tasks it is about, if named.'),
  problem: z.enum(EXPORT_PROBLEMS).optional().describe('What is wrong with an export that was made.'),
});
type Input = z.infer<typeof Input>;

interface Limits {
  readonly tasksAtOnce: number;
  readonly linkDays: number;
}

export function planExport(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'plan_export',
    description:
      'Gives the steps to take work out of the product: kind of data and format, what is not offered, limits, and advice when a file is wrong or an export fails. Use it for exports, downloads and printing of tasks, timesheets, dashboards, docs. It starts nothing.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutExport(text) ? inferInput(text) : null),
    async run(input, _grant, { customerId }) {
      const [customer, policy] = await Promise.all([database.customer.findUnique({ where: { id: customerId }, select: { plan: true } }), readPolicy(database)]);
      if (!customer) throw notFound('customer');
      const limits = { tasksAtOnce: policy.projectExport.tasksAtOnce, linkDays: policy.exports.linkDays };
      const { kind, format, problem } = input;
      const acrossProjects = hasFeature(policy, customer.plan, 'portfolio_dashboards');
      return {
        summary: paragraphs(
          problem && PROBLEMS[problem].advice,
          // Who has the file already asks about the file, not about the way to it.
          (problem === undefined || (kind !== undefined && format !== undefined)) && stepsWords(input, limits),
          kind === 'dashboard' &&
            !acrossProjects &&
            `Dashboards across projects are not part of your ${capitalise(customer.plan)} plan (${capitalise(policy.featurePlans.portfolio_dashboards)} has them); the dashboard of a single project is.`,
        ),
        facts: {
          kind: kind ?? null,
          format: format ?? null,
          offered: kind ? (format === undefined ? null : EXPORTS[kind].ways[format] !== undefined) : null,
          formats: kind ? formatsOf(kind) : null,
          steps: kind && format ? (EXPORTS[kind].ways[format] ?? null) : null,
          limits,
          problem: problem ?? null,
          advice: problem ? PROBLEMS[problem].advice : null,
        },
      };
    },
  });
}

function inferInput(text: string): Input {
  const kind = readExportKind(text);
  const format = readFormat(text);
  const problem = readExportProblem(text);
  const entries = readEntries(text);
  return { ...(kind ? { kind } : {}), ...(format ? { format } : {}), ...(problem ? { problem } : {}), ...(entries ? { entries } : {}) };
}

function stepsWords(input: Input, limits: Limits): string {
  const { kind, format } = input;
  if (!kind && !format) return `You can export ${writeList(EXPORT_KINDS.map((one) => EXPORTS[one].name))}. Which of these, and as CSV, Excel, JSON or PDF?`;
  if (!kind && format) {
    const kinds = EXPORT_KINDS.filter((one) => EXPORTS[one].ways[format] !== undefined);
    return `As ${FORMAT_NAMES[format]} you can get ${writeList(kinds.map((one) => EXPORTS[one].name))}. Which of these do you need?`;
  }
  if (!kind) return '';
  const { name, ways, note } = EXPORTS[kind];
  if (!format) return sentences(`You can get ${name} as ${writeList(formatsOf(kind).map((one) => FORMAT_NAMES[one]))}. Which format do you need?`, note);
  const steps = ways[format];
  if (!steps)
    return sentences(
      `There is no ${FORMAT_NAMES[format]} export of ${name}. You can get ${name} as ${writeList(formatsOf(kind).map((one) => FORMAT_NAMES[one]))}.`,
      note,
    );
  return paragraphs(
    `This is how you get ${name} as ${FORMAT_NAMES[format]}:`,
    steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
    sentences(sizeWords(input, limits), note),
  );
}

function sizeWords({ kind, format, entries }: Input, { tasksAtOnce, linkDays }: Limits): string {
  if (kind === 'workspace' || kind === 'goals') return `The link works for ${writeCount(linkDays, 'day')}.`;
  if ((kind !== 'tasks' && kind !== 'form_answers') || format === 'pdf') return '';
  const link = `as a link by e-mail, which works for ${writeCount(linkDays, 'day')}`;
  if (entries === undefined) return `Up to ${writeNumber(tasksAtOnce)} tasks the file comes at once; larger projects come ${link}.`;
  return entries <= tasksAtOnce
    ? `With ${writeNumber(entries)} tasks the file comes at once.`
    : `With ${writeNumber(entries)} tasks it does not come at once but ${link}.`;
}

function formatsOf(kind: ExportKind): readonly ExportFormat[] {
  return EXPORT_FORMATS.filter((format) => EXPORTS[kind].ways[format] !== undefined);
}
