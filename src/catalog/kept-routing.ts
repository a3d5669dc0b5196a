/** What routing has learned, kept between starts: see kept-model.ts. Decides nothing about routing. */
import type { Agent } from './agent.ts';
import { openKept } from './kept-model.ts';
import { learnRouting, routingModelOf, type Examples, type RoutingModel } from './routing-model.ts';

const CODE = ['concepts.ts', 'features.ts', 'linear-model.ts', 'routing-model.ts', 'spelling.ts'] as const;

/** The model for these agents: read from `dir` when it is kept there, learned and kept otherwise. */
export async function openRoutingModel(agents: readonly Agent[], dir?: string): Promise<RoutingModel> {
  const spoken = agents.map((agent): Examples => ({
    id: agent.id,
    title: agent.title,
    examples: agent.examples,
    utterances: agent.utterances,
    notFor: agent.notFor,
  }));
  const learned = await openKept(
    {
      file: 'routing-model.bin',
      code: CODE.map((name) => new URL(name, import.meta.url)),
      examples: spoken,
      worker: new URL('learn-worker.ts', import.meta.url),
      learn: () => learnRouting(spoken),
    },
    dir,
  );
  return routingModelOf(learned);
}
