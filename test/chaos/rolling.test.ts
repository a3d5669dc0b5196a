/** A deploy under load, seen by readers that use our client and by readers that use the stock one. */
import { expect, it } from 'vitest';
import { rolledLines, rolledVerdict } from './report.ts';
import { roll } from './rolling.ts';

it('restarts two instances in turn under 200 readers of streaming answers, and nothing is lost, doubled or shown otherwise', { timeout: 240_000 }, async () => {
  const rolled = await roll({ readers: 200, conversations: 10, tokensPerAnswer: 100, tokenMs: 30, drainMs: 6_000 });
  const [deliveries = '', gap = ''] = rolledLines(rolled);
  process.stdout.write(`rolling restart under 200 readers: ${deliveries}; ${gap}\n`);
  expect(rolledVerdict(rolled).failed, rolledLines(rolled).join('\n')).toEqual([]);
});
