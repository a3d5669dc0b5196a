/** The tools of the API and of integrations, by what they need. Adding one means writing its file and naming it here. */
import type { ToolDesk } from '../desk/tool-desk.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { enableWebhook } from './enable-webhook.ts';
import { explainApiError } from './explain-api-error.ts';
import { explainOAuthError } from './explain-oauth-error.ts';
import { findApiKeys } from './find-api-keys.ts';
import { findApiUsage } from './find-api-usage.ts';
import { findOAuthApps } from './find-oauth-apps.ts';
import { findSdk } from './find-sdk.ts';
import { findWebhooks } from './find-webhooks.ts';
import { redeliverWebhook } from './redeliver-webhook.ts';
import { revokeApiKey } from './revoke-api-key.ts';

export function integrationTools({ database, desk }: { readonly database: Database; readonly desk: ToolDesk }): readonly AnyTool[] {
  return [
    findWebhooks(database),
    enableWebhook(desk.webhooks),
    redeliverWebhook(desk.webhooks),
    findApiKeys(database),
    revokeApiKey(desk.workspaceKeys),
    findApiUsage(database),
    findOAuthApps(database),
    explainOAuthError(database),
    explainApiError(),
    findSdk(),
  ];
}
