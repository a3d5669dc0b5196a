/** `leave_note`: a note on the customer for the people of the desk, through the desk, once per call. Promises nothing about when it is read. */
import { z } from 'zod';
import type { Desk } from '../desk/desk.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { NoteKind } from '../store/generated/prisma/enums.ts';
import { defineTool } from './define-tool.ts';

const NOTE_CHARS_MAX = 2_000;

const Input = z.strictObject({
  text: z
    .string()
    .trim()
    .min(3)
    .max(NOTE_CHARS_MAX)
    .describe('What the team must know, self-contained: what was asked, agreed, and about which payment, invoice or person.'),
});
const Grant = z.strictObject({ kind: z.enum(NoteKind) });

const TEAMS: Readonly<Record<NoteKind, string>> = {
  general: 'our team',
  support: 'the support team',
  billing: 'the billing team',
  sales: 'the sales team',
  success: 'the customer success team',
  technical: 'the technical team',
};

export function leaveNote(customers: Desk['customers']): AnyTool {
  return defineTool<z.infer<typeof Input>, z.infer<typeof Grant>>({
    name: 'leave_note',
    description:
      "Leaves a note on the customer's account for the people of the team, for example a refund the customer agreed to. Use it when a person must do something later. It does nothing else: say that it was noted, not that it was done.",
    input: Input,
    grant: Grant,
    effect: 'write',
    redact: ['text'],
    // Only a language model can decide that something is worth a person's time.
    infer: () => null,
    async run({ text }, { kind }, { customerId, agentId, callId }) {
      const note = await customers.addAgentNote({ customerId, text, kind, agentId, callId });
      return { summary: `I have left a note for ${TEAMS[kind]} on your account.`, facts: { noteId: note.id, kind, text: note.text } };
    },
  });
}
