/** The staff's kill switch for single agents. What an agent is stands in its file; here is only whether it may answer. */
import type { Clock } from '../foundation/clock.ts';
import { badInput, notFound } from '../foundation/errors.ts';
import type { Catalog } from '../catalog/agent.ts';
import type { Database } from '../store/database.ts';
import { viewerKey } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';
import type { AgentDesk } from './desk.ts';

export interface AgentDeskDeps {
  readonly database: Database;
  readonly catalog: Pick<Catalog, 'get'>;
  readonly clock: Clock;
}

/** How long another instance's switch may go unnoticed. */
const CACHE_MS = 2_000;

export function createAgentDesk({ database, catalog, clock }: AgentDeskDeps): AgentDesk {
  let cached: { readonly ids: Promise<ReadonlySet<string>>; readonly untilMs: number } | null = null;

  async function readDisabled(): Promise<ReadonlySet<string>> {
    const rows = await database.agentSetting.findMany({ where: { enabled: false }, select: { agentId: true } });
    return new Set(rows.map((row) => row.agentId));
  }

  return Object.freeze<AgentDesk>({
    async setEnabled(viewer, { agentId, enabled, reason }) {
      requireStaff(viewer, 'admin:agents');
      if (!catalog.get(agentId)) throw notFound('agent');
      if (reason && reason.length > 500) throw badInput('input.reason', 'must have at most 500 characters.');
      const now = clock.now();
      const data = { enabled, reason: reason ?? null, changedBy: viewerKey(viewer) };
      const [setting] = await database.$transaction([
        database.agentSetting.upsert({ where: { agentId }, create: { agentId, ...data }, update: data }),
        database.auditEntry.create({ data: auditEntry(viewer, enabled ? 'agent.enable' : 'agent.disable', 'agent', agentId, { reason: data.reason }, now) }),
      ]);
      cached = null;
      return setting;
    },

    disabled() {
      const nowMs = clock.now().getTime();
      if (cached && cached.untilMs > nowMs) return cached.ids;
      const ids = readDisabled();
      cached = { ids, untilMs: nowMs + CACHE_MS };
      // A failed read must not be remembered: the next caller asks again.
      ids.catch(() => (cached = null));
      return ids;
    },
  });
}
