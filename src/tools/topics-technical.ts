/**
 * What a customer's words are about, for the tools of technical help and of integrations; the same rules as in topics.ts: on word
 * boundaries, linear in the text, and no when in doubt.
 */
import type { TurnText } from '../orchestration/tool.ts';
import { plain } from './reading.ts';

/** A message this short goes on with the one before it ("and the other one?"). */
const FOLLOW_UP_WORDS_MAX = 8;

/** The text a tool should look at: this message, or with a short one the message it continues; null when neither is about it. */
export function textAbout({ text, earlier }: TurnText, isAbout: (text: string) => boolean): string | null {
  if (isAbout(text)) return text;
  const before = earlier.at(-1);
  return before !== undefined && plain(text).split(' ').length <= FOLLOW_UP_WORDS_MAX && isAbout(before) ? `${before}\n${text}` : null;
}

/** What became of something reported. */
export function isAboutTickets(text: string): boolean {
  const said = plain(text);
  return (
    /\b(?:my|our|open|the|a|any|this|that|support|bug|old|last) tickets?\b(?! (?:system|template|board|type))|\bticket (?:no\.?|number|nr\.?|#|status)|#\d{2,9}\b/.test(
      said,
    ) ||
    /\b(?:bug|issue|problem|fault|crash|error|case)s? (?:that |which )?(?:i|we) (?:have |had )?(?:already )?(?:reported|raised|sent|opened)\b|\bmy (?:bug )?reports?\b|\bi (?:already )?reported (?:this|it|that|the)\b/.test(
      said,
    )
  );
}

/** Something of the product does not do what it should, or is said to be known or down. */
export function isAboutFault(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:wrong|incorrect\w*|greyed out|cut off|unreadable|garbled|raw html|question marks|jump(?:s|ing)? around|off by (?:one|a) (?:day|hour)|double[ds]?|shown twice|undefined|misbehav\w*|problems?|issues?|messed up|not reachable|unreachable)\b/,
      /(?<!\p{L})(?:fehler|funktioniert nicht|reagiert (?:überhaupt )?nicht|kaputt|geht nicht|no funciona|equivocad[oa]s?|erreur|ne (?:marche|fonctionne) (?:pas|plus)|não funciona|erro)(?!\p{L})/u,
    ].some((pattern) => pattern.test(said)) ||
    [
      /\b(?:errors?|bugs?|buggy|glitch\w*|broken|outages?|downtime|incidents?|known issues?|status page|malfunction\w*|faulty|exception|stack trace)\b/,
      /\b(?:not|n't|n’t|never|no longer|stopped|stops|fails? to|failed to|refuses to) (?:\w+ )?(?:work\w*|load\w*|open\w*|respond\w*|show\w*|appear\w*|start\w*|sav(?:e|es|ing)|upload\w*|render\w*|display\w*|react\w*|do anything|sync\w*|updat\w*|scroll\w*|send\w*|arriv\w*)\b/,
      /\b(?:is|are|seems?|it's|loomwork|app|site|page|service|server) (?:\w+ )?(?:down|dead|unreachable|unavailable|offline)\b/,
      /\b(?:white|blank|empty|black|grey|blue) (?:page|screen|window|board)\b|\b(?:endless|only a|just a|forever) spinner\b|\bspinn(?:er|ing)\b|\bstuck (?:at|on|in)\b/,
      /\b(?:nothing happens|does nothing|do nothing|goes wrong|went wrong|acts? (?:up|weird\w*|strange\w*)|wrong (?:numbers?|totals?|sums?|dates?|values?|results?))\b/,
      /\b(?:40[0-9]|50[0-4]) (?:error|page)|\berror (?:code )?\d{3}\b|\bfails?\b|\bfailed\b|\bfailing\b/,
    ].some((pattern) => pattern.test(said)) ||
    isAboutCrash(text) ||
    isAboutSlowness(text) ||
    isAboutSync(text)
  );
}

