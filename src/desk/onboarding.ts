/**
 * The steps of getting started, ticked off by agents on the customer's own word. A step is ticked once and never taken back; which
 * steps there are is store/onboarding.ts.
 */
import { newId } from '../foundation/ids.ts';
import type { OnboardingStep } from '../store/generated/prisma/client.ts';
import { ONBOARDING_STEPS, STEP_WORDS, type OnboardingStepName } from '../store/onboarding.ts';
import { actOnce, refused, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { ownWords } from './grounding.ts';
import { foldWords, wordsOf } from './word-pattern.ts';

export interface OnboardingDesk {
  /**
   * The step with the moment it was done; a repeated call gives what the first one did.
   * @throws AppError CONFLICT when the customer did not say that they did the step, or it was done before.
   */
  complete(call: AgentCall, step: OnboardingStepName): Promise<OnboardingStep>;
}

export function createOnboardingDesk({ database, clock }: AgentActDeps): OnboardingDesk {
  return Object.freeze<OnboardingDesk>({
    async complete(call, step) {
      const id = await actOnce({ database, clock }, call, 'onboarding.complete', (scope) => tick(scope, call, step));
      return database.onboardingStep.findUniqueOrThrow({ where: { id } });
    },
  });
}

async function tick({ tx, customer, now }: ActScope, call: AgentCall, step: OnboardingStepName) {
  const rows = await tx.onboardingStep.findMany({ where: { customerId: customer.id } });
  const row = rows.find((one) => one.step === step);
  if (row?.doneAt) throw refused(`That step was done already on ${row.doneAt.toISOString().slice(0, 10)}: nothing has changed.`);
  const open = ONBOARDING_STEPS.filter((name) => !rows.some((one) => one.step === name && one.doneAt !== null));
  const said = saysDone(step, call.said) || (confirms(call.said) && (open.length === 1 || call.earlier.some((text) => saysDone(step, text))));
  if (!said) throw refused(`The customer has not said that they did this step ("${STEP_WORDS[step].title}"). Ask them which step they have done.`);
  const done = row
    ? await tx.onboardingStep.update({ where: { id: row.id }, data: { doneAt: now } })
    : await tx.onboardingStep.create({ data: { id: newId('onb'), customerId: customer.id, step, doneAt: now } });
  return { subjectId: done.id, subjectKind: 'onboarding_step', changes: { step, fields: ['doneAt'] } };
}

/** Their own words name the step in a sentence that neither asks nor denies. */
function saysDone(step: OnboardingStepName, text: string): boolean {
  return (ownWords(text).match(/[^.!?\n]+[.!?]?/g) ?? []).some(
    (sentence) => STEP_WORDS[step].named.test(sentence) && !/\?$|\b(?:how|where|not|never|yet to|cannot|will|later|tomorrow)\b|n['’]t\b/i.test(sentence),
  );
}

const CONFIRMING = wordsOf(
  "done; did; finish*; complet*; ready; yes; yep; that one; that's it; erledigt; fertig; gemacht; ja; hecho; listo; sí; fait; terminé; oui; feito; pronto; sim",
);
const DENYING = wordsOf("not; never; no; haven't; hasn't; didn't; don't; isn't; nicht; nein; non; pas; não; nunca");

/** "Done!" or "Yes, that one": enough when what is meant was said before, or can only be one step. */
function confirms(text: string): boolean {
  const said = foldWords(ownWords(text));
  return CONFIRMING.test(said) && !DENYING.test(said) && !said.includes('?');
}
