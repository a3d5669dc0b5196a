/**
 * What a customer's words are about, for the tools of the account: people and roles, notifications, security, sign-on, the audit log,
 * exports, deletion, privacy law. Same rules as topics.ts: when in doubt, no; every pattern is linear in the text.
 */
import { plain } from './reading.ts';

/** The people of the workspace, their invitations and seats. */
export function isAboutMembers(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:invit(?:e|es|ed|ing|ation|ations)|deactivat(?:e|ed|ing)|offboard\w*|onboard(?:ing)? (?:a|new|two|three|\d+) )\b/,
    /\b(?:who|which people|how many (?:people|members|users|admins|guests))\b[^.!?]{0,30}\b(?:workspace|team|account|members?|admins?|owners?|guests?|seats?|invited|access)\b/,
    /\b(?:list|show|see|remove|removing|delete|kick|add|adding|members?|users?) (?:\w+ ){0,3}(?:members?|users?|colleagues?|teammates?|admins?|guests?|people|person|employee|guy) ?(?:of|from|to|in|on|who|$|[.,!?])/,
    /\b(?:our|my|the|all|team|workspace) (?:\w+ )?(?:members|admins|guests|teammates)\b/,
    /\b(?:make|making|promote|demote|turn) (?:\w+ ){1,4}(?:an? |the |to |into )*(?:admin|administrator|owner|member|viewer|guest)\b/,
    /\b(?:left|leaves|leaving|joined|joins|joining|quit) (?:the |our |my )?(?:company|team|firm|us|organi[sz]ation)\b/,
    /\b(?:transfer|hand over|change) (?:the |our |my )?(?:workspace )?(?:ownership|owner)\b/,
    /\b(?:add|adding|remove|removing|take|kick|drop|get|bring|reactivate|suspend|swap|promote|replace) (?:\w+ ){0,5}(?:people|persons?|users?|members?|colleagues?|staff|employees?|trainees?|assistant|workers|volunteers|interns?|designers?|testers?|(?:out of|in|into|from|to|off) (?:the |our |my )?(?:workspace|team|account|organi[sz]ation))\b/,
    /\b(?:limit of members|max(?:imum)? (?:number )?of (?:members|users|admins)|members? (?:limit|list)|co-?owners?|new owner|take over the workspace|ex-?colleagues?|former (?:colleague|it guy|admin|employee)|is still listed)\b/,
    /\bseats? (?:\w+ ){0,3}(?:free|left|taken|used|open|available)\b/,
    /\b(?:free|open|unused|available|empty|taken) seats?\b|\bwho (?:has|holds|takes|uses)\b[^.!?]{0,20}\bseats?\b/,
    /\b(?:change|switch|set|give) (?:\w+(?:'s)? ){1,3}(?:role|admin rights|access level)\b/,
  ].some((pattern) => pattern.test(said));
}

/** What a role may do, and why something is not permitted. */
export function isAboutRoles(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:who|which people|who's|only|nobody|members?|guests?|viewers?|admins?|staff|team) (?:\w+ ){0,4}(?:can|may|should|allowed to|able to|must|could|does|do) (?:\w+ ){0,3}(?:see|view|edit|read|change|delete|alter|move|open|access|comment|create)\b/,
    /\b(?:edit(?:ing)?|view(?:ing)?|read|access|admin|write|full) (?:rights?|access|levels?)\b|\b(?:visibility|confidential|read-?only|padlock|greyed out|restricted)\b/,
    /\b(?:make|set|keep) (?:\w+ ){0,4}(?:private|visible|hidden)\b|\bprivate (?:tasks?|docs?)\b|\b(?:restrict|protect|lock|block|prevent)(?:ed|ing)? (?:\w+ ){1,4}(?:to|from|for|so|against)\b/,
    /\b(?:roles?|permissions?|admin rights|access rights|read[ -]only|view[ -]only|privileges?)\b/,
    /\b(?:what|which things) (?:can|may|is|are) (?:an? |the )?(?:owners?|admins?|members?|viewers?|guests?)\b/,
    /\b(?:can|may|could|are|is) (?:an? |the |our |my )?(?:owners?|admins?|members?|viewers?|guests?) (?:\w+ )?(?:see|edit|delete|change|create|invite|export|comment|do|allowed|able)\b/,
    /\bdifference\b[^.!?]{0,40}\b(?:owners?|admins?|members?|viewers?|guests?)\b/,
    /\b(?:not (?:allowed|permitted|authori[sz]ed)|permission denied|access denied|no access|don't have (?:access|permission|the right))\b/,
    /\b(?:restrict|limit|stop|prevent|keep|hide)\b[^.!?]{0,40}\b(?:seeing|editing|deleting|changing|from|see|edit|delete|access)\b/,
    /\bprivate (?:project|board|folder)s?\b/,
  ].some((pattern) => pattern.test(said));
}

