/**
 * Notices who follows what: a subscription field that names its subject (`extensions.followed`: the argument with the id) is reported
 * once it works, with the signal that ends it. Knows neither presence nor conversations.
 */
import { Kind, type GraphQLSchema } from 'graphql';
import type { Viewer } from '../store/viewer.ts';
import type { Call, Prepared } from './operations.ts';

/** Called for each subscription that began. The signal aborts when it ends, however that happens. */
export type OnFollowed = (viewer: Viewer, id: string, signal: AbortSignal) => void;

export interface Arrivals {
  /** This subscription has begun and was let in. */
  began(prepared: Prepared, call: Call): void;
}

export function createArrivals(schema: GraphQLSchema, onFollowed: OnFollowed | undefined): Arrivals {
  return Object.freeze({
    began({ operation, variables }: Prepared, { viewer, signal }: Call) {
      if (!onFollowed || !viewer || operation.operation !== 'subscription') return;
      const [selected] = operation.selectionSet.selections;
      if (selected?.kind !== Kind.FIELD) return;
      const name = schema.getSubscriptionType()?.getFields()[selected.name.value]?.extensions['followed'];
      const value = selected.arguments?.find((argument) => argument.name.value === name)?.value;
      const id = value?.kind === Kind.VARIABLE ? variables[value.name.value] : value?.kind === Kind.STRING ? value.value : null;
      if (typeof id === 'string') onFollowed(viewer, id, signal);
    },
  });
}
