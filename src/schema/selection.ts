/** What an operation asks for below the field being resolved: one field by its path, or the relations that Prisma loads with the rows. */
import { queryFromInfo } from '@pothos/plugin-prisma';
import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import type { Context } from './builder.ts';

/**
 * Whether a field is selected. Looks through fragments and ignores their type conditions, so it may say yes too often, never too rarely.
 * @param path Field names from the one being resolved downwards, `['edges', 'node', 'position']`.
 */
export function selects(info: GraphQLResolveInfo, path: readonly string[]): boolean {
  return info.fieldNodes.some((field) => reaches(info, field.selectionSet, path));
}

/**
 * The relations to load with the rows of a connection, or of one row of a named type; spread it into a Prisma read first.
 * Its type is deliberately empty: the relations are Pothos' business, resolvers here use columns only.
 */
export function relations(context: Context, info: GraphQLResolveInfo, of: 'connection' | { readonly type: string }): object {
  return of === 'connection' ? queryFromInfo({ context, info, path: ['edges', 'node'] }) : queryFromInfo({ context, info, typeName: of.type });
}

function reaches(info: GraphQLResolveInfo, selected: SelectionSetNode | undefined, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  return (selected?.selections ?? []).some((selection) => {
    switch (selection.kind) {
      case Kind.FIELD:
        return selection.name.value === name && reaches(info, selection.selectionSet, rest);
      case Kind.INLINE_FRAGMENT:
        return reaches(info, selection.selectionSet, path);
      case Kind.FRAGMENT_SPREAD:
        return reaches(info, info.fragments[selection.name.value]?.selectionSet, path);
    }
  });
}
