/**
 * `check_code`: the blocks of code in a draft: language, brackets and quotes, JSON and YAML really parsed, commands that destroy, secrets,
 * what was left out. Runs nothing; whether code does what it should is for whoever reads it.
 */
import { parseDocument } from 'yaml';
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import type { Severity } from '../orchestration/workflow-input.ts';
import { findImbalance } from './code-balance.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';
import { secretLinesIn } from './secrets-in.ts';

export function checkCode(): AnyTool {
  return defineCheck({
    name: 'check_code',
    description:
      'Looks at the blocks of code in a draft: language, balance of brackets and quotes, valid JSON and YAML, dangerous commands, secrets written out, parts left out.',
    about: 'the code',
    read: (reviewed) => readCode(reviewed),
  });
}

const CHECK = 'code';
/** A longer block is a file, and is not read by parsers here. */
const PARSED_CHARS_MAX = 20_000;

interface Block {
  readonly language: string;
  readonly code: string;
  readonly closed: boolean;
  readonly fence: string;
}

export function readCode({ answer }: Pick<Reviewed, 'answer'>): Reading {
  const blocks = blocksIn(answer);
  const inline = [...answer.replace(/```[\s\S]*?(?:```|$)/g, ' ').matchAll(/`([^`\n]{1,300})`/g)].map(([, code = '']) => code);
  const findings = [...blocks.flatMap(ofBlock), ...inline.flatMap((code) => [...ofDanger(code, ''), ...ofSecrets(code)])];
  return { findings, checked: blocks.length + inline.length };
}

function blocksIn(answer: string): Block[] {
  return [...answer.matchAll(/^[ \t]*```([^\n`]*)\n?([\s\S]*?)(^[ \t]*```[ \t]*$|(?![\s\S]))/gm)].map(([, tag = '', code = '', end = '']) => ({
    language: LANGUAGES.get(tag.trim().toLowerCase().split(/[\s{]/)[0] ?? '') ?? tag.trim().toLowerCase(),
    code,
    closed: end !== '',
    fence: `\`\`\`${tag}`,
  }));
}

const LANGUAGES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    js: 'javascript',
    jsx: 'javascript',
    mjs: 'javascript',
    ts: 'typescript',
    tsx: 'typescript',
    py: 'python',
    python3: 'python',
    rb: 'ruby',
    golang: 'go',
    sh: 'shell',
    bash: 'shell',
    zsh: 'shell',
    console: 'shell',
    curl: 'shell',
    yml: 'yaml',
    jsonc: 'jsonc',
    'c#': 'csharp',
    cs: 'csharp',
  }),
);
const KNOWN = new Set(
  'javascript typescript python ruby go java kotlin swift rust c cpp csharp php shell json jsonc yaml sql html xml css http graphql text txt plaintext csv diff ini toml dockerfile powershell'.split(
    ' ',
  ),
);
/** Brackets mean nothing in these. */
const LOOSE = new Set(['text', 'txt', 'plaintext', 'csv', 'diff', 'http', 'html', 'xml', 'yaml', 'ini', 'toml', 'json', '']);

function ofBlock({ language, code, closed, fence }: Block): Finding[] {
  const first = code.split('\n').find((line) => line.trim() !== '') ?? '';
  const findings: Finding[] = [];
  if (code.trim() === '') return [found(CHECK, 'medium', 'A block of code is empty.', 'Fill it, or take it out.', fence)];
  if (!closed) findings.push(found(CHECK, 'medium', 'A block of code is not closed.', 'End it with three backticks.', fence));
  if (language === '') findings.push(found(CHECK, 'info', 'A block of code does not name its language.', 'Name it behind the backticks.', first));
  else if (!KNOWN.has(language))
    findings.push(found(CHECK, 'info', `A block of code names the language ${quote(language)}, which nobody highlights.`, 'Use a common name.', fence));
  return [...findings, ...ofSyntax(language, code, first), ...ofDanger(code, language), ...ofSecrets(code), ...ofGaps(code, language)];
}

function ofSyntax(language: string, code: string, first: string): Finding[] {
  if (code.length > PARSED_CHARS_MAX) return [];
  if (language === 'json') {
    const fault = jsonFault(code);
    return fault === null ? [] : [found('code_syntax', 'high', `The JSON cannot be parsed: ${fault}.`, 'Mend it so that it parses.', first)];
  }
  if (language === 'yaml') {
    const [error] = parseDocument(code, { prettyErrors: false, logLevel: 'silent' }).errors;
    return error ? [found('code_syntax', 'high', `The YAML cannot be parsed: ${error.message}.`, 'Mend it so that it parses.', first)] : [];
  }
  const found1 = LOOSE.has(language) ? null : findImbalance(code, language);
  const findings = found1 ? [found('code_syntax', 'high', found1.sentence, 'Close what is opened.', found1.line)] : [];
  return [...findings, ...ofPython(language, code)];
}

function jsonFault(code: string): string | null {
  try {
    JSON.parse(code);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 120) : 'it is not valid';
  }
}

