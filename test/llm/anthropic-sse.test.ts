import { array, assert, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser, type StreamEvent } from '../../src/llm/anthropic-sse.ts';

const STREAM = [
  'event: message_start\r\ndata: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":3,"output_tokens":1,"cache_read_input_tokens":null}}}\r\n\r\n',
  ': a comment\n\n',
  'event: ping\ndata: {"type":"ping"}\n\n',
  'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
  'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße 👋 \\n\\ndata: x"}}\n\n',
  'data: {"type":"content_block_delta",\ndata: "index":0,"delta":{"type":"text_delta","text":"!"}}\n\n',
  'data: {"type":"content_block_delta","index":0,"delta":{"type":"a_new_delta"}}\n\n',
  'data: {"type":"content_block_stop","index":0}\n\n',
  'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}\n\n',
  'data: {"type":"a_new_event"}\n\n',
  'data: {"type":"message_stop"}\n\n',
].join('');

const EVENTS: readonly StreamEvent[] = [
  { type: 'message_start', model: 'm', usage: { inputTokens: 3, outputTokens: 1 } },
  { type: 'ping' },
  { type: 'block_start', index: 0, block: { type: 'text', text: '' } },
  { type: 'text', index: 0, text: 'Grüße 👋 \n\ndata: x' },
  { type: 'text', index: 0, text: '!' },
  { type: 'other' },
  { type: 'block_stop', index: 0 },
  { type: 'message_delta', stopReason: 'end_turn', usage: { outputTokens: 7 } },
  { type: 'other' },
  { type: 'message_stop' },
];

function read(pieces: readonly Uint8Array[]): StreamEvent[] {
  const parser = createSseParser();
  return pieces.flatMap((piece) => [...parser.push(piece)]);
}

describe('the reader of server-sent events', () => {
  it('reads the same events however the bytes are cut', () => {
    const bytes = Buffer.from(STREAM);
    expect(read([bytes])).toEqual(EVENTS);
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(EVENTS);
    assert(
      property(array(nat(bytes.length), { maxLength: 20 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        expect(read(at.slice(1).map((end, index) => bytes.subarray(at[index], end)))).toEqual(EVENTS);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['no JSON', 'data: {"type":\n\n'],
    ['no object', 'data: [1]\n\n'],
    ['a delta without index', 'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}}\n\n'],
    ['a text that is a number', 'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":5}}\n\n'],
    ['negative tokens', 'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":-1}}\n\n'],
  ])('refuses %s, after the events before it', (_name, broken) => {
    const parser = createSseParser();
    const events: StreamEvent[] = [];
    expect(() => {
      for (const event of parser.push(Buffer.from(`data: {"type":"ping"}\n\n${broken}`))) events.push(event);
    }).toThrow('could not be read');
    expect(events).toEqual([{ type: 'ping' }]);
  });

  it('does not collect an endless line', () => {
    const parser = createSseParser();
    const megabyte = Buffer.alloc(1_024 * 1_024, 'x');
    expect(() => {
      for (let sent = 0; sent < 10; sent += 1) parser.push(megabyte).next();
    }).toThrow('could not be read');
  });
});
