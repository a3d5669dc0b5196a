/**
 * Whether a word is a secret by its looks: keys by the prefixes their makers gave them, any credential by its entropy once a word before it
 * has named one, a password once somebody has said that it is theirs. Judges single words; where they stand is the scanner's to know.
 */

/** Bodies are far longer than the first characters by which people name a key, so those stay. */
const KEY =
  /^(?:(?:pk|sk|rk)_(?:live|test)_[\w-]{16,}|lwk_[\w-]{16,}|sk-(?:ant-|proj-|svcacct-|or-)?[\w-]{20,}|whsec_[\w+/=-]{16,}|gh[pousr]_[A-Za-z\d]{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}|(?:AKIA|ASIA)[A-Z\d]{16}|xox[abeprs]-[\w-]{16,}|xapp-[\w-]{16,}|AIza[\w-]{35}|ya29\.[\w.-]{20,}|npm_[A-Za-z\d]{36}|pypi-[\w-]{40,}|SG\.[\w-]{16,}\.[\w-]{16,}|hf_[A-Za-z]{30,}|dop_v1_[a-f\d]{40,}|shp(?:at|ca|pa|ss)_[a-fA-F\d]{32}|sntrys_[\w+/=.-]{20,}|lin_api_[A-Za-z\d]{30,}|secret_[A-Za-z\d]{40,}|key-[a-f\d]{32}|eyJ[\w-]{10,}\.[\w-]{10,}\.?[\w.-]*)$/;
const KEY_CHARS_MIN = 20;
/** The letters that keys begin with, up to the first character that is none; behind the latter ones more letters may follow. */
const KEY_STARTS =
  'pk sk rk lwk whsec ghp gho ghu ghs ghr github glpat xoxa xoxb xoxe xoxp xoxr xoxs xapp ya npm pypi SG hf dop shpat shpca shppa shpss sntrys lin secret key'.split(
    ' ',
  );
const KEY_STARTS_GOING_ON = ['AKIA', 'ASIA', 'AIza', 'eyJ'];

