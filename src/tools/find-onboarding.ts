/** `find_onboarding`: which steps of getting started the workspace has taken, and which is next. Ticks none: complete-onboarding-step.ts does. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { ONBOARDING_STEPS, STEP_WORDS, type OnboardingStepName } from '../store/onboarding.ts';
import { defineTool } from './define-tool.ts';
import { isAboutOnboarding } from './topics-usage.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeDate } from './words.ts';

/** Open steps shown: a longer list is not started. */
const SHOWN_MAX = 3;

const Input = z.strictObject({});

export interface StepState {
  readonly step: OnboardingStepName;
  readonly doneAt: Date | null;
}

export function findOnboarding(database: Database): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'find_onboarding',
    description:
      "Looks up how far the customer's workspace is with getting started: steps done, steps open and the next one, with the click path of each. Use it when somebody is new, asks where to start or what to do next.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutOnboarding(text) ? {} : null),
    async run(_input, _grant, { customerId }) {
      const [customer, rows] = await Promise.all([
        database.customer.findUnique({ where: { id: customerId }, select: { createdAt: true } }),
        database.onboardingStep.findMany({ where: { customerId } }),
      ]);
      if (!customer) throw notFound('customer');
      const states = ONBOARDING_STEPS.map((step): StepState => ({ step, doneAt: rows.find((row) => row.step === step)?.doneAt ?? null }));
      return {
        summary: summaryOf(states),
        facts: {
          customerSince: customer.createdAt.toISOString().slice(0, 10),
          done: states.filter(({ doneAt }) => doneAt !== null).length,
          of: states.length,
          next: states.find(({ doneAt }) => doneAt === null)?.step ?? null,
          steps: states.map(({ step, doneAt }) => ({
            step,
            title: STEP_WORDS[step].title,
            doneAt: doneAt?.toISOString() ?? null,
            article: STEP_WORDS[step].article,
          })),
        },
      };
    },
  });
}

function summaryOf(states: readonly StepState[]): string {
  const open = states.filter(({ doneAt }) => doneAt === null);
  const [next, ...later] = open;
  const done = states.length - open.length;
  if (!next) {
    const last = states.map(({ doneAt }) => doneAt).reduce((a, b) => (a && b && a > b ? a : b), null);
    return sentences(`All ${states.length} steps of getting started are done`, last && `since ${writeDate(last)}`).concat('.');
  }
  const words = STEP_WORDS[next.step];
  return paragraphs(
    `Your workspace has done ${done} of ${writeCount(states.length, 'step')} of getting started. The next step is to ${words.title}. ${words.how}`,
    later.length > 0 && 'After it:',
    writeBullets(later.slice(0, SHOWN_MAX).map(({ step }) => `${capital(STEP_WORDS[step].title)}: ${STEP_WORDS[step].how}`)),
    later.length > SHOWN_MAX && `${writeCount(later.length - SHOWN_MAX, 'more step is', 'more steps are')} open after these.`,
  );
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
