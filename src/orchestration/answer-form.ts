/** What a step must end with in a closed form: offered to the model as a tool, and read back with the form's own schema. Asks nobody. */
import { z } from 'zod';
import type { LlmTool } from '../llm/llm.ts';

export interface AnswerForm {
  readonly tool: LlmTool;
  /** What was filled in, or one sentence about what does not fit. */
  read(input: unknown): { readonly value: unknown } | string;
}

export interface FormOf<Value> {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType<Value>;
  readonly fromAnswer: NonNullable<LlmTool['fromAnswer']>;
}

export function answerForm<Value>({ name, description, schema, fromAnswer }: FormOf<Value>): AnswerForm {
  return Object.freeze<AnswerForm>({
    tool: { name, description, inputSchema: z.toJSONSchema(schema, { io: 'input' }), knownInput: null, readOnly: false, fromAnswer },
    read(input) {
      const parsed = schema.safeParse(input);
      if (parsed.success) return { value: parsed.data };
      return `${name} was called with input that does not fit. ${parsed.error.issues.map(({ path, message }) => `${['input', ...path].join('.')}: ${message}`).join('; ')}`;
    },
  });
}
