/**
 * Prisma's own configuration, used only to generate the client. The engine path is any existing file: `prisma generate` checks
 * that it exists and never runs it, and nothing here may download one. Migrations are applied by src/store/migrate.ts.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

process.env['PRISMA_SCHEMA_ENGINE_BINARY'] = fileURLToPath(import.meta.url);

export default defineConfig({ schema: fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url)) });