/** The application ends, freezes or hangs. */
export function isAboutCrash(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:clos(?:es|ing|ed)(?: on me| again)?|throws me|kicks? me|locks? up|lock-?up|dumps core|core dump|bluescreens?|task manager|end task|exit code|goes down|bombs|bombing|terminat\w*|stuck|vanish\w*|won't stay open|falls over|abends|exits when|kernel panic|jams|stands still|tab goes dead|access violation)\b/,
      /(?<!\p{L})(?:stürzt|abgestürzt|absturz|friert|eingefroren|hängt sich|plante|planté|fige|figé|se cierra|se bloquea|se congela|trava|fecha sozinho)(?!\p{L})/u,
    ].some((pattern) => pattern.test(said)) ||
    /\b(?:crash\w*|freez\w*|froze\w*|hangs?|hung|hanging|not responding|unresponsive|force[ -]?(?:quit|close)\w*|clos(?:es|ed|ing) (?:by )?itself|quits?(?: by itself| unexpectedly)?|shuts? (?:itself )?down|blue ?screen|aw,? snap|out of memory|kicks me (?:back )?to (?:the )?(?:home|desktop))\b/.test(
      said,
    )
  );
}

export function isAboutSlowness(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:delayed|needs? (?:\w+ ){0,3}(?:seconds|minutes)|\d+\+? ?(?:s|secs?|seconds|mins?|minutes)\b|latency|slideshow|treacle|turtle|makes me wait|(?:gets?|runs?) hot|data usage|whole core|jerks?|jerky|smooth\w*|hangs behind|lighter|minutes to open|forever to)\b/,
      /(?<!\p{L})(?:langsam|ladezeiten|lädt ewig|dauert (?:ewig|lange)|ruckelt|lent[ea]?|lents|lento|lenta|tarda|rame|rament|demora|devagar)(?!\p{L})/u,
    ].some((pattern) => pattern.test(said)) ||
    /\b(?:slow\w*|lag\w*|sluggish|time(?:s|d)?[ -]?outs?|timing out|tak(?:es|ing) (?:ages|forever|long|minutes|so long|too long|an eternity|\w+ (?:seconds|minutes))|performance|unusabl[ey]|(?:high |much |too much )?(?:memory|cpu|ram) (?:usage|use|load|hog)?|fans? (?:is |are |spins?|spinning|goes)|battery|hogs?|speed (?:up|it)|faster|crawl\w*|jank\w*|stutter\w*)\b/.test(
      said,
    )
  );
}

/** Data that does not arrive or agree between devices, people or connected tools. */
export function isAboutSync(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:offline|old name|two days (?:old|back|ago)|two hours late|out of step|don't match|do not match|meant to agree|not reflect\w*|haunting|live any ?more|refresh by hand|mirror\w*|everyone sees|everybody sees|different paragraphs|across devices|ical|outlook|dropbox|box folder)\b/,
      /\b(?:iphone|ipad|phone|mobile|tablet|laptop|pc|mac|desktop|web|calendar|jira|github|salesforce|slack|outlook|google)\b[^.!?]{0,60}\b(?:old|still|late|missing|twice|stays?|back from the dead|nothing|differ\w*|is showing|says|ignor\w*|agree)\b/,
      /(?<!\p{L})(?:synchronisier\w*|abgleich|kommen (?:am \p{L}+ )?nicht an|no aparecen|sincroniza\w*|synchronis\p{L}*|ne remontent|não sincroniza)(?!\p{L})/u,
    ].some((pattern) => pattern.test(said)) ||
    [
      /\b(?:re-?)?sync(?:h|s|ed|ing|hronis\w*|hroniz\w*)?\b|\bout of date\b|\bstale\b|\bout of step\b/,
      /\bconflict(?:s|ed|ing)?\b(?! of interest)/,
      /\b(?:changes?|edits?|updates?|tasks?|comments?|events?|data|messages?|commits?|issues?)\b[^.!?]{0,50}\b(?:not|n't|never|don't|doesn't)\b[^.!?]{0,24}\b(?:show\w*|appear\w*|arriv\w*|there|visible|reach\w*|come|coming|transfer\w*|updat\w*|posted|post)\b/,
      /\b(?:connected|connection|integration|calendar|slack|github|jira|salesforce|teams|google drive|drive)\b[^.!?]{0,50}\b(?:not|n't|stopped|stuck|delayed|fail\w*|broken|behind|disconnect\w*|twice|duplicat\w*|missing)\b/,
      /\boffline (?:changes|edits|work|mode)\b|\bdifferent (?:data|version|state|things?) (?:on|in)\b|\b(?:phone|mobile|tablet|laptop|desktop)\b[^.!?]{0,40}\b(?:shows?|still|old|different)\b/,
    ].some((pattern) => pattern.test(said))
  );
}