/** A compound statement ends in a colon; one that goes on in brackets or behind a backslash is left alone. */
function ofPython(language: string, code: string): Finding[] {
  if (language !== 'python') return [];
  const open = code
    .split('\n')
    .find(
      (line) => /^\s*(?:def|class|if|elif|for|while|with|try|else|except|finally)\b/.test(line) && !/:\s*(?:#.*)?$|:\s\S|[([{,\\]\s*$/.test(line.trimEnd()),
    );
  return open === undefined ? [] : [found('code_syntax', 'high', `A line of Python has no colon: ${quote(open)}.`, 'Add the colon.', open.trim())];
}

interface Danger {
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly says: string;
  readonly instead: string;
}

const DANGERS: readonly Danger[] = [
  {
    pattern: /\brm\s+(?:-[a-zA-Z]+\s+)*-[a-zA-Z]*[rR][a-zA-Z]*\s+(?:-[a-zA-Z-]+\s+)*(?:\/|~|\*|\$HOME|\.\.?)(?:\s|\/?\*|\/?$|;|&)/gm,
    severity: 'critical',
    says: 'A command deletes everything',
    instead: 'Name the one folder, or leave it out.',
  },
  {
    pattern: /:\(\)\s*\{\s*:\|:&\s*\};:|\bmkfs(?:\.\w+)?\s|\bdd\s+if=\S+\s+of=\/dev\/|>\s*\/dev\/sd[a-z]\b|\bformat\s+c:/gim,
    severity: 'critical',
    says: 'A command destroys a machine',
    instead: 'Leave it out.',
  },
  {
    pattern: /\b(?:curl|wget)\b[^\n|;]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b/gim,
    severity: 'high',
    says: 'A command runs what it downloads unseen',
    instead: 'Download, look, then run.',
  },
  {
    pattern: /\bDROP\s+(?:TABLE|DATABASE|SCHEMA)\b|\bTRUNCATE\s+(?:TABLE\s+)?\w+/gi,
    severity: 'critical',
    says: 'A statement throws data away',
    instead: 'Leave it out.',
  },
  {
    pattern: /\bDELETE\s+FROM\s+[\w."]+\s*(?:;|$)(?!\s*WHERE)|\bUPDATE\s+[\w."]+\s+SET\s+(?:(?!\bWHERE\b)[^;])*(?:;|$(?![\s\S]))/gim,
    severity: 'high',
    says: 'A statement changes every row',
    instead: 'Add a WHERE.',
  },
  {
    pattern: /\bchmod\s+(?:-R\s+)?(?:0?777|a\+rwx)\b/g,
    severity: 'high',
    says: 'A command opens files to everybody',
    instead: 'Give only the rights that are needed.',
  },
  {
    pattern:
      /\bverify\s*=\s*False\b|\brejectUnauthorized['"]?\s*:\s*false\b|\bNODE_TLS_REJECT_UNAUTHORIZED\s*=\s*['"]?0|\bInsecureSkipVerify\s*:\s*true\b|\bcurl\b[^\n]*\s(?:-k|--insecure)\b|\bVERIFY_NONE\b|\bssl\._create_unverified_context\b/g,
    severity: 'high',
    says: 'The code turns the check of certificates off',
    instead: 'Leave it on.',
  },
  {
    pattern: /(?<![.\w])eval\s*\(|\bnew\s+Function\s*\(|\bshell\s*=\s*True\b|\bos\.system\s*\(|\bpickle\.loads?\s*\(|\bchild_process\.exec\s*\(/g,
    severity: 'medium',
    says: 'The code runs text as code',
    instead: 'Use a call that takes arguments.',
  },
  {
    pattern: /\.innerHTML\s*=(?!=)|\bdangerouslySetInnerHTML\b|\bdocument\.write\s*\(/g,
    severity: 'medium',
    says: 'The code puts text into a page as markup',
    instead: 'Set it as text.',
  },
  {
    pattern: /["'`]\s*(?:SELECT|INSERT|UPDATE|DELETE)\b[^"'`\n]*["'`]\s*(?:\+|%)\s*\w|f["'](?:SELECT|INSERT|UPDATE|DELETE)\b[^"'\n]*\{/gi,
    severity: 'high',
    says: 'The code puts values into SQL as text',
    instead: 'Use parameters.',
  },
  {
    pattern: /\bgit\s+push\s+(?:\S+\s+)*(?:--force|-f)(?=\s|$)|\bgit\s+reset\s+--hard\b|\bgit\s+clean\s+-[a-z]*f/gm,
    severity: 'medium',
    says: 'A command throws away work of others',
    instead: 'Say what it does, or leave it out.',
  },
];

function ofDanger(code: string, language: string): Finding[] {
  const said = language === 'shell' || language === 'python' || language === 'ruby' ? code.replace(/(^|\s)#.*$/gm, '$1') : code;
  return DANGERS.flatMap(({ pattern, severity, says, instead }) =>
    [...said.matchAll(pattern)].map((match) =>
      found('code_danger', severity, `${says}: ${quote(match[0])}.`, instead, code.includes(match[0]) ? match[0] : ''),
    ),
  );
}

const NOT_A_SECRET = /your|example|placeholder|xxx|\.\.\.|<|\$\{?[A-Z_a-z]|process\.env|os\.environ|ENV\[|getenv|secrets?\.|REDACTED|\*\*\*/i;

function ofSecrets(code: string): Finding[] {
  return secretLinesIn(code)
    .filter(({ line }) => !NOT_A_SECRET.test(line))
    .map(({ kinds, before }) => found('code_secret', 'critical', `A ${kinds} is written into the code.`, 'Read it from the environment.', before));
}

const GAPS =
  /(?:#|\/\/|--|\/\*)\s*(?:TODO|FIXME|your code(?: goes)? here|rest of (?:the |your )?code|implement\w* (?:this|me|here)|add (?:your|the) (?:logic|code)|\.\.\.)|\bpass\s*#\s*TODO|\braise NotImplementedError\b|^\s*\.\.\.\s*$/im;

function ofGaps(code: string, language: string): Finding[] {
  if (language === 'text' || language === 'diff') return [];
  const gap = GAPS.exec(code);
  return gap
    ? [found('code_complete', 'low', `The code leaves something out: ${quote(gap[0])}.`, 'Write it, or say in the text that it is left out.', gap[0])]
    : [];
}
