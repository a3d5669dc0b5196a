/**
 * The operations that `npm run operations:register` and `operations:check` send: everybody may run them by id, since a key that runs
 * registered operations only could register none otherwise. What each viewer gets from them is decided by their fields. A test checks
 * each against the schema.
 */
import { hashOf } from '../desk/registered-operation.ts';

export const REGISTER = `mutation ParleyRegisterOperations($input: RegisterOperationsInput!) {
  registerOperations(input: $input) { added operations { id documentId name version cost } }
}`;

export const RETIRE = `mutation ParleyRetireOperations($input: RetireOperationsInput!) {
  retireOperations(input: $input) { operations { id documentId name version retiredAt } }
}`;

export const LIST = `query ParleyOperations($partnerId: ID, $retired: Boolean, $after: String) {
  operations(partnerId: $partnerId, retired: $retired, first: 50, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { id documentId name kind version text cost partnerId registeredAt retiredAt calls } }
  }
}`;

export const BUILT_IN: ReadonlyMap<string, string> = new Map([REGISTER, RETIRE, LIST].map((text) => [hashOf(text), text]));
