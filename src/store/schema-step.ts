/** The SQL that leads from one Prisma schema to another. Used to write migrations and to prove them; runs nothing itself. */
import { NO_FILTER, withEngine } from './migrate.ts';

/** `from` null: from an empty database. The server under `url` is only talked to, not changed. */
export async function schemaStep(url: string, from: string | null, to: string): Promise<string> {
  return withEngine(url, new Set(), async (engine) => {
    const target = (content: string) => ({ tag: 'schemaDatamodel' as const, files: [{ path: 'schema.prisma', content }] });
    const start = from === null ? { tag: 'empty' as const } : target(from);
    const result = await engine.diff({ from: start, to: target(to), script: true, exitCode: null, filters: NO_FILTER });
    return result.stdout ?? '';
  });
}
