/** `explain_api_error`: what an error answer of the API means, what helps, and whether to repeat it. Sees no request of the customer. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import { API_ERRORS, API_FAULTS, type ApiError } from './api-errors.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutApiError, textAbout } from './topics-technical.ts';
import { paragraphs, sentences, writeBullets } from './words.ts';

const Input = z.strictObject({
  error: z.enum(API_ERRORS).optional().describe('The code in the body of the answer.'),
  status: z.number().int().min(400).max(599).optional().describe('The HTTP status, when the code is not known.'),
});
type Input = z.infer<typeof Input>;

export function explainApiError(): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'explain_api_error',
    description:
      'Explains an error answer of the API by its code or HTTP status: meaning, fixes in order, and whether to repeat. Use it when a call answers 400, 401, 403, 404, 409, 422, 429 or 5xx.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer(turn) {
      const text = textAbout(turn, isAboutApiError);
      return text === null ? null : readApiError(text);
    },
    async run(input) {
      const errors = errorsOf(input);
      if (errors.length === 0)
        return {
          summary: 'I know no such error of the API. The word in error.code of the answer says more than its status; request_id lets us find the request.',
          facts: { errors: [] },
        };
      return {
        summary: paragraphs(
          ...errors.map(describe),
          'Errors have the form {"error":{"code","message","request_id"}}; the request_id finds the request in our log.',
        ),
        facts: { errors: errors.map((error) => ({ code: error, ...API_FAULTS[error] })) },
      };
    },
  });
}

function describe(error: ApiError): string {
  const { status, means, fixes, repeat } = API_FAULTS[error];
  return paragraphs(sentences(`${status} \`${error}\` means that ${means}.`, repeat), writeBullets(fixes));
}

function errorsOf({ error, status }: Input): readonly ApiError[] {
  if (error) return [error];
  if (status === undefined) return [];
  // A gateway's words differ, but the advice is the same.
  if (status === 502 || status === 504) return ['unavailable'];
  return API_ERRORS.filter((one) => API_FAULTS[one].status === status);
}

/** The code the text quotes, else the status it names. */
function readApiError(text: string): Input {
  const said = plain(text);
  const error = API_ERRORS.find((one) => one.includes('_') && said.includes(one));
  if (error) return { error };
  const status = Number(/\b(4\d\d|5\d\d)\b/.exec(said)?.[1]);
  return Number.isInteger(status) ? { status } : {};
}
