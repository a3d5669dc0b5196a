/** The tools of technical help, by what they need. Adding one means writing its file and naming it here. */
import type { ToolDesk } from '../desk/tool-desk.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { checkBrowser } from './check-browser.ts';
import { diagnosePerformance } from './diagnose-performance.ts';
import { findConnections } from './find-connections.ts';
import { findDeletedItems } from './find-deleted-items.ts';
import { findKnownIssues } from './find-known-issues.ts';
import { findTickets } from './find-tickets.ts';
import { openTicket } from './open-ticket.ts';
import { requestRestore } from './request-restore.ts';
import { retrySync } from './retry-sync.ts';

export function technicalTools({ database, desk }: { readonly database: Database; readonly desk: ToolDesk }): readonly AnyTool[] {
  return [
    findKnownIssues(database),
    findTickets(database),
    openTicket(desk.tickets),
    findConnections(database),
    retrySync(desk.connections),
    findDeletedItems(database),
    requestRestore(desk.restores),
    checkBrowser(database),
    diagnosePerformance(database),
  ];
}
