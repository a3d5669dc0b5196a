/** The tools of the agents that check drafts: each looks at one side of a draft and answers with findings that can be counted. */
import type { Knowledge } from '../knowledge/knowledge.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { checkCitations } from './check-citations.ts';
import { checkClaims } from './check-claims.ts';
import { checkCode } from './check-code.ts';
import { checkCompleteness } from './check-completeness.ts';
import { checkFacts } from './check-facts.ts';
import { checkLinks } from './check-links.ts';
import { checkPolicy } from './check-policy.ts';
import { checkSensitivity } from './check-sensitivity.ts';
import { checkTone } from './check-tone.ts';

export interface QaToolDeps {
  readonly database: Database;
  readonly knowledge: Pick<Knowledge, 'search'>;
}

export function qaTools(deps: QaToolDeps): AnyTool[] {
  const { database } = deps;
  return [
    checkFacts(deps),
    checkPolicy(database),
    checkTone(),
    checkCompleteness(),
    checkCode(),
    checkLinks(database),
    checkSensitivity(),
    checkClaims(deps),
    checkCitations(deps),
  ];
}