/** What is told by which channel. */
export function isAboutNotifications(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:un)?mut(?:e|ed|ing)\b|\b(?:snooze|quiet (?:hours|time)|vacation mode|badge number|red dot|no push|push (?:works|for|on)|pop ups?|buzz(?:es|ing)?|beep(?:s|ing)?|ping me|tell me (?:when|as soon)|remind me)\b/,
    /\b(?:\d+|so many|all these|why|too many|weekly|daily|every|one|get|got|receive|send|stop) (?:\w+ ){0,3}(?:e-?mails|mails|summary)\b(?! (?:address|template|field))/,
    /\b(?:notif\w*|digests?|do not disturb|dnd|unsubscribe|reminders?|alerts?)\b/,
    /\b(?:mute|muting|silence|stop|too many|fewer|less|flooded|spam\w*|bombard\w*|so many|turn off|switch off)\b[^.!?]{0,40}\b(?:e-?mails?|mails?|pings?|pushe?s?|messages|mentions?)\b/,
    /\b(?:push|desktop|slack|in-app) (?:messages?|pop-?ups?|pings?|sounds?)\b/,
  ].some((pattern) => pattern.test(said));
}

/** How safe the workspace is and how to make it safer. */
export function isAboutSecurity(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:security(?! code)|(?<!3-?d )(?<!3ds? )secure(?!\d)|securely|safer|hacked|hack|breach\w*|break-?in|phish\w*|compromised|suspicious|harden\w*)\b/,
    /\b(?:2fa|mfa|two[ -](?:factor|step)|authenticator)\b/,
    /\b(?:session|idle|inactivity) (?:timeouts?|time-out|length|duration)\b|\btime ?out\b[^.!?]{0,20}\bsessions?\b|\blog (?:\w+ )?out (?:\w+ )?after\b/,
    /\b(?:ip[ -]?(?:allow|white)[ -]?lists?|allow-?list|white-?list|ip (?:address(?:es)?|range|restriction)s?)\b/,
    /\bpassword (?:policy|policies|rules?|length|requirements?|strength)\b/,
    /\b(?:(?:lost|stolen|stole|theft of) (?:my |our )?(?:\w+ )?(?:laptop|phone|tablet|computer|device)|passkeys?|hardware keys?|second (?:factor|step)|face id|brute force|takeover|vulnerability|protect(?:ion|ions|ed)?|geo-?block\w*|auto(?:matic)? log-?out)\b/,
    /\b(?:somebody|someone|anybody|stranger|hacker)\b[^.!?]{0,40}\b(?:my password|my account|broke|got in|signed in|logged in|knows)\b|\b(?:block|limit|restrict)\b[^.!?]{0,24}\b(?:log-?ins?|sign-?ins?|ips?)\b/,
    /\b(?:encrypt\w*|strange (?:log|sign)[ -]?ins?|unknown (?:device|login|sign-in))\b/,
  ].some((pattern) => pattern.test(said));
}

