/**
 * Whether a credential still holds while a line is open. The moment something it stands on changes, nothing more is delivered until it
 * has been checked again: then the line goes on, what was followed under other rights ends, or the line ends. One for each socket and
 * each stream of events; closes nothing itself.
 */
import { authorizationClassOf } from '../desk/authorization-class.ts';
import { AppError } from '../foundation/errors.ts';
import type { Authenticated } from '../identity/authenticate.ts';
import type { Revocation } from '../identity/revocation.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';

/** As one operation sees it: bound to the rights it began with. */
export interface Standing {
  /** True while nothing may be delivered. */
  readonly held: boolean;
  /** Resolves when the check under way is over, however it ended. */
  confirmed(): Promise<void>;
  /** Aborts, with the refusal as its reason, when the viewer's rights are others than when the operation began. */
  readonly rights: AbortSignal;
}

export interface StandingDeps {
  /** From where the line came. */
  readonly authenticate: (credential: string) => Promise<Authenticated>;
  readonly revocation: Pick<Revocation, 'watch'>;
  /** The same viewer came out, to an end that may be another than before. False for `sameRights`: what was followed ends now. */
  readonly onChecked: (fresh: Authenticated, sameRights: boolean) => void;
  /** The credential holds no more, or nobody can tell. */
  readonly onRefused: (error: unknown) => void;
}

export interface StandingControl {
  standing(): Standing;
  /** The client brought another credential of the same viewer. */
  renew(credential: string, known: Authenticated, sinceMs: number): void;
  stop(): void;
}

/** @param sinceMs When the check of the credential began: what changed since then is not missed. */
export function createStanding(deps: StandingDeps, credential: string, known: Authenticated, sinceMs: number): StandingControl {
  let held = false;
  let stopped = false;
  /** Something changed during the check under way. */
  let again = false;
  let checking: Promise<void> | null = null;
  let rights = new AbortController();
  let unwatch: () => void = () => undefined;

  function watch(since?: number): void {
    unwatch();
    unwatch = known.versions ? deps.revocation.watch(known.versions, { changed: doubt, lost }, since) : () => undefined;
  }

  function doubt(): void {
    if (stopped) return;
    held = true;
    again = true;
    checking ??= check().finally(() => (checking = null));
  }

  function lost(): void {
    refuse(new AppError('UNAVAILABLE', 'It cannot be told right now whether you may still see this.'));
  }

  function refuse(error: unknown): void {
    if (stopped) return;
    // Stays held: whatever is left of the line delivers nothing.
    held = true;
    stop();
    deps.onRefused(error);
  }

  async function check(): Promise<void> {
    // Not in the turn of whoever tells the news: it is still going through its watchers.
    await Promise.resolve();
    while (again && !stopped) {
      again = false;
      const asked = credential;
      try {
        const fresh = await deps.authenticate(asked);
        // A renewal that came in between is checked by itself.
        if (asked === credential && !stopped) take(fresh);
        else again = true;
      } catch (error) {
        if (asked === credential) return refuse(error);
        again = true;
      }
    }
    if (!stopped) held = false;
  }

  function take(fresh: Authenticated): void {
    const same = isSame(fresh.viewer, known.viewer);
    known = fresh;
    // News that came during the check has been noted by the watcher of before.
    watch();
    if (same) return deps.onChecked(fresh, true);
    const before = rights;
    rights = new AbortController();
    deps.onChecked(fresh, false);
    before.abort(new AppError('FORBIDDEN', 'What you may see has changed. Subscribe again.', { retryable: true }));
  }

  function stop(): void {
    stopped = true;
    unwatch();
  }

  watch(sinceMs);
  return {
    standing: () => {
      const { signal } = rights;
      return {
        get held() {
          return held;
        },
        confirmed: () => checking ?? Promise.resolve(),
        rights: signal,
      };
    },
    renew(fresh, renewed, renewedSinceMs) {
      if (stopped) return;
      credential = fresh;
      known = renewed;
      watch(renewedSinceMs);
    },
    stop,
  };
}

/** The same person with the same rights: what they follow goes on as it is. */
export function isSame(one: Viewer, other: Viewer): boolean {
  return viewerKey(one) === viewerKey(other) && authorizationClassOf(one).key === authorizationClassOf(other).key;
}
