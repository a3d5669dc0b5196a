/**
 * Turns our request into the body of a Messages API call. The fixed prefix (tools, then the fixed system text) carries the cache
 * marks, so every turn of one agent reads it from the cache. Sends nothing and decides nothing about retries.
 */
import type { Anthropic } from '@anthropic-ai/sdk';
import { numberPassages, passageKey } from './citations.ts';
import type { LlmMessage, LlmRequest, LlmTool, Passage, ToolResult } from './llm.ts';

const CACHED = { type: 'ephemeral' } as const;

/** The body for this model, without `stream`. */
export function toMessagesBody(request: LlmRequest, model: string): Anthropic.MessageCreateParamsNonStreaming {
  const system = toSystem(request);
  const thinking = THINKS_UNLESS_TOLD.test(model) ? ({ type: 'disabled' } as const) : null;
  return {
    model,
    max_tokens: request.maxTokens,
    ...(system.length > 0 ? { system } : {}),
    messages: toMessages(request.messages),
    ...toTools(request),
    ...(thinking ? { thinking } : {}),
  };
}

/**
 * Models that think by default and may be told not to: thinking counts towards `max_tokens` and delays the first word, and an
 * answer of a thousand tokens has no room for it. Models outside this list keep their own default.
 */
const THINKS_UNLESS_TOLD = /^claude-(?:haiku-5|opus-5$|opus-5-2\d{7}$)/;

function toSystem(request: LlmRequest): Anthropic.TextBlockParam[] {
  const system: Anthropic.TextBlockParam[] = [];
  if (request.systemFixed.trim() !== '') system.push({ type: 'text', text: request.systemFixed, cache_control: CACHED });
  if (request.systemTurn.trim() !== '') system.push({ type: 'text', text: request.systemTurn });
  return system;
}

/**
 * The API wants a definition for every tool the messages speak of, also in a last round that may call none: those are named again
 * and switched off.
 */
function toTools(request: LlmRequest): Pick<Anthropic.MessageCreateParamsNonStreaming, 'tools' | 'tool_choice'> {
  const last = request.tools.length - 1;
  if (last >= 0) {
    const forced = request.mustCall === undefined ? {} : { tool_choice: { type: 'tool', name: request.mustCall } as const };
    return { tools: request.tools.map((tool, at) => toTool(tool, at === last)), ...forced };
  }
  const spoken = new Set(request.messages.flatMap((message) => (message.role === 'assistant' ? (message.toolCalls ?? []).map(({ name }) => name) : [])));
  if (spoken.size === 0) return {};
  return {
    tools: [...spoken].map((name) => ({ name, description: 'Cannot be called any more.', input_schema: { type: 'object' } })),
    tool_choice: { type: 'none' },
  };
}

function toTool(tool: LlmTool, last: boolean): Anthropic.Tool {
  return {
    name: tool.name,
    description: tool.description,
    input_schema: { ...tool.inputSchema, type: 'object' },
    ...(last ? { cache_control: CACHED } : {}),
  };
}

/** The API wants a customer's turn first and no empty text. */
function toMessages(messages: readonly LlmMessage[]): Anthropic.MessageParam[] {
  const numbers = new Map(numberPassages(messages).map((passage, at) => [passageKey(passage), at + 1]));
  const start = messages.findIndex((message) => message.role === 'user');
  return messages.slice(Math.max(start, 0)).flatMap((message): Anthropic.MessageParam[] => {
    switch (message.role) {
      case 'user':
        return [{ role: 'user', content: message.text.trim() === '' ? '(an empty message)' : message.text }];
      case 'assistant': {
        const content = toAssistant(message);
        return content.length > 0 ? [{ role: 'assistant', content }] : [];
      }
      case 'tool':
        return [{ role: 'user', content: message.results.map((result) => toResult(result, numbers)) }];
    }
  });
}

function toAssistant(message: LlmMessage & { readonly role: 'assistant' }): Anthropic.ContentBlockParam[] {
  const content: Anthropic.ContentBlockParam[] = [];
  if (message.text.trim() !== '') content.push({ type: 'text', text: message.text });
  for (const call of message.toolCalls ?? []) content.push({ type: 'tool_use', id: call.callId, name: call.name, input: call.input });
  return content;
}

function toResult(result: ToolResult, numbers: ReadonlyMap<string, number>): Anthropic.ToolResultBlockParam {
  const parts = [result.summary];
  if (result.facts !== undefined) parts.push(`Facts: ${JSON.stringify(result.facts)}`);
  const passages = result.passages ?? [];
  if (passages.length > 0) {
    parts.push('Passages. Cite each one you use by its number, like [1], right after the sentence it supports:');
    parts.push(...passages.map((passage) => writePassage(passage, numbers.get(passageKey(passage)) ?? 0)));
  }
  const text = parts.filter((part) => part.trim() !== '').join('\n\n');
  return {
    type: 'tool_result',
    tool_use_id: result.callId,
    content: [{ type: 'text', text: text === '' ? '(nothing)' : text }],
    ...(result.failed ? { is_error: true } : {}),
  };
}

function writePassage(passage: Passage, number: number): string {
  const heading = passage.section === '' ? passage.title : `${passage.title}: ${passage.section}`;
  const source = passage.section === '' ? passage.slug : `${passage.slug}#${passage.section}`;
  return `[${number}] ${heading} [${source}]\n${passage.text}`;
}