/** Signed-in devices. */
export function isAboutSessions(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:sessions|active session|signed[ -]in devices?|logged[ -]in devices?|devices?)\b[^.!?]{0,40}\b(?:open|active|end|see|list|show|signed|logged|unknown|revoke|kill|account|recogni[sz]e|mine)\b/,
    /\b(?:end|kill|revoke|close|list|show|see|review|check) (?:all |my |our |the |every |other |active |open )*(?:sessions?|devices?|logins?|sign-ins?)\b/,
    /\b(?:log|sign) (?:me |us |them |everyone |everybody |all )?out (?:of |from |on )?(?:everywhere|all|every|other)\b/,
    /\b(?:unknown|strange|suspicious|unrecogni[sz]ed|foreign) (?:device|login|log-in|sign-?in|session|location)s?\b/,
    /\b(?:someone|somebody|stranger|who)\b[^.!?]{0,24}\b(?:logged|signed) (?:in|into)\b/,
  ].some((pattern) => pattern.test(said));
}

/** Single sign-on and provisioning. */
export function isAboutSso(text: string): boolean {
  return /\b(?:sso|saml|scim|single[ -]sign[ -]?on|okta|entra|azure ad|onelogin|auth0|ping ?(?:identity|federate)|jumpcloud|adfs|shibboleth|cyberark|netiq|aadsts\d+|federat(?:e|ed|ion)|nameid|relaystate|sp[ -]initiated|x\.?509|provision(?:ed|ing)|active directory|identity provider|idp|metadata url|acs url|entity id)\b|\bgoogle workspace\b[^.!?]{0,30}\b(?:log|sign|login|connect)/.test(
    plain(text),
  );
}

/** Who did what, and when. */
export function isAboutAuditLog(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:logs?|trail|whodunnit|culprit|forensics?|siem)\b[^.!?]{0,40}\b(?:who|user|admin|person|export|kept|reach|entries|events?|actor|record\w*|our|filter|download)\b|\b(?:our|the|my|this|from the|admin) logs?\b/,
    /\bwho(?:ever)? (?:\w+ ){0,2}(?:opened|touched|switched|enabled|disabled|emptied|took|raised|approved|ran|shared|let|keeps|granted|un-?assigned|cancel+ed|deactivated|accessed)\b|\b(?:by whom|which (?:user|admin|person|colleague|member|one of (?:us|my|our))|whose click)\b/,
    /\b(?:all|admin|user) (?:admin |user )?(?:actions|activit(?:y|ies))\b|\bhow far back\b/,
    /\b(?:audit|activity (?:log|history|trail)|access logs?|event logs?|admin log|log of (?:all|who|what))\b/,
    /\bwho (?:\w+ )?(?:changed|deleted|removed|invited|added|created|exported|edited|renamed|archived|did|made|modified|turned|switched|moved|revoked|downloaded|logged in|signed in)\b/,
    /\bwhen (?:was|were|did)\b[^.!?]{0,40}\b(?:changed|deleted|removed|invited|created|exported|added|revoked|role|setting)\b/,
    /\bwhat (?:all |else )?(?:did|has|have) (?!(?:i|we|you|it|this|that|they|the (?:update|release|version|app|new))\b)(?:\S+ ){1,3}?(?:chang(?:e|ed)|delet(?:e|ed)|remov(?:e|ed)|edit(?:ed)?|touch(?:ed)?|modif(?:y|ied)|do|done|switch(?:ed)?|creat(?:e|ed))\b(?! (?:wrong|for|with|if|when i))/,
    /\b(?:changes|actions|activit(?:y|ies)) (?:made |done )?by \S+/,
    /\b(?:history|record) of (?:changes|admin|settings|who|what)\b/,
  ].some((pattern) => pattern.test(said));
}

/** Copies of data: exports of the account and of personal data. */
export function isAboutDataExport(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:copy|file|zip|archive|package|snapshot|bundle) of (?:\w+ ){0,4}(?:data|account|workspace|records|information|details)\b|\b(?:data|access|information) request\b/,
    /\b(?:entire|whole|full|complete) (?:account|workspace|organi[sz]ation)\b[^.!?]{0,40}\b(?:zip|archive|file|disk|copy|export)\b|\b(?:archive|export) (?:of |the |our |an |entire |whole |complete )*(?:account|workspace|organi[sz]ation)\b/,
    /\b(?:data|info(?:rmation)?|everything|records|details|what)\b[^.!?]{0,30}\b(?:about me|on me|of mine|have stored|you (?:hold|store|know|keep|process|collected) (?:about|on))\b|^my data\b/,
    /\b(?:data|account|workspace|full|complete|personal|whole) (?:\w+ )?(?:exports?|archives?|dumps?|download|back-?ups?|takeout)\b/,
    /\b(?:export|download|copy|archive|dump|extract|hand over|send me|give me|get) (?:of |me |us |to )?(?:all |everything|every |the |our |my |a copy |whole )[^.!?]{0,40}\b(?:data|account|workspace|information|hold|have|about me|about us)\b/,
    /\b(?:export|download) (?:that |i |we )?(?:\w+ )?(?:requested|asked|ordered|started|ready|status|link)\b|\b(?:status|link) of (?:my|our|the) (?:\w+ )?(?:export|download)\b/,
    /\b(?:right (?:of|to) (?:access|portability)|data portability|subject access|sar|dsar|article (?:15|20))\b/,
  ].some((pattern) => pattern.test(said));
}

