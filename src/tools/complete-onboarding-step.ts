/** `complete_onboarding_step`: ticks off one step of getting started through the desk, on the customer's own word. Does the step for nobody. */
import { z } from 'zod';
import type { OnboardingDesk } from '../desk/onboarding.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { ONBOARDING_STEPS, STEP_WORDS } from '../store/onboarding.ts';
import { defineTool } from './define-tool.ts';

const Input = z.strictObject({ step: z.enum(ONBOARDING_STEPS).describe('The step the customer says they have done.') });

export function completeOnboardingStep(database: Database, onboarding: OnboardingDesk): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'complete_onboarding_step',
    description:
      'Ticks off one step of getting started once the customer says in their own words that they did it. It changes only the checklist: it creates, invites and imports nothing.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'write',
    // Only a language model can tell "I did it" from "I want to".
    infer: () => null,
    async run({ step }, _grant, context) {
      const row = await onboarding.complete(context, step);
      const done = await database.onboardingStep.findMany({ where: { customerId: context.customerId, doneAt: { not: null } }, select: { step: true } });
      const next = ONBOARDING_STEPS.find((name) => !done.some((one) => one.step === name)) ?? null;
      const count = `${done.length} of ${ONBOARDING_STEPS.length} steps are done`;
      return {
        summary: next
          ? `I have ticked off "${STEP_WORDS[step].title}". ${count}; the next one is to ${STEP_WORDS[next].title}. ${STEP_WORDS[next].how}`
          : `I have ticked off "${STEP_WORDS[step].title}". ${count}: you are through with getting started.`,
        facts: { step, doneAt: row.doneAt?.toISOString() ?? null, done: done.length, of: ONBOARDING_STEPS.length, next },
      };
    },
  });
}
