/** What is taken out of messages as long as nobody sets it otherwise. */
import type { RedactionPolicy } from '../../src/privacy/kinds.ts';

export const REDACTION: RedactionPolicy = { email: false, phone: false, keptDomains: ['loomwork.example'] };