/** Something gone that must come back. */
export function isAboutDeleted(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:bin|trashed|revert\w*|time machine|salvage|version history|older version|previous version|snapshot|unarchive|reverse|reset the reset|put (?:them|it) back|have (?:them|it) back|where did my \w+ go|got rid of|discard\w*|cleared|fetch it (?:out|back))\b/,
      /\b(?:gone|vanished|disappeared)\b/,
      /(?<!\p{L})(?:gelöscht|papierkorb|wiederherstell\w*|zurückholen|überschrieben|verschwunden|borrad[oa]s?|papelera|recuperar\w*|eliminad[oa]s?|sobrescri\w*|perdid[oa]s?|corbeille|effac\p{L}*|supprim\p{L}*|sauvegarde|restaurer|récupérer|apagad[oa]s?|lixeira|excluíd[oa]s?)(?!\p{L})/u,
    ].some((pattern) => pattern.test(said)) ||
    [
      /\b(?:restor\w*|recover\w*|undelet\w*|un-delet\w*|trash|recycle bin|back-?ups?|retriev\w*|roll(?:ed|ing)? ?back|bring (?:\w+ ){0,4}back|get (?:\w+ ){0,5}back|overwr\w*|wiped?|purged?|undo)\b/,
      /\b(?:delet\w*|remov\w*|eras\w*|lost|gone|disappear\w*|vanish\w*|missing|threw away|thrown away|archived)\b[^.!?]{0,60}\b(?:by (?:mistake|accident)|accident\w*|projects?|boards?|tasks?|files?|docs?|documents?|attachments?|everything|data|work|views?|lists?|notes?)\b/,
      /\b(?:projects?|boards?|tasks?|files?|docs?|documents?|attachments?|everything|data|work|lists?|notes?)\b[^.!?]{0,60}\b(?:delet\w*|erased|lost|gone|disappear\w*|vanish\w*|missing|wiped)\b/,
    ].some((pattern) => pattern.test(said))
  );
}

export function isAboutBrowser(text: string): boolean {
  return /\b(?:browsers?|chrome|chromium|firefox|safari|edge|internet explorer|ie ?1?[0-9]|opera|brave|vivaldi|samsung internet|user agent|incognito|private window|ad-?blockers?|extensions?|add-?ons?|cookies?|cache)\b/.test(
    plain(text),
  );
}

export function isAboutWebhooks(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\bhooks?\b|\bcallbacks?\b|\b(?:our|the|my|your|one|raw) (?:\w+ )?(?:endpoint|receiver|listener|payload|delivery log|delivery history|raw body|posts)\b|\bdeliver(?:y|ies)\b/,
      /\bevents?\b[^.!?]{0,40}\b(?:arriv\w*|missing|order|twice|id|ids|backlog|get|sent|reach\w*|come|late|again|signs?)\b|\bno events\b|\b(?:task|comment|project|time)\.(?:created|updated|completed|deleted|logged)\b|\bx509\b|\bself-signed\b|\bat-least-once\b/,
    ].some((pattern) => pattern.test(said)) ||
    /\b(?:web ?hooks?|callbacks? url|endpoint(?:s)? (?:is |was |were |got )?(?:disabled|off|inactive)|hmac|loomwork-signature|signature (?:mismatch|check|verification|header)|redeliver\w*|event deliver\w*|deliver(?:y|ies)\b[^.!?]{0,40}\b(?:fail\w*|retr\w*|late|missing))\b/.test(
      said,
    )
  );
}

