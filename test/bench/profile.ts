/**
 * Reads a CPU profile and says where the time went: by package, where what Node and V8 do is charged to whoever called them, and by
 * function, each with its own time alone and its nearest caller in a package.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

const TOP = 15;
/** The time in which the process waited, and the profiler's own. */
const NO_COST = /^\(idle\)$|^node:inspector/;
const INTERNAL = /^(?:node |native|garbage)/;

export async function explainProfile(file: string): Promise<string> {
  const { nodes, samples, timeDeltas } = Profile.parse(JSON.parse(await readFile(file, 'utf8')));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const callerOf = (id: number): string | null => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = frames.get(at);
      const from = frame ? packageOf(frame.url, frame.functionName) : 'native';
      if (frame && !INTERNAL.test(from)) return `${from}: ${nameOf(frame)}`;
    }
    return null;
  };
  const byPackage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let busyUs = 0;
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    if (!frame || NO_COST.test(frame.functionName) || NO_COST.test(frame.url)) continue;
    const us = timeDeltas[index] ?? 0;
    const from = packageOf(frame.url, frame.functionName);
    const caller = INTERNAL.test(from) ? callerOf(id) : null;
    const named = `${from}: ${nameOf(frame)}${caller === null ? '' : ` < ${caller}`}`;
    const charged = INTERNAL.test(from) ? (caller?.split(':', 1)[0] ?? from) : from;
    busyUs += us;
    byPackage.set(charged, (byPackage.get(charged) ?? 0) + us);
    byFunction.set(named, (byFunction.get(named) ?? 0) + us);
  }
  return [`busy ${(busyUs / 1e6).toFixed(2)} s`, 'by package:', ...top(byPackage, busyUs), 'by function:', ...top(byFunction, busyUs)].join('\n');
}

function nameOf({ functionName, url, lineNumber }: { readonly functionName: string; readonly url: string; readonly lineNumber: number }): string {
  return `${functionName || '(anonymous)'}${url === '' ? '' : ` ${url.split('/').at(-1)}:${lineNumber + 1}`}`;
}

function packageOf(url: string, name: string): string {
  if (name === '(garbage collector)') return 'garbage collection';
  if (name === '(program)') return 'native';
  const found = url.match(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found?.[1]) return found[1];
  const own = url.match(/\/(src\/(?:store\/generated|[^/]+))/);
  if (own?.[1]) return own[1];
  return url.startsWith('node:') ? `node (${url.slice(5).split('/').slice(0, 2).join('/')})` : url === '' ? 'native' : url;
}

function top(costs: ReadonlyMap<string, number>, busyUs: number): readonly string[] {
  return [...costs]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([name, us]) => `  ${((us / busyUs) * 100).toFixed(1).padStart(5)}%  ${name}`);
}
