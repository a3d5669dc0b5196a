/** The desk of registered operations over the real schema and the limits of the default configuration. */
import { readConfig } from '../../src/config.ts';
import { createOperationDesk, type OperationDesk, type OperationDeskDeps } from '../../src/desk/registered-operation.ts';
import { createInspect } from '../../src/gateway/inspect-operation.ts';
import { schema } from '../../src/schema/schema.ts';

export function openOperationDesk(deps: Omit<OperationDeskDeps, 'inspect'>): OperationDesk {
  return createOperationDesk({ ...deps, inspect: createInspect(schema, readConfig({}).limits) });
}