/** Tokens for the API. */
export function isAboutApiKeys(text: string): boolean {
  const said = plain(text);
  if (/\b(?:refresh|access) tokens?\b|\boauth\b/.test(said) && !/\bapi (?:keys?|tokens?)\b/.test(said)) return false;
  return /\b(?:api|bearer|secret|developer|our|my|the|this|that|old|leaked|personal) (?:access )?(?:keys?|tokens?)\b|\b(?:keys?|tokens?) (?:leaked|expired?|was leaked|called|named|for the api|prefix)\b|\b(?:revoke|rotate|leak\w*)\b[^.!?]{0,30}\b(?:keys?|tokens?)\b|\b(?:keys|tokens) (?:do|are|have)\b|\binvalid_token\b|\binsufficient_scope\b/.test(
    said,
  );
}

/** Limits of the API and how much of them is used. */
export function isAboutRateLimits(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:(?:api|call|request|hourly|daily|plan|the|your|our|stricter|hitting|below|after) (?:\w+ )?(?:limits?|cap|caps|allowance|quota)|limits? (?:are|per|counted)|limited|unblock|slow(?:ed)? down|slow_down|concurren\w*|parallel|per (?:hr|sec|min)|etags?|bulk call|batch\w*|cut off|cron jobs?|token bucket|sliding window|call count|calls)\b/,
      /(?<!\p{L})(?:límite|llamadas|nombre maximal|requêtes par|anfragen pro|limite de (?:requisições|chamadas))(?!\p{L})/u,
    ].some((pattern) => pattern.test(said)) ||
    /\b(?:429|rate[ -]?limit\w*|rate_limited|too many requests|throttl\w*|retry-after|quotas?|(?:requests?|calls?) (?:per|a|each|every) (?:second|minute|hour|day|month)|(?:how many|number of|our|my|the|fewer|more|less|api) (?:api )?(?:calls|requests|traffic)|api (?:usage|limits?|consumption|volume|traffic)|burst\w*|back-?off)\b/.test(
      said,
    )
  );
}

export function isAboutOAuth(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:redirect\w*|scopes?|authori[sz](?:e|es|ed|ation)|consent|grant type|refresh(?:ed|ing)?(?: request)?|refresh-tokens?|token_expired|introspection|offline_access|device code|code challenge|state parameter|public client|permission (?:page|screen)|allow\/deny|exchange of code|code already used|callback url|authorization_pending)\b|\binvalid client\b/,
    ].some((pattern) => pattern.test(said)) ||
    /\b(?:oauth\w*|redirect[ _]ur[il]s?|redirect_uri_mismatch|invalid_(?:grant|client|scope|request)|unauthorized_client|unsupported_grant_type|access_denied|authori[sz]ation (?:code|flow|server|url)|refresh[ _]tokens?|access[ _]tokens?|pkce|code_(?:verifier|challenge)|consent (?:screen|page)|client[ _](?:id|secret)|openid|oidc)\b/.test(
      said,
    )
  );
}

/** The official libraries. */
export function isAboutSdk(text: string): boolean {
  const said = plain(text);
  return (
    [
      /\b(?:deprecat\w*|client(?:\.\w+)+|wheels?|stubs|crate|async client|esm|commonjs|c#|php|perl|rust|attributeerror|importerror|typeerror|client (?:lib|v\d)|the client|generator|my ide)\b|\bloomwork(?:\.| v?\d)/,
    ].some((pattern) => pattern.test(said)) ||
    /\b(?:sdks?|client librar(?:y|ies)|librar(?:y|ies)|npm(?: install)?|pip(?: install)?|gems?|maven|gradle|nuget|composer|go get|go mod(?:ule)?s?|pypi|type definitions?|typings|typescript types|packages?|loomwork-(?:python|node|js|go|java|ruby|php|dotnet)|official client)\b/.test(
      said,
    )
  );
}

/** The customer's code gets an answer it did not want. */
export function isAboutApiError(text: string): boolean {
  const said = plain(text);
  return (
    /\b(?:bad_request|invalid_token|insufficient_scope|plan_required|not_found|version_conflict|validation_failed|rate_limited|request_id)\b/.test(said) ||
    (/\b(?:4\d\d|5\d\d)\b/.test(said) &&
      /\b(?:api|endpoints?|requests?|calls?|responses?|http|status|returns?|post|get|put|patch|delete|curl|json|token|error|code)\b/.test(said))
  );
}
