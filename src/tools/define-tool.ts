/**
 * Closes a tool's types over, so that everything above deals with one shape: input and grant are parsed here, refusals get their
 * code here, and an abort is honoured here. Knows no particular tool.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import type { AnyTool, Tool, ToolOutcome, TurnText } from '../orchestration/tool.ts';

/** Characters of a message that inference looks at; what a customer asks for stands at the start, and patterns must stay cheap. */
const INFER_CHARS_MAX = 2_000;

/** The same tool with its types closed over. Unknown keys are refused, so `input` and `grant` must be strict objects. */
export function defineTool<Input extends Readonly<Record<string, unknown>>, Grant>(tool: Tool<Input, Grant>): AnyTool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(tool.input, { io: 'input' });
  if (inputSchema['type'] !== 'object' || inputSchema['additionalProperties'] !== false)
    throw new TypeError(`The input of ${tool.name} must be a strict object`);
  return Object.freeze({
    name: tool.name,
    description: tool.description,
    effect: tool.effect,
    unattended: tool.unattended ?? false,
    redact: tool.redact ?? [],
    inputSchema,
    parseGrant: (grant: unknown) => tool.grant.parse(grant),
    infer: ({ text, earlier, reviewed }: TurnText) =>
      tool.infer({
        text: text.slice(0, INFER_CHARS_MAX),
        earlier: earlier.map((before) => before.slice(0, INFER_CHARS_MAX)),
        ...(reviewed ? { reviewed } : {}),
      }),
    async call(input: unknown, grant: unknown, context: Parameters<AnyTool['call']>[2], signal: AbortSignal): Promise<ToolOutcome> {
      signal.throwIfAborted();
      const parsed = parseInput(tool.name, tool.input, input);
      const work = tool.run(parsed, tool.grant.parse(grant), context, signal);
      // What was begun with an effect is waited for: leaving early would report as undone what may be done.
      return tool.effect === 'read' ? await leaveOnAbort(work, signal) : await work;
    },
  });
}

function parseInput<Input>(name: string, schema: z.ZodType<Input>, input: unknown): Input {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${['input', ...issue.path].join('.')}: ${issue.message}`);
  const field = ['input', ...(parsed.error.issues[0]?.path ?? [])].join('.');
  throw new AppError('BAD_INPUT', `${name} was called with input that does not fit. ${problems.join('; ')}`, { field, cause: parsed.error });
}

/** The work's result, or the signal's reason as soon as it aborts; the statement under way ends by its own time limit. */
async function leaveOnAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
