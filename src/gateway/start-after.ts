/**
 * Where a stream goes on when the transport says so: `Last-Event-ID` of server-sent events becomes the `after` argument of the
 * subscription's field, over a literal, a variable or nothing. It rewrites the document of this one request; nothing else reads it.
 */
import { Kind, TypeInfo, visit, visitWithTypeInfo, type ArgumentNode, type DocumentNode, type GraphQLSchema } from 'graphql';

export function startAfter(schema: GraphQLSchema, document: DocumentNode, after: string): DocumentNode {
  const types = new TypeInfo(schema);
  const root = schema.getSubscriptionType();
  const argument: ArgumentNode = { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'after' }, value: { kind: Kind.STRING, value: after } };
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: (node) => {
        if (!root || types.getParentType() !== root || !types.getFieldDef()?.args.some(({ name }) => name === 'after')) return undefined;
        return { ...node, arguments: [...(node.arguments ?? []).filter(({ name }) => name.value !== 'after'), argument] };
      },
    }),
  );
}
