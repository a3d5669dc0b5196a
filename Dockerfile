# syntax=docker/dockerfile:1
# The gateway as an image: production packages, the sources as they are (Node 24 strips the types), and the database client made at
# build time. It holds no compiler, no package that only development needs and no PostgreSQL: DATABASE_URL names one.

ARG NODE_IMAGE=node:24-slim

# Makes the database client. The generators are development packages and stay behind here; no install script is needed for it.
FROM ${NODE_IMAGE} AS generated
WORKDIR /parley
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY .config/ .config/
COPY prisma/ prisma/
RUN node .config/generate.ts
COPY agents/ agents/
COPY src/ src/
# What is learned from the agents' examples, so that no start has to.
RUN node .config/learn.ts

# What runs in production. The optional packages are the embedded PostgreSQL and compiled shortcuts, none of them needed. Left out as
# well: declarations and source maps of packages, and the query compilers of databases that are not PostgreSQL.
FROM ${NODE_IMAGE} AS packages
WORKDIR /parley
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && find node_modules/@prisma/client/runtime -type f -name 'query_compiler_*' ! -name '*.postgresql.*' -delete

FROM ${NODE_IMAGE}
# A container is reached from outside, so it listens on all its addresses.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
WORKDIR /parley
COPY --from=packages /parley/node_modules/ node_modules/
COPY package.json schema.graphql ./
COPY prisma/ prisma/
COPY agents/ agents/
COPY src/ src/
COPY --from=generated /parley/src/store/generated/ src/store/generated/
COPY --from=generated /parley/node_modules/.cache/ node_modules/.cache/
# The user `node`, by number: platforms that refuse root cannot tell from a name. It owns nothing here and writes nothing.
USER 1000:1000
EXPOSE 4000
# Readiness goes off first, answers in the making are heard to their end, sockets move on: give it DRAIN_MS and 15 seconds more.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`, { signal: AbortSignal.timeout(2500) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Tokens are short-lived: a larger young generation halves what collecting them costs.
CMD ["node", "--max-semi-space-size=64", "--enable-source-maps", "src/main.ts", "--wait"]
