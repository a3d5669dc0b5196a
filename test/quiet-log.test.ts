/** What goes wrong may quote what was sent: the log has it without personal data. */
import { describe, expect, it } from 'vitest';
import { createLogger } from '../src/foundation/logger.ts';
import { quietLog } from '../src/quiet-log.ts';
import { REDACTION } from './support/redaction.ts';

function open() {
  const lines: string[] = [];
  const log = quietLog(createLogger({ level: 'trace', pretty: false, destination: { write: (line) => void lines.push(line) } }), REDACTION);
  return { log, lines };
}

describe('the log', () => {
  it('has no personal data in an error, wherever it stands, and keeps what helps to find the fault', () => {
    const { log, lines } = open();
    const cause = new Error('Key (number)=(4111 1111 1111 1111) already exists');
    const error = Object.assign(new Error('the password is hunter2', { cause }), { code: 'P2002', detail: { values: ['my card 4111111111111111'] } });
    log.child({ runId: 'run_01kaqk3f2gebn8t1v0r6tq3b4x' }).error({ err: error }, 'something failed');
    const [line = ''] = lines;
    expect(line).not.toMatch(/hunter2|4111 ?1111 ?1111/);
    expect(JSON.parse(line)).toMatchObject({
      msg: 'something failed',
      runId: 'run_01kaqk3f2gebn8t1v0r6tq3b4x',
      err: {
        type: 'Error',
        code: 'P2002',
        message: expect.stringContaining('the password is [password]'),
        stack: expect.stringContaining('quiet-log.test.ts'),
      },
    });
  });

  it('leaves out by name what it left out before, and takes what is no error', () => {
    const { log, lines } = open();
    log.warn({ email: 'dana@example.test', err: 'a word' }, 'odd');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ email: '[redacted]', err: 'a word' });
  });
});
