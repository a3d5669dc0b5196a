/** The tools around using the product: getting started, features, ways of working, taking work out and in, sharing it. */
import type { ToolDesk } from '../desk/tool-desk.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { completeOnboardingStep } from './complete-onboarding-step.ts';
import { findFeatureUse } from './find-feature-use.ts';
import { findOnboarding } from './find-onboarding.ts';
import { findSharing } from './find-sharing.ts';
import { listFeatures } from './list-features.ts';
import { planExport } from './plan-export.ts';
import { planImport } from './plan-import.ts';
import { reviewWorkflow } from './review-workflow.ts';

export interface UsageToolDeps {
  readonly database: Database;
  readonly desk: Pick<ToolDesk, 'onboarding'>;
}

export function usageTools({ database, desk }: UsageToolDeps): readonly AnyTool[] {
  return [
    findOnboarding(database),
    completeOnboardingStep(database, desk.onboarding),
    findFeatureUse(database),
    listFeatures(database),
    reviewWorkflow(database),
    planExport(database),
    planImport(database),
    findSharing(database),
  ];
}
