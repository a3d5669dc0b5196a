/**
 * Server-sent events as graphql-sse's clients read them (`next`, `complete`), each with the item's position as `id`, so that a browser
 * that reconnects sends it back as Last-Event-ID. Writes no faster than the reader reads. A stream that is cut off on our side ends
 * without `complete`: the reader comes back.
 */
import type { ServerResponse } from 'node:http';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { positionOf } from './stream.ts';

/** Shorter than the idle time of the proxies people put in front. */
const PING_MS = 12_000;

export async function writeEvents(response: ServerResponse, status: number, stream: AsyncIterable<ExecutionResult>, signal: AbortSignal): Promise<void> {
  response.writeHead(status, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  // Something at once: some readers report the connection as open only after the first byte.
  await write(response, ':\n\n');
  const ping = setInterval(() => {
    if (!response.writableNeedDrain) response.write(':\n\n');
  }, PING_MS);
  try {
    for await (const result of stream) await write(response, eventOf(result));
    if (!signal.aborted) await write(response, 'event: complete\ndata:\n\n');
  } catch (error) {
    if (error instanceof GraphQLError) await write(response, `${eventOf({ errors: [error] })}event: complete\ndata:\n\n`);
    else throw error;
  } finally {
    clearInterval(ping);
    response.end();
  }
}

function eventOf(result: ExecutionResult): string {
  const position = positionOf(result);
  const errors = result.errors?.map(withoutHttp);
  return `${position && /^[\w.:-]+$/.test(position) ? `id: ${position}\n` : ''}event: next\ndata: ${JSON.stringify(errors ? { ...result, errors } : result)}\n\n`;
}

/** The HTTP door's own notes on an error are not for the reader. */
function withoutHttp(error: GraphQLError): object {
  const { extensions = {}, ...rest } = error.toJSON();
  const { http: _http, ...shown } = extensions;
  return { ...rest, extensions: shown };
}

/** Resolves when there is room for more, or nobody is left to read. */
function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed || response.writableEnded || response.write(text)) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = () => {
      response.off('drain', settle).off('close', settle);
      resolve();
    };
    response.once('drain', settle).once('close', settle);
  });
}
