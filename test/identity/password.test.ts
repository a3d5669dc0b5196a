/** Passwords: what is kept of them, what is refused, and that an account nobody has costs as much as one that somebody has. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { createLeakedPasswords } from '../../src/identity/leaked-passwords.ts';
import { createPasswords, PASSWORD_CHARS_MAX, type PasswordCost } from '../../src/identity/password.ts';

const CHEAP: PasswordCost = { memoryKiB: 64, passes: 1, lanes: 1 };
const GOOD = 'plum tractor sings at noon';
const passwords = createPasswords({ charsMin: 15, cost: CHEAP });
const refused = (sentence: string) =>
  expect.objectContaining({ code: 'BAD_INPUT', field: 'input.password', message: expect.stringContaining(sentence) as unknown }) as unknown;
const weak = (password: string, about: readonly string[] = []) => passwords.refuseWeak('input.password', password, about);

describe('a kept password', () => {
  it('is argon2id with the parameters of OWASP, salted, and verified', async () => {
    const real = createPasswords({ charsMin: 15 });
    const hash = await real.hash(GOOD);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await real.hash(GOOD)).not.toBe(hash);
    expect(await real.verify(GOOD, hash)).toBe('right');
    expect(await real.verify(`${GOOD}!`, hash)).toBe('wrong');
  });

  it('is known as stale when it was made with other parameters', async () => {
    const hash = await passwords.hash(GOOD);
    const dearer = createPasswords({ charsMin: 15, cost: { ...CHEAP, memoryKiB: 128 } });
    expect(await dearer.verify(GOOD, hash)).toBe('stale');
    expect(await dearer.verify('wrong', hash)).toBe('wrong');
    expect(await dearer.verify(GOOD, await dearer.hash(GOOD))).toBe('right');
  });

  it('is the same however a keyboard wrote its characters', async () => {
    const hash = await passwords.hash('Zoë schläft im Café №5');
    expect(await passwords.verify('Zoe\u0308 schla\u0308ft im Cafe\u0301 No5', hash)).toBe('right');
  });

  it('is never right when it is longer than any may be, and costs no more for it', async () => {
    const hash = await passwords.hash('a'.repeat(PASSWORD_CHARS_MAX));
    expect(await passwords.verify('a'.repeat(PASSWORD_CHARS_MAX), hash)).toBe('right');
    expect(await passwords.verify('a'.repeat(PASSWORD_CHARS_MAX + 1), hash)).toBe('wrong');
    expect(await passwords.verify('a'.repeat(1_000_000), hash)).toBe('wrong');
  });

  it('that nobody has costs one hash, as every other does', async () => {
    const counted = createPasswords({ charsMin: 15, cost: CHEAP });
    const hash = await counted.hash(GOOD);
    const works: number[] = [];
    for (const known of [hash, null, hash]) {
      const before = counted.computed;
      await counted.verify(known === hash ? 'wrong one' : GOOD, known);
      works.push(counted.computed - before);
    }
    expect(works).toEqual([1, 1, 1]);
    expect(await counted.verify(GOOD, null)).toBe('wrong');
  });

  it('is verified for fifty who wait, and the next is asked to come back', async () => {
    const hash = await passwords.hash(GOOD);
    const settled = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.verify(GOOD, hash)));
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(52);
    expect(settled.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'UNAVAILABLE', retryable: true } });
    expect(await passwords.verify(GOOD, hash)).toBe('right');
  });
});

describe('a new password', () => {
  it.each([
    ['too short', 'plum tractor 1', 'at least 15'],
    ['too short in characters, though not in bytes', '🌻'.repeat(14), 'at least 15'],
    ['too long', 'plum tractor '.repeat(10), 'at most 128'],
    ['among the common ones', 'qwertyuiopasdfghjkl', 'tried first'],
    ['common in capitals', 'QwertyuiopASDFGHJKL', 'tried first'],
    ['common in full-width letters', 'ｑｗｅｒｔｙｕｉｏｐａｓｄｆｇｈｊｋｌ', 'tried first'],
    ['a common one with a number behind it', 'password1234567', 'tried first'],
    ['a common one with signs around it', '!!superman! 2026', 'tried first'],
    ['one letter', 'aaaaaaaaaaaaaaaaaaaa', 'tried first'],
    ['a common one again and again', 'passwordpasswordpassword', 'tried first'],
    ['not text', 'plum tractor \u0000 sings', 'not text'],
    ['half a character', 'plum tractor \ud800 sings', 'not text'],
  ])('is refused when it is %s', async (_what, password, sentence) => {
    await expect(weak(password)).rejects.toEqual(refused(sentence));
  });

  it('is refused when it contains the name or the name of the mail, in any case', async () => {
    for (const password of ['I am Dana.Reyes today', 'greatest REYES of all', 'ｒｅｙｅｓ is my name, sir']) {
      await expect(weak(password, ['dana.reyes', 'Dana Reyes'])).rejects.toEqual(refused('your own'));
    }
    await weak('an ant sings at noon', ['an', 'ant']);
  });

  it.each([GOOD, '        spaces        x', 'ПравдаСильнееВетра', '🌻🐝🌻🐝🌻🐝🌻🐝🌻🐝🌻🐝🌻🌻🐝', '123443211234432 1', 'dragon 84729301847561'])(
    'needs no digits, capitals or signs: "%s"',
    async (password) => {
      await weak(password);
    },
  );

  it('of 8 characters is enough where there is a second factor, and none of the common ones of that length is', async () => {
    const shorter = createPasswords({ charsMin: 8, cost: CHEAP });
    for (const common of ['password', 'iloveyou', '12345678', 'sunshine', 'football']) {
      await expect(shorter.refuseWeak('input.password', common, [])).rejects.toEqual(refused('tried first'));
    }
    await shorter.refuseWeak('input.password', 'q7#mBv2k', []);
  });

  it('that is taken can be verified, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 8, maxLength: 140 }), async (password) => {
        const taken = await weak(password).then(
          () => true,
          () => false,
        );
        if (taken) expect(await passwords.verify(password, await passwords.hash(password))).toBe('right');
      }),
      { numRuns: 100 },
    );
  });
});

describe('a service that knows leaks', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/range`;
  }

  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level: 'info', pretty: false, destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) } });
  const digits = createHash('sha1').update(GOOD).digest('hex').toUpperCase();

  it('learns five digits and no more, and its answer refuses the password', async () => {
    const asked: string[] = [];
    const url = await serve((request, response) => {
      asked.push(`${request.url} ${String(request.headers['add-padding'])}`);
      response.end(`${'0'.repeat(35)}:3\r\n${digits.slice(5)}:17\r\n${'F'.repeat(35)}:0`);
    });
    const strict = createPasswords({ charsMin: 15, cost: CHEAP, isLeaked: createLeakedPasswords({ url, log }) });
    await expect(strict.refuseWeak('input.password', GOOD, [])).rejects.toEqual(refused('leak'));
    expect(asked).toEqual([`/range/${digits.slice(0, 5)} true`]);
    await strict.refuseWeak('input.password', 'another tractor sings', []);
  });

  it('does not count what is only padding', async () => {
    const url = await serve((_request, response) => void response.end(`${digits.slice(5)}:0`));
    expect(await createLeakedPasswords({ url, log })(GOOD)).toBe(false);
  });

  it.each<[string, RequestListener, number]>([
    ['fails', (_request, response) => void response.writeHead(503).end(), 2_000],
    ['sends us elsewhere', (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(), 2_000],
    ['never answers', () => undefined, 50],
    ['answers without end', (_request, response) => void response.end('0'.repeat(2_000_000)), 2_000],
  ])('that %s keeps nobody from choosing a password, and is named in the log', async (_what, listener, limitMs) => {
    lines.length = 0;
    const url = await serve(listener);
    expect(await createLeakedPasswords({ url, log, limitMs })(GOOD)).toBe(false);
    expect(lines.map(({ msg }) => msg)).toEqual(['leaked passwords could not be asked about: the password was accepted without']);
    expect(JSON.stringify(lines)).not.toContain(digits.slice(5));
  });
});