/** The end of the account, or calling that back. */
export function isAboutDeletion(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:delet(?:e|es|ed|ing|ion)|eras(?:e|ed|ing|ure)|remove|kill|drop|vanish|nuke|shut down|take|vanish|disappear|gone|unregister)\b[^.!?]{0,40}\b(?:account|workspace|for good|forever|for ever|permanently|from your (?:system|servers?|databases?)|trace|all my|my stuff)\b/,
    /\b(?:accounts?|workspace|data|profile)\b[^.!?]{0,30}\b(?:delet(?:e|ed|ing|ion)|eras(?:e|ed|ure)|gone|wiped|destroyed|vanish|disappear|go away)\b|^(?:erase|forget|delete) me\b|\bgrace period\b/,
    /\b(?:delet(?:e|es|ed|ing|ion)|eras(?:e|ed|ing|ure)|close|closing|terminate|wipe|remove|get rid of|destroy|purge)\b[^.!?]{0,30}\b(?:accounts?|workspaces?|profile|organi[sz]ation|personal data|my data|our data|all data|everything)\b/,
    /\b(?:account|workspace|data) (?:deletion|erasure|removal|closure)\b|\bright to (?:be forgotten|erasure)\b/,
    /\b(?:pending|scheduled|cancel|stop|undo|revert|reverse) (?:\w+ )?deletion\b|\bdeletion request\b/,
  ].some((pattern) => pattern.test(said));
}

/** Privacy law, certificates, contracts about data. */
export function isAboutCompliance(text: string): boolean {
  return /\b(?:gdpr|dsgvo|rgpd|ccpa|cpra|hipaa|baa|soc ?2|soc ii|iso[ -]?27001|dpa|avv|dpo|dpia|data processing|ferpa|coppa|fedramp|pci|hitrust|nis ?2|tisax|data cent(?:re|er)s?|where (?:is|are) (?:our|my|the) data|legal basis|standard contractual|retention|certificates?|certified|audit(?:or|ors)?|personal data|consent|sub-?processors?|data residency|data protection|compliance|compliant|questionnaire|rectif\w*|(?:right to )?object(?:ion)? to|processing of my|privacy (?:law|request|officer|team))\b/.test(
    plain(text),
  );
}

/** The own profile and the company's. */
export function isAboutProfile(text: string): boolean {
  return /\b(?:profile|avatar|(?:change|replace|update|correct|fix|enter|edit|new|different|set|upload(?:ed)?) (?:\w+ ){0,3}(?:photo|picture|logo|mobile number|phone no|phone|title|location|bio|nickname|workspace url|personal (?:details|settings))|24h clock|am\/pm|menus in|interface (?:to|in)|first day of week|week should start|dates? like|(?:how|where) (?:\w+ ){0,4}change (?:\w+ )?name|middle name|maiden name|surname|nickname|job title|week (?:begins|starts)|rename (?:the |our |my )?(?:workspace|company|organi[sz]ation)|name of (?:our|the|my) (?:company|organi[sz]ation|workspace|firm)|(?:my|our|company|display|full|last|first|user) ?(?:name|e-?mail|address|avatar|photo|picture|logo)|time ?zones?|languages?|job title|(?:date|time|number) format|phone number|(?:new|change|update|correct|different) (?:\w+ )?e-?mail)\b/.test(
    plain(text),
  );
}
