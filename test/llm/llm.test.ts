import { createAnthropicLlm } from '../../src/llm/anthropic-llm.ts';
import { createOfflineLlm } from '../../src/llm/offline-llm.ts';
import { describeLlm } from '../contract/llm.ts';
import { startMessagesApi } from '../support/messages-api.ts';

describeLlm('offline', async ({ slow }) => ({
  llm: createOfflineLlm({ tokensPerS: slow ? 2 : 0 }),
  close: async () => {},
}));

describeLlm('anthropic', async ({ slow }) => {
  const api = await startMessagesApi();
  api.otherwise((body) => {
    const answered = JSON.stringify(body.messages).includes('tool_result');
    const [tool] = body.tools ?? [];
    if (tool && !answered) return { toolCalls: [{ name: tool.name, input: { detail: true } }] };
    return { text: 'You are on the Premium plan, and it renews on 1 March 2027.', tokenMs: slow ? 500 : 2 };
  });
  const llm = createAnthropicLlm({
    apiKey: 'sk-test',
    baseUrl: api.url,
    models: { quick: 'claude-haiku-4-5', balanced: 'claude-haiku-4-5', careful: 'claude-sonnet-4-5' },
    tokenGapMs: 5_000,
  });
  return {
    llm,
    async close() {
      await llm.close();
      await api.close();
    },
  };
});