/** Ids of rows (TypeID), and numbers of invoices, tickets and the like: they name things, and open nothing. */
const NAMES_A_THING = /^(?:[a-z]{2,10}_[0-7][0-9a-hjkmnp-tv-z]{25}|[A-Z]{2,6}-\d{2,4}-\d+|[A-Z]{2,6}-\d+|v?\d+(?:\.\d+){1,3}|#\d+)$/;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

/** Whether a word whose first characters are these letters, and which goes on, may become a key. */
export function mayBecomeKey(letters: string): boolean {
  return [...KEY_STARTS, ...KEY_STARTS_GOING_ON].some((start) => start.startsWith(letters)) || KEY_STARTS_GOING_ON.some((start) => letters.startsWith(start));
}

export function isKey(word: string): boolean {
  return word.length >= KEY_CHARS_MIN && KEY.test(word);
}

/** A word that a key, token or secret was announced with. */
export function isCredential(word: string, told: boolean): boolean {
  if (word.length < 16 || !/^[\w+/=.~:-]+$/.test(word) || NAMES_A_THING.test(word) || /^https?:|^www\./i.test(word)) return false;
  if (UUID.test(word)) return told;
  return isKey(word) || turns(word) >= Math.max(4, Math.floor(word.length / 5));
}

/** What follows "Bearer": a token68 of RFC 9110 that is no plain word. */
export function isBearer(word: string): boolean {
  return word.length >= 12 && /^[\w+/=.~-]+$/.test(word) && /\d|[a-z][A-Z]/.test(word) && !NAMES_A_THING.test(word);
}

/** How often letters change into digits or back, or a small letter is followed by a capital. Chance does it all the time, names seldom. */
function turns(word: string): number {
  let count = 0;
  let before = '';
  for (const char of word) {
    const now = /\d/.test(char) ? 'digit' : /[a-z]/.test(char) ? 'lower' : /[A-Z]/.test(char) ? 'upper' : before;
    if (before !== '' && now !== before && !(before === 'upper' && now === 'lower')) count += 1;
    before = now;
  }
  return count;
}

/** `if-last`: a plain word, which is a password only where the sentence or line ends with it. */
export type PasswordVerdict = 'yes' | 'no' | 'if-last';

/**
 * @param value Without quotes and closing punctuation.
 * @param told "is" or a colon stood before it, so a plain word may be one too.
 */
export function judgePassword(value: string, told: boolean): PasswordVerdict {
  if (value.length < 3 || !/[\p{L}\d]/u.test(value) || isNoPassword(value)) return 'no';
  if (/^\p{L}+$/u.test(value)) return told ? judgePlainWord(value) : 'no';
  if (!told) return value.length >= 6 && /\p{L}/u.test(value) && /\d/.test(value) && !/[()[\]{}/]/.test(value) ? 'yes' : 'no';
  if (/^\d+$/.test(value)) return value.length < 4 ? 'no' : /^(?:19|20)\d\d$/.test(value) ? 'if-last' : 'yes';
  if (/\d/.test(value) && /\p{L}/u.test(value)) return 'yes';
  return /[!#$%^&*+=~?@]/.test(value) ? 'yes' : judgePlainWord(value);
}

/** Names of things, places where passwords are kept, templates, and lengths such as "12-character". */
function isNoPassword(value: string): boolean {
  return (
    NAMES_A_THING.test(value) ||
    /^(?:https?:|www\.|process\.env|os\.environ|\$\{|\{\{|%\(|<)/i.test(value) ||
    /^\$[A-Z_]+$/.test(value) ||
    /^\d{1,3}[-+]\p{L}{3,}$/u.test(value) ||
    /^\d{1,3}\p{L}{1,2}$/u.test(value) ||
    /^(?:SAML|OAuth|TLS|SHA|AES|UTF|Base|bcrypt|argon|PBKDF|ISO|RFC|Win|Windows|iOS|macOS|Chrome|Office)[-/]?\d[\d.]*$/i.test(value)
  );
}

function judgePlainWord(value: string): PasswordVerdict {
  const word = value.toLowerCase();
  if (STOP.has(word) || /(?:ed|ing|ly|able|ible|iert|lich|bar|mente|ment|ado|ada|ido|ida)$/.test(word) || word.length < 4) return 'no';
  return 'if-last';
}

/** What people say about passwords. */
const STOP = new Set(
  (
    'not wrong incorrect invalid valid right correct bad weak strong short long secure insecure old new older newer empty blank missing gone lost broken stolen ' +
    'sent reset set shown hidden known unknown given kept safe unsafe public private same different identical unique similar mine yours theirs fine okay good ' +
    'great best better worse stale sensitive case mandatory optional necessary needed there here this that these those what which when where why how who please ' +
    'thanks thank help again never always still only just also already over under between within without with from into onto none null undefined true false nothing ' +
    'something anything everything someone required redacted confidential complex simple easy difficult hard unclear clear possible impossible about after before ' +
    'because since until unless although though very really quite rather pretty almost nearly exactly forgot forgotten gotten ' +
    'change minimum maximum least most more less both either neither every each some many open closed down back fake leaked compromised manager login email page ' +
    'link field form policy settings security account username user name admin error failed fails failure problem issue question request update setup text string ' +
    'plain plaintext boolean encoded case-sensitive up-to-date time-limited one-time read-only self-service ' +
    'falsch richtig nicht kein keine weg abgelaufen gesperrt vergessen ungültig gültig korrekt inkorrekt kurz lang schwach stark sicher unsicher leer alt neu ' +
    'bekannt unbekannt verloren gestohlen gleich anders geändert gesetzt nötig erforderlich pflicht bitte danke hilfe immer noch schon wieder zurück möglich ' +
    'unmöglich egal dasselbe wichtig kompliziert einfach geheim verschickt ' +
    'incorrecta incorrecto correcta correcto errónea erróneo mala malo válida válido inválida inválido corta corto larga largo débil fuerte segura seguro vieja viejo ' +
    'nueva nuevo igual misma mismo distinta distinto diferente gracias ayuda vacía vacío buena bueno secreta ' +
    'incorrecte mauvais mauvaise faux fausse expiré expirée oublié oubliée perdu perdue invalide valide valable court courte longue faible forte fort sûr bonne nouveau ' +
    'nouvelle ancien ancienne vide même différent différente merci aide obligatoire nécessaire impossible toujours jamais trop pas plus'
  ).split(' '),
);
