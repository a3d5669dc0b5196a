/**
 * Passwords: argon2id by Node itself, with the parameters of OWASP's cheat sheet (19 MiB, two passes, one lane: 40 ms of one core when
 * the machine is idle), told in each hash so that they can grow; a log-in upgrades what was made with others. Knowing whether an
 * account exists gains nothing here: without a hash the same work is done against a dummy. Rules are those of NIST SP 800-63B-4: length
 * counted in characters, Unicode normalised (NFKC), nothing demanded of which characters, nothing that is known to be tried first.
 * Knows no rows.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError, badInput } from '../foundation/errors.ts';
import { isCommonPassword } from './common-passwords.ts';

export interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

export interface PasswordsDeps {
  /** Least characters. NIST asks for 15 where a password is all there is, and for 8 beside a second factor. */
  readonly charsMin: number;
  /** Whether a service knows it from a leak; left out: nobody is asked. Must not throw. */
  readonly isLeaked?: ((password: string) => Promise<boolean>) | undefined;
  readonly cost?: PasswordCost;
}

export interface Passwords {
  /** A hash to keep. @throws AppError UNAVAILABLE when too many wait. */
  hash(password: string): Promise<string>;
  /**
   * Takes as long for `null` (nobody has this account, or it has no password) as for a hash of today's cost. `stale`: right, and to be
   * hashed again.
   */
  verify(password: string, hash: string | null): Promise<'right' | 'stale' | 'wrong'>;
  /**
   * @param field Named by the refusal. @param about What the account is known by: its address and name.
   * @throws AppError BAD_INPUT with the reason, in words for the person who chose it.
   */
  refuseWeak(field: string, password: string, about: readonly string[]): Promise<void>;
  /** Hashes computed so far. */
  readonly computed: number;
}

/** Longer ones gain nothing and would only make us read more. */
export const PASSWORD_CHARS_MAX = 128;
const OWASP: PasswordCost = { memoryKiB: 19_456, passes: 2, lanes: 1 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** Each takes 19 MiB and a thread of the pool: with more at once, everything else that needs the pool would wait. */
const AT_ONCE = 2;
/** A second or two of work. */
const WAITING_MAX = 50;
/** Shorter parts of an address or a name are in many good passwords. */
const PART_CHARS_MIN = 4;

const derive = promisify(argon2);

interface Parsed {
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly digest: Buffer;
}

export function createPasswords({ charsMin, isLeaked, cost = OWASP }: PasswordsDeps): Passwords {
  const takeTurn = turns(AT_ONCE, WAITING_MAX);
  const dummy: Parsed = { cost, salt: randomBytes(SALT_BYTES), digest: randomBytes(HASH_BYTES) };
  let computed = 0;

  async function compute(password: string, salt: Buffer, { memoryKiB, passes, lanes }: PasswordCost): Promise<Buffer> {
    const message = Buffer.from(normal(password));
    return takeTurn(async () => {
      computed += 1;
      return derive('argon2id', { message, nonce: salt, parallelism: lanes, tagLength: HASH_BYTES, memory: memoryKiB, passes });
    });
  }

  return Object.freeze<Passwords>({
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      return format({ cost, salt, digest: await compute(password, salt, cost) });
    },
    async verify(password, hash) {
      const parsed = hash === null ? null : parse(hash);
      const { cost: used, salt, digest } = parsed ?? dummy;
      const found = await compute(cut(password), salt, used);
      const right = timingSafeEqual(found, digest);
      if (!parsed || !right || length(password) > PASSWORD_CHARS_MAX) return 'wrong';
      return format({ ...parsed, cost }) === hash ? 'right' : 'stale';
    },
    async refuseWeak(field, password, about) {
      const chars = length(password);
      if (!password.isWellFormed() || /\p{Cc}/u.test(password)) throw badInput(field, 'contains characters that are not text.');
      if (chars < charsMin) throw badInput(field, `must have at least ${charsMin} characters. Several words are easy to remember.`);
      if (chars > PASSWORD_CHARS_MAX) throw badInput(field, `must have at most ${PASSWORD_CHARS_MAX} characters.`);
      const plain = normal(password).toLowerCase();
      const own = about.flatMap(partsOf).find((part) => plain.includes(part));
      if (own !== undefined) throw badInput(field, 'must not contain your own name or address.');
      if (isCommonPassword(plain)) {
        throw badInput(field, 'is one of the passwords that are tried first. Choose another.');
      }
      if (await isLeaked?.(normal(password))) throw badInput(field, 'was found in a leak of another service. Choose another.');
    },
    get computed() {
      return computed;
    },
  });
}

/** One form for the many ways in which keyboards write the same characters. */
function normal(password: string): string {
  return password.normalize('NFKC');
}

function length(password: string): number {
  return Array.from(normal(password)).length;
}

/** What no password can be is not hashed at whatever length it has; that it was cut is known to the caller. */
function cut(password: string): string {
  return password.slice(0, 4 * PASSWORD_CHARS_MAX);
}

function partsOf(text: string): string[] {
  return normal(text)
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => Array.from(part).length >= PART_CHARS_MIN);
}

/** The PHC string format, as other tools write it. */
function format({ cost: { memoryKiB, passes, lanes }, salt, digest }: Parsed): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(digest)}`;
}

function parse(hash: string): Parsed {
  const [, memory, passes, lanes, salt = '', digest = ''] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash) ?? [];
  const parsed = {
    cost: { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) },
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64'),
  };
  if (parsed.digest.length !== HASH_BYTES) throw new Error('a password hash that is none of ours');
  return parsed;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

/** At most this many at once, in the order they came; who finds the line full is sent away. */
function turns(atOnce: number, waitingMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= waitingMax)
        throw new AppError('UNAVAILABLE', 'Too many people sign in at this moment. Try again in a few seconds.', { retryAfterMs: 2_000 });
      // Whoever ends hands over the place, so that nobody slips in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
