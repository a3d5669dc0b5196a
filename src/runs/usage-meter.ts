/** Adds up what the model requests of one attempt cost, on top of what earlier attempts spent. Writes nothing. */
import { addUsage, NO_USAGE, type LlmUsage } from '../llm/llm.ts';
import type { WorkflowEvent } from '../orchestration/workflow-event.ts';
import type { Run } from '../store/generated/prisma/client.ts';

export interface UsageMeter {
  /** Each request counts once, with the last it said. True when this is the first of the request. */
  count(used: Extract<WorkflowEvent, { type: 'used' }>): boolean;
  /** What a step of this attempt spent. */
  ofStep(step: string): LlmUsage;
  /** What all attempts spent: that of the earlier ones stands on the row as it was claimed. */
  ofRun(): LlmUsage;
  /** The model that answered last; null when none has. */
  model(): string | null;
}

export function createUsageMeter(run: Run): UsageMeter {
  const requests = new Map<string, { readonly step: string; readonly usage: LlmUsage }>();
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = run;
  const before: LlmUsage = { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, cost: run.cost.toFixed() };
  let { model } = run;
  return {
    count(used) {
      model = used.model;
      const key = `${used.step}#${used.request}`;
      const first = !requests.has(key);
      requests.set(key, used);
      return first;
    },
    ofStep: (step) => [...requests.values()].filter((one) => one.step === step).reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    ofRun: () => [...requests.values()].reduce((sum, { usage }) => addUsage(sum, usage), before),
    model: () => model,
  };
}
